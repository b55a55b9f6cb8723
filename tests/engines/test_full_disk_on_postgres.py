"""A PostgreSQL server that has no more room: what is published stays, and a build says what to do."""

from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from tests.engines.servers import postgres_server
from tests.full_disk import NEXT

pytestmark = pytest.mark.slow

LARGEST = 20 << 20  # bytes; a piece of the server's log takes 16 MiB
RECORDS = """
INSERT INTO raw.otel_logs (id, timestamp, body, event_name, service_name, attributes)
SELECT i, '2026-11-01', 'claude_code.user_prompt', 'user_prompt', 'claude-code',
       json_build_object('event.name', 'user_prompt', 'session.id', 's' || i, 'user.email', 'a@example.com')
FROM generate_series({}, {}) AS i
"""


@pytest.fixture(scope="module")
def server():
    """A server of this module's own."""
    with postgres_server() as server:
        yield server


@contextmanager
def no_room(server):
    """The server's files cannot grow beyond `LARGEST`."""
    server.stop()
    before, server.as_user = server.as_user, [*server.as_user, "prlimit", f"--fsize={LARGEST}", "--"]
    server.start()
    yield
    server.stop()
    server.as_user = before
    server.start()


def test_a_build_that_does_not_fit_leaves_what_was_published(server, tmp_path, monkeypatch):
    def build(expect=0):
        result = CliRunner().invoke(cli, ["build", "--as-of", "2026-11-02", "--target", url])
        assert result.exit_code == expect, result.output
        return result.stderr

    def published():
        with connect(url, read_only=True) as engine:
            return engine.fetch("SELECT count(*) FROM staging.stg_log_events")

    monkeypatch.chdir(tmp_path)
    url = server.url()
    with connect(url) as engine:
        make_missing_raw_tables(engine)
        engine.execute(RECORDS.format(1, 10))
        build()
        engine.execute(RECORDS.format(11, 100_000))
        engine.execute("CHECKPOINT")
    with no_room(server):
        said = build(expect=1)
        assert published() == [(10,)]
    for part in ("The disk of the PostgreSQL server is full", "Nothing was published", NEXT):
        assert part in said
    build()
    assert published() == [(100_000,)]
