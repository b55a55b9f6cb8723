"""Homes of agents in their documented layout, and what lands of them."""

import json

import pytest

from pipeline.engines import connect
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from tests.agents.homes import move_homes


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home of a user whose git knows them as me@example.com."""
    home = tmp_path / "home"
    home.mkdir()
    move_homes(home, monkeypatch)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    (home / ".gitconfig").write_text("[user]\n\temail = Me@Example.com\n")
    return home


@pytest.fixture
def ingest(engine, home):
    """Ingest paths; gives the result."""

    def ingest(*paths, **options):
        result = ingest_transcripts(engine, paths, **options)
        assert result.rows_in == result.landed + result.duplicates + result.quarantined
        return result

    return ingest


@pytest.fixture
def read_again(engine, ingest):
    """Ingest paths whose files count as unread; gives the result."""

    def read_again(*paths, **options):
        engine.execute("DELETE FROM meta.transcript_files")
        return ingest(*paths, **options)

    return read_again


@pytest.fixture
def landed(engine):
    """What is in raw.otel_logs: event name and attributes but the project, in order of time."""

    def landed():
        rows = engine.fetch("SELECT event_name, attributes FROM raw.otel_logs ORDER BY timestamp, id")
        found = [(name, json.loads(attributes)) for name, attributes in rows]
        for _, attributes in found:
            attributes.pop("project_id", None)
        return found

    return landed


def write_lines(path, *lines):
    """Write objects, or text as it is, one per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path
