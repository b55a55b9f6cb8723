"""`ingest`: what came in, what became of it, and one paragraph for what cannot be read."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from pipeline.agents import AGENTS, readers
from tests.agents.homes import move_homes
from tests.cli.database import query

pytestmark = pytest.mark.slow


def log_line(prompt="secret words"):
    """A batch as the Collector's file exporter writes it: one request and one prompt."""

    def record(name, **attributes):
        return {
            "timeUnixNano": "1762000000000000000",
            "body": {"stringValue": name},
            "attributes": [
                {"key": key.replace("__", "."), "value": {"stringValue": str(value)}}
                for key, value in attributes.items()
            ],
        }

    records = [
        record("claude_code.api_request", event__name="api_request", session__id="s1", model="m"),
        record("claude_code.user_prompt", event__name="user_prompt", session__id="s1", prompt=prompt),
    ]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})


def git(folder, *words):
    subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_telemetry_lands_once_without_its_content(run, folder):
    (folder / "a.jsonl").write_text(log_line() + "\n")
    (folder / "b.jsonl").write_text(log_line() + "\n")

    first = run("ingest otlp a.jsonl")
    second = run("ingest otlp b.jsonl")
    third = run("ingest otlp b.jsonl")

    assert first.stdout == (
        "raw.otel_logs: 2 new rows\n2 records in = 2 landed + 0 duplicates + 0 quarantined\n"
    )
    assert "Left out, because they hold content: prompt." in first.stderr
    assert second.stdout == "2 records in = 0 landed + 2 duplicates + 0 quarantined\n"
    assert third.stdout == (
        "Nothing new: it was read before, or holds no records for these tables.\n"
        "0 records in = 0 landed + 0 duplicates + 0 quarantined\n"
    )
    assert query("SELECT count(*) FROM raw.otel_logs WHERE attributes::TEXT LIKE '%secret%'") == [(0,)]


def test_content_lands_where_it_is_asked_for_by_name(run, folder):
    (folder / "a.jsonl").write_text(log_line() + "\n")

    run("ingest otlp a.jsonl --include prompt")

    assert query("SELECT count(*) FROM raw.otel_logs WHERE attributes::TEXT LIKE '%secret%'") == [(1,)]


def test_a_bad_line_is_named_and_the_rest_lands(run, folder):
    (folder / "a.jsonl").write_text("\x1b[31mnonsense\n" + log_line() + "\n")

    result = run("ingest otlp a.jsonl")

    assert "a.jsonl, line 1: " in result.stderr
    assert "1 record put aside: `aa-pipeline show meta.quarantine` lists them." in result.stderr
    (shown,) = json.loads(run("show meta.quarantine --format json").stdout)
    assert (shown["file"], shown["line"]) == ("a.jsonl", 1)
    assert "\x1b" not in result.output
    assert result.stdout.endswith("3 records in = 2 landed + 0 duplicates + 1 quarantined\n")


def test_what_is_named_was_put_aside_now_though_the_clock_has_gone_back(run, folder):
    (folder / "a.jsonl").write_text("nonsense\n" + log_line() + "\n")
    (folder / "b.jsonl").write_text("nonsense\n" + log_line("other") + "\n")
    run("ingest otlp a.jsonl")
    for table, column in (("quarantine", "created_at"), ("ingests", "started_at")):
        query(f"UPDATE meta.{table} SET {column} = {column} + INTERVAL 1 DAY")

    result = run("ingest otlp b.jsonl")

    assert "b.jsonl, line 1: " in result.stderr
    assert "a.jsonl" not in result.stderr
    shown = json.loads(run("show meta.quarantine --format json").stdout)
    assert [row["file"] for row in shown] == ["b.jsonl", "a.jsonl"]


def test_where_everything_is_put_aside_nothing_landed_and_it_fails(run, folder):
    (folder / "a.jsonl").write_text(log_line().replace("1762000000000000000", "9999999999999999999") + "\n")

    result = run("ingest otlp a.jsonl", expect=1)

    assert result.stdout.endswith("2 records in = 0 landed + 0 duplicates + 2 quarantined\n")
    assert "Nothing landed: all that was read was put aside" in result.stderr
    assert query("SELECT count(*) FROM meta.quarantine") == [(2,)]


