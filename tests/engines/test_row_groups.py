"""Columns that are added to tables of DuckDB files which another program filled, with larger row groups."""

import signal
import subprocess
import sys

import duckdb
import pytest

from pipeline.engines import connect, meta
from pipeline.engines.raw_tables import complete_raw_tables
from pipeline.ingest.landing.landing import Landing

# Below, at and above the size of our row groups, and of DuckDB's own; an ingest with 41,310 rows once failed.
ROWS = [1, 30_000, 41_310, 122_880, 200_000]

COMMITS = """
CREATE SCHEMA raw;
CREATE TABLE raw.git_commits AS
SELECT range + 1 AS id, 'c' || range AS commit_hash, TIMESTAMP '2026-01-01' AS commit_timestamp,
    CAST(NULL AS TIMESTAMP) AS created_at
FROM range({rows})
"""
COMMIT = {"commit_hash": "new", "commit_timestamp": "2026-01-02"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.duckdb"


def fill(path, sql):
    with duckdb.connect(path) as connection:
        connection.execute(sql)


def commits(path):
    """The number of rows, the last id and its key, as another program reads the file."""
    with duckdb.connect(path, read_only=True) as connection:
        query = "SELECT count(*), max(id), max_by(commit_hash, id), count(notes) FROM raw.git_commits"
        return connection.execute(query).fetchone()


def land(path, *records):
    with connect(f"duckdb://{path}") as engine:
        with Landing(engine, "git", ["here"]) as landing:
            landing.land("git_commits", records)
        return landing.result.landed


@pytest.mark.parametrize("rows", ROWS)
def test_an_ingest_completes_a_raw_table_and_lands_in_it(path, rows):
    fill(path, COMMITS.format(rows=rows))
    assert land(path, COMMIT) == 1
    assert land(path, COMMIT, COMMIT | {"commit_hash": "newer"}) == 1
    assert commits(path) == (rows + 2, rows + 2, "newer", 0)


@pytest.mark.parametrize("rows", ROWS)
def test_run_metadata_is_completed_and_appended_to(path, rows):
    fill(
        path,
        "CREATE SCHEMA meta; CREATE TABLE meta.ingests AS"
        " SELECT 'i' || range AS ingest_id, to_timestamp(range) AS started_at"
        f" FROM range({rows}); CREATE TABLE meta.quarantine AS"
        f" SELECT 'i' AS ingest_id, 'otlp' AS source, 'f' || range AS file FROM range({rows})",
    )
    with connect(f"duckdb://{path}") as engine, Landing(engine, "otlp", ["here"]) as landing:
        landing.quarantine("a.json", 1, "no JSON")
    with connect(f"duckdb://{path}") as engine:
        assert engine.fetch("SELECT count(*), max(ingest_number) FROM meta.ingests") == [(rows + 1, rows + 1)]
        assert engine.fetch("SELECT count(*), count(reason) FROM meta.quarantine") == [(rows + 1, 1)]
        last = "SELECT max_by(ingest_id, ingest_number) FROM meta.ingests"
        assert engine.fetch(last) == [(landing.ingest_id,)]
        earlier = "SELECT ingest_id FROM meta.ingests WHERE ingest_number = ?"
        assert engine.fetch(earlier, [rows]) == [(f"i{rows - 1}",)]


def killed(path, *statements, attach):
    """What a process did to the file before it was killed stands in the log beside it."""
    program = f"""
import duckdb, os, signal
connection = duckdb.connect()
connection.execute("ATTACH '{path}' AS a ({attach}); USE a")
for statement in {statements!r}:
    connection.execute(statement)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGKILL
    assert path.with_name(f"{path.name}.wal").stat().st_size


ADD = "ALTER TABLE raw.git_commits ADD COLUMN notes VARCHAR"
INSERT = "INSERT INTO raw.git_commits (id, commit_hash) VALUES (50000, 'theirs')"


@pytest.mark.parametrize("rows", [1, 41_310])
def test_an_ingest_that_was_killed_when_it_had_added_a_column_is_repeated(path, rows):
    fill(path, COMMITS.format(rows=rows))
    killed(path, ADD, attach="ROW_GROUP_SIZE 30720")
    assert land(path, COMMIT) == 1
    assert commits(path) == (rows + 1, rows + 1, "new", 0)


def test_what_another_program_did_before_it_was_killed_is_kept(path):
    fill(path, COMMITS.format(rows=41_310))
    killed(path, ADD, INSERT, attach="TYPE duckdb")
    assert land(path, COMMIT) == 1
    assert commits(path) == (41_312, 50_001, "new", 0)


def test_a_log_of_somebody_in_this_process_who_writes_is_left_to_him(path):
    fill(path, COMMITS.format(rows=1))
    with connect(f"duckdb://{path}") as writer:
        writer.execute("INSERT INTO raw.git_commits (id) VALUES (2)")
        assert path.with_name(f"{path.name}.wal").exists()
        with connect(f"duckdb://{path}") as other:
            assert other.fetch("SELECT count(*) FROM raw.git_commits") == [(2,)]


def test_only_tables_get_columns_and_only_those_that_an_ingest_lands_in(path):
    fill(path, COMMITS.format(rows=1))
    fill(path, "CREATE TABLE raw.otel_logs (id BIGINT)")
    fill(path, "CREATE VIEW raw.otel_metrics AS SELECT 1 AS id")
    with connect(f"duckdb://{path}") as engine:
        meta.ensure(engine)
        complete_raw_tables(engine, ["git_commits", "otel_metrics", "otel_spans"])
        shapes = engine.shapes("raw")
    assert "notes" in shapes["git_commits"]
    assert (list(shapes["otel_logs"]), list(shapes["otel_metrics"])) == (["id"], ["id"])
