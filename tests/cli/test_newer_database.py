"""What a newer release wrote is not written to: every command that would stops before it does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.engines import meta
from tests.cli.conftest import SALES
from tests.cli.database import query

DATABASE = Path("agent_analytics.duckdb")
REFUSED = (
    "Error: duckdb://agent_analytics.duckdb is kept by a newer release of aa-pipeline: its run metadata has"
    f" version {meta.VERSION + 1}, this release knows {meta.VERSION}. Nothing was written."
    " Upgrade with `pip install --upgrade aa-pipeline`, or use another target.\n"
)


@pytest.fixture
def newer(run_shop, shop, folder):
    """The shop's database as a newer release would have left it, and inputs for every ingest."""
    run_shop("build")
    query(f"UPDATE meta.version SET version = {meta.VERSION + 1}")
    query("DROP TABLE meta.quarantine")  # what `ensure` would make anew
    (folder / "a.jsonl").write_text('{"resourceLogs": []}')
    subprocess.run(["git", "init", "-q", "repository"], check=True)


@pytest.mark.parametrize(
    "words",
    [
        *("build", "build --full-refresh", "run", "seed", "test", "test --store-failures", "init"),
        *("ingest otlp a.jsonl", "ingest copilot a.jsonl", "ingest transcripts a.jsonl"),
        *("ingest git repository", "copy --from other.duckdb --to agent_analytics.duckdb"),
        "ingest otlp --listen 127.0.0.1:0",
    ],
)
def test_a_newer_database_is_refused_before_anything_is_written(run_shop, newer, words):
    query(SALES, "other.duckdb")
    before = DATABASE.read_bytes()

    result = run_shop(words, expect=2)

    assert result.stderr == REFUSED
    assert DATABASE.read_bytes() == before


def test_a_newer_database_can_be_read(run_shop, newer):
    assert json.loads(run_shop("show fct_product_sales --format json").stdout)
    assert "fct_product_sales" in run_shop("report").stdout


def test_a_listener_starts_while_the_database_is_held(newer):
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    program = [sys.executable, "-uc", "from pipeline.cli import cli; cli()"]
    listen = [*program, "ingest", "otlp", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(DATABASE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with subprocess.Popen(listen, stdout=subprocess.PIPE) as listener:
            assert listener.stdout.readline().startswith(b"Listening on ")
            listener.terminate()
        holder.stdin.close()
