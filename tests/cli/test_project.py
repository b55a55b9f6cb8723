"""`init` and `debug`."""

import datetime as dt
import json

import duckdb
import pytest

from pipeline.config import Config, load_config


def raw_tables(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw' ORDER BY 1"
        ).fetchall()
    return [name for (name,) in rows]


RAW = [
    *(
        "billing",
        "copilot_metrics",
        "copilot_seats",
        "git_commits",
        "git_survival",
        "otel_logs",
        "otel_metrics",
        "otel_spans",
    ),
    *("pull_request_commits", "pull_requests"),
]


def test_init_writes_a_configuration_of_defaults_and_makes_the_raw_tables(run, folder):
    run("init")

    assert load_config(folder) == Config(project_dir=folder)
    assert raw_tables(folder / "agent_analytics.duckdb") == RAW


def test_every_key_of_the_written_configuration_is_right_once_uncommented(run, folder):
    run("init")
    file = folder / "aa-pipeline.toml"
    lines = [line for line in file.read_text().splitlines() if " = " in line or line[2:3] == "["]

    file.write_text(
        "\n".join(line.removeprefix("# ") for line in lines if "://ada:${DB" not in line or "prod" in line)
    )

    assert load_config(folder).targets.keys() == {"dev", "prod"}


def test_init_twice_changes_nothing(run, folder):
    run("init")
    (folder / "aa-pipeline.toml").write_text("timezone = 'Europe/Berlin'")
    with duckdb.connect("agent_analytics.duckdb") as connection:
        connection.execute("INSERT INTO raw.git_commits (id, commit_hash) VALUES (1, 'abc')")

    output = run("init").output

    assert (folder / "aa-pipeline.toml").read_text() == "timezone = 'Europe/Berlin'"
    assert "stays as it is" in output
    with duckdb.connect("agent_analytics.duckdb") as connection:
        assert connection.execute("SELECT count(*) FROM raw.git_commits").fetchall() == [(1,)]


def test_init_adds_the_raw_tables_that_a_database_lacks(run, folder):
    with duckdb.connect("mine.duckdb") as connection:
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.git_commits (commit_hash VARCHAR)")

    output = run("init -t mine.duckdb").output

    assert (
        "Made raw.otel_metrics, raw.otel_logs, raw.otel_spans, raw.git_survival, raw.copilot_metrics,"
        " raw.copilot_seats, raw.billing, raw.pull_requests, raw.pull_request_commits in mine" in output
    )
    assert raw_tables(folder / "mine.duckdb") == RAW


def test_debug_shows_the_prices_age_the_connection_and_the_raw_tables(run, folder):
    run("init")

    document = json.loads(run("debug --format json").stdout)

    assert document["connection"] == "ok"
    assert document["tables"][0] == {"table": "raw.otel_metrics", "rows": 0, "state": "ok"}
    assert document["versions"]["duckdb"]
    assert document["prices"]["source"].startswith("genai-prices ")
    newest = dt.date.fromisoformat(document["prices"]["newest price"])
    assert newest + dt.timedelta(days=document["prices"]["days old"]) == dt.datetime.now(dt.UTC).date()
    assert document["prices"]["your own"] == f"none ({folder}/seeds/model_prices.csv would be read)"
    assert "All checks passed." in run("debug").output


def test_debug_without_a_database_says_so_and_makes_none(run, folder):
    result = run("debug", expect=2)

    assert "There is no database at agent_analytics.duckdb" in result.stderr
    assert list(folder.glob("*.duckdb")) == []


@pytest.mark.parametrize("command", ["debug", "init", "ingest git ."])
def test_a_file_that_is_no_database_is_one_paragraph(run, folder, command):
    (folder / "x.duckdb").write_text("this is no database, " * 1000)

    result = run(f"{command} -t x.duckdb", expect=2)

    assert result.stderr.startswith("Error: Cannot open x.duckdb")
    assert result.stderr.count("\n") == 1


def test_clean_removes_the_compiled_plans(run_shop, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plans = tmp_path / "cache" / "aa-pipeline" / "plans"
    plans.mkdir(parents=True)
    (plans / "0-1-2.json").touch()

    assert run_shop("clean").stdout == "Removed 1 compiled plan.\n"
    assert list(plans.iterdir()) == []


def test_clean_leaves_folders_that_are_not_ours(run, folder):
    for name in ("site", "dashboard"):
        (folder / name).mkdir()
        (folder / name / "index.html").write_text("<title>my own</title>")

    run("clean")

    assert (folder / "site" / "index.html").exists()
    assert (folder / "dashboard" / "index.html").exists()
