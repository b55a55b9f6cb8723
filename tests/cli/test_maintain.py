import datetime as dt

import pytest

from tests.cli.database import query

pytestmark = pytest.mark.slow


@pytest.fixture
def old_rows(run, folder):
    """A hundred thousand log records of a year ago, and one of today."""
    run("init")
    query(
        "INSERT INTO raw.otel_logs (id, timestamp, attributes) SELECT range, now() - INTERVAL 1 YEAR,"
        " json_object('secret', hash(range)) FROM range(100_000);"
        " INSERT INTO raw.otel_logs (id, timestamp, attributes) VALUES (100_000, now(), '{}')"
    )
    (folder / "aa-pipeline.toml").write_text("retention.otel_logs = 30")


def test_maintain_says_what_it_freed(run, folder, old_rows):
    file = folder / "agent_analytics.duckdb"
    before = file.stat().st_size
    dry = run("maintain --dry-run").output
    assert [line.split() for line in dry.splitlines()] == [
        ["table", "rows", "that", "would", "go"],
        ["raw.otel_logs", "100,000"],
        ["Nothing", "was", "changed."],
    ]
    assert query("SELECT count(*) FROM raw.otel_logs") == [(100_001,)]
    assert query("SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'meta'") == [(0,)]
    output = run("maintain").output
    after = file.stat().st_size
    assert after < before
    assert f"took {before:,} bytes and takes {after:,}." in output
    assert "Published tables still count the raw rows that went" in output
    assert [line.split()[:2] for line in output.splitlines() if line.startswith("raw.otel_logs")] == [
        ["raw.otel_logs", "100,000"]
    ]
    assert query("SELECT id FROM raw.otel_logs") == [(100_000,)]
    assert "raw.otel_logs" not in run("maintain").output


def test_maintain_removes_nothing_that_the_configuration_does_not_name(run, folder, old_rows):
    (folder / "aa-pipeline.toml").write_text("")
    assert "raw" not in run("maintain").output
    assert query("SELECT count(*) FROM raw.otel_logs") == [(100_001,)]


def test_a_build_removes_nothing(run, old_rows):
    run("build", "--as-of", dt.date.today().isoformat())
    assert query("SELECT count(*) FROM raw.otel_logs") == [(100_001,)]


def test_maintain_needs_a_database(run, folder):
    assert "There is no database" in run("maintain", expect=2).output