def test_usage_that_nobody_understands_is_told_when_it_lands_and_by_every_build(run, folder):
    run("init")
    renamed = log_line().replace("claude_code.user_prompt", "claude_code.call").replace("user_prompt", "call")
    (folder / "a.jsonl").write_text(
        renamed.replace('"prompt"', '"input_tokens"').replace("secret words", "5")
    )

    result = run("ingest otlp a.jsonl")

    assert result.stdout.endswith("+ 0 quarantined; 1 record with usage not counted\n")
    assert "1 record of claude_code of kind claude_code.call carries usage" in result.stderr
    told = "Usage of claude_code in claude_code.call is not counted, since it is not understood: 1 so far"
    assert told in run("build").stderr


def test_commits_land_once(run, folder):
    git(folder, "init", "-q", "app")
    git(folder / "app", "commit", "-q", "--allow-empty", "-m", "one")

    assert run("ingest git app").stdout.endswith("1 record in = 1 landed + 0 duplicates + 0 quarantined\n")
    assert run("ingest git app").stdout == "1 record in = 0 landed + 1 duplicates + 0 quarantined\n"


@pytest.fixture
def home(folder, monkeypatch):
    """A home with one session of Claude Code, where only Hermes' folder has been moved."""
    move_homes(folder / "home", monkeypatch)
    monkeypatch.setenv("HERMES_HOME", str(folder / "moved"))
    session = folder / "home" / ".claude" / "projects" / "p" / "s.jsonl"
    session.parent.mkdir(parents=True)
    session.write_text(json.dumps({"type": "user", "sessionId": "s", "uuid": "u", "message": {}}) + "\n")
    (session.parent / "notes.json").write_text("{}")
    return folder / "home"


def test_every_agent_with_a_reader_is_listed_with_where_it_is_looked_for_and_what_is_there(run, home, folder):
    listed = json.loads(run("ingest transcripts --list --format json").stdout)

    agents = {agent["agent"]: agent for agent in listed}
    assert list(agents) == list(readers())
    assert agents["claude_code"]["places"][:2] == [
        {
            "path": str(home / ".config" / "claude" / "projects"),
            "variables": ["XDG_CONFIG_HOME"],
            "files": 0,
        },
        {"path": str(home / ".claude" / "projects"), "variables": ["CLAUDE_CONFIG_DIR"], "files": 1},
    ]
    assert {agent["agent"] for agent in listed if agent["files"]} == {"claude_code"}
    assert [place["path"] for place in agents["hermes"]["places"]] == [
        str(folder / "moved" / "state.db"),
        str(folder / "moved" / "profiles" / "*" / "state.db"),
    ]
    # Two variables may move the same folder.
    moving = {place["path"]: place["variables"] for place in agents["pi"]["places"]}
    assert moving[str(home / ".pi" / "agent" / "sessions")] == [
        "PI_CODING_AGENT_DIR",
        "PI_CODING_AGENT_SESSION_DIR",
    ]
    assert agents["cursor"]["places"] == []
    for agent in listed:
        assert agent["evidence"].keys() == {"source", "version", "checked", "repeats", "undercount"}
        assert agent["evidence"]["source"]
        assert agent["evidence"]["checked"]


def test_the_list_is_a_table_with_its_evidence_and_needs_no_database(run, home, folder):
    lines = run("ingest transcripts --list").stdout.splitlines()

    (found,) = [line.split() for line in lines if "CLAUDE_CONFIG_DIR" in line]
    assert found == ["Claude", "Code", "1", "CLAUDE_CONFIG_DIR", str(home / ".claude" / "projects")]
    (nothing,) = [line.split() for line in lines if line.endswith("/.grok/sessions")]
    assert nothing == ["Grok", "CLI", "nothing", "GROK_HOME", str(home / ".grok" / "sessions")]
    assert any(line.startswith("Cursor ") and line.endswith("files that you name") for line in lines)
    for agent in readers():
        (known,) = [evidence for evidence in AGENTS[agent].evidence if evidence.what == "transcripts"]
        assert f"  Known from: {known.source}" in lines
    assert not list(folder.glob("*.duckdb"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ingest otlp nowhere.jsonl", "there is no such file or folder"),
        ("ingest otlp binary", "holds no logs, metrics or traces"),
        ("ingest otlp empty", "is empty"),
        ("ingest git nowhere", "There is nothing at nowhere"),
        ("ingest copilot nowhere", "there is no such file or folder"),
        ("ingest transcripts nowhere", "There is nothing at nowhere"),
        ("ingest transcripts binary", "holds no transcript that we know"),
    ],
)
def test_what_cannot_be_read_is_one_paragraph_and_exit_1(run, folder, words, message):
    (folder / "binary").write_bytes(bytes(range(256)) * 10)
    (folder / "empty").touch()

    result = run(words, expect=1)

    assert message in result.stderr
    assert result.stderr.count("Error: ") == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words",
    [
        "ingest otlp",
        "ingest otlp a.jsonl --listen 127.0.0.1:0",
        "ingest otlp --listen 0.0.0.0:4318",
        "ingest otlp --listen nonsense:port",
        "ingest git app --branch a --all-branches",
        "ingest otlp a.jsonl --include promt",
        "ingest transcripts --list a.jsonl",
        "ingest transcripts --list --developer ada@example.com",
        "ingest transcripts --format json",
    ],
)
def test_what_cannot_be_understood_is_exit_2(run, folder, words):
    run(words, expect=2)


def test_telemetry_is_received_until_an_interrupt(folder, interrupts):
    program = "from pipeline.cli import cli; cli()"
    words = ["ingest", "otlp", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program, *words], stdout=subprocess.PIPE, text=True
    ) as receiver:
        url = receiver.stdout.readline().split()[2].rstrip(".")
        request = urllib.request.Request(
            f"{url}/v1/logs",
            data=log_line().encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200
        receiver.send_signal(signal.SIGINT)
        output = receiver.stdout.read()

    assert receiver.returncode == 0
    assert output.endswith("2 records in = 2 landed + 0 duplicates + 0 quarantined\n")
    assert query("SELECT count(*) FROM raw.otel_logs") == [(2,)]


@pytest.mark.parametrize("words", [["otlp", "a.jsonl"], ["git", "."]], ids=["otlp", "git"])
def test_telemetry_and_commits_land_without_numpy_and_pandas(run, folder, words):
    run("init")
    (folder / "a.jsonl").write_text(log_line() + "\n")
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    program = (
        "import atexit, sys; atexit.register(lambda: print({'numpy', 'pandas'} & sys.modules.keys()));"
        "from pipeline.cli import main; main()"
    )
    output = subprocess.run(
        [sys.executable, "-c", program, "ingest", *words], capture_output=True, text=True, check=True
    ).stdout
    assert "0 quarantined" in output
    assert output.endswith("set()\n")


def test_parquet_files_of_a_collectors_tables_land(run):
    import duckdb

    duckdb.sql(
        "SELECT TIMESTAMP '2026-11-20 10:00:00' AS Timestamp, 'claude-code' AS ServiceName,"
        " 'claude_code.api_request' AS Body, MAP {'session.id': 's1'} AS LogAttributes"
    ).write_parquet("logs.parquet")
    assert "1 record in = 1 landed + 0 duplicates" in run("ingest parquet logs.parquet").stdout
    assert query("SELECT body FROM raw.otel_logs") == [("claude_code.api_request",)]


def test_clickhouse_that_is_not_there_is_one_paragraph_without_the_password(run):
    output = run("ingest clickhouse http://ada:s3cret@127.0.0.1:9/otel", expect=1).output
    assert output.startswith("Error: http://127.0.0.1:9/otel cannot be read: ")
    assert "s3cret" not in output
