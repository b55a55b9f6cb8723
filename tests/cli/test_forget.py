"""`forget PERSON`: nobody finds them any more, whatever is counted stays, and nothing brings them back."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.system.pseudonyms import KEY_VARIABLE
from tests.cli.database import query
from tests.cli.forgetting import (
    ADA,
    BOB,
    KEY,
    TRACES,
    Company,
    report,
    sums,
    telemetry,
    traces_in_file,
)
from tests.ingest.github.test_github import listed

pytestmark = pytest.mark.slow

FILE = "agent_analytics.duckdb"


def invoke(*words, expect=0):
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == expect, result.output
    return result


@pytest.fixture(scope="module")
def built(tmp_path_factory, cache):
    """Everything taken in and built; tests work on copies."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("AA_PIPELINE_TARGET", raising=False)
        patch.setenv("XDG_CACHE_HOME", str(cache))
        company = Company(folder, invoke)
        company.ingest()
        company.build()
    return folder


@pytest.fixture
def company(built, folder, monkeypatch):
    shutil.copytree(built, folder, dirs_exist_ok=True)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return Company(folder, invoke)


@pytest.fixture
def forgotten(company):
    company.run("forget", ADA, "--yes")
    return company


def stand_ins():
    return query(
        "SELECT DISTINCT developer_id FROM mart.dim_developers WHERE developer_id LIKE 'forgotten-%'"
    )


def test_nobody_finds_them_and_sums_stay(company, folder):
    before = sums(query)
    assert traces_in_file()
    output = company.run("forget", ADA, "--yes").output
    assert traces_in_file() == []
    assert sums(query) == before
    ((stand_in,),) = stand_ins()
    assert stand_in.endswith("@example.com")  # who was internal stays so
    assert f"Their sums stay, as {stand_in}." in output
    assert query("SELECT count(*) FROM mart.dim_developers WHERE developer_id = 'bob@example.com'") == [(1,)]
    assert query("SELECT DISTINCT developer_id FROM raw.copilot_metrics ORDER BY 1") == [
        ("bob-b",),
        (stand_in,),
    ]
    assert query("SELECT author_name, author_email, commit_message FROM raw.git_commits ORDER BY id") == [
        ("Bob Brown", BOB, f"Pair\n\nCo-authored-by: {stand_in.partition('@')[0]}"),
        (stand_in.partition("@")[0], stand_in, None),
        (stand_in.partition("@")[0], stand_in, "Co-authored-by: Claude <noreply@anthropic.com>"),
    ]
    assert query("SELECT excerpt, count(*) FROM meta.quarantine GROUP BY 1") == [(None, 1)]
    company.build()
    assert sums(query) == before


def test_no_byte_of_them_is_left_in_the_file(company, folder):
    company.run("forget", ADA, "--yes")
    files = sorted(folder.glob(f"{FILE}*"))
    assert [file.name for file in files] == [FILE]  # no log beside it, no copy
    content = (folder / FILE).read_bytes().lower()
    assert [trace for trace in TRACES if trace.encode() in content] == []


def test_every_ingest_is_repeated_and_nothing_lands(forgotten):
    query("DELETE FROM meta.ingest_files")  # the watermark of OTLP files
    before = sums(query)
    landed = [line.partition(" = ")[2].partition(" ")[0] for line in forgotten.ingest()]
    assert landed == ["0", "0", "0", "0"]
    forgotten.build("--full-refresh")
    assert sums(query) == before
    assert traces_in_file() == []


def test_a_request_of_another_in_their_repository_names_them_no_more(company):
    request = listed(url="https://github.com/ada-l/app/pull/7", headRefName="ada-l/topic", body="")
    company.write("pulls.json", request | {"author": {"login": "bob-b"}})
    words = ("ingest", "github", str(company.home / "pulls.json"))
    company.run(*words)
    company.run("forget", ADA, "--yes")
    assert traces_in_file() == []
    assert query("SELECT developer_id, project_id LIKE '%/app' FROM raw.pull_requests") == [("bob-b", True)]
    assert " 0 landed " in company.run(*words).output
    assert traces_in_file() == []


def test_whatever_comes_later_lands_without_them(forgotten):
    before, who = sums(query), stand_ins()
    forgotten.write("telemetry.jsonl", *telemetry(ADA, "s-ada-2", 5))
    forgotten.commit("Ada Lovelace", "7+ada-l@users.noreply.github.com", "her secret", 8)
    forgotten.write("report.ndjson", report("Ada-L") | {"day": "2026-01-03"})
    landed = [line.partition(" = ")[2].partition(" ")[0] for line in forgotten.ingest()]
    assert landed == ["4", "1", "1", "0"]
    forgotten.build()
    assert traces_in_file() == []
    assert stand_ins() == who
    after = sums(query)
    assert after["sessions"] == [(before["sessions"][0][0] + 1,)]
    # The counter was at 100 of each kind and is at 500: its series went on, under no name.
    grown = query("SELECT sum(value) FROM staging.stg_metric_activity WHERE measure LIKE '%_tokens'")
    assert [float(value) for (value,) in grown] == [100 * 2 + 500 * 2]  # Bob's, hers


def test_whatever_an_ingest_in_a_process_of_its_own_lands(forgotten):
    forgotten.write("telemetry.jsonl", *telemetry(ADA, "s-ada-2", 5))
    forgotten.commit("Ada Lovelace", ADA, "her secret", 8)
    for words in (["otlp", str(forgotten.home / "telemetry.jsonl")], ["git", str(forgotten.home)]):
        command = [sys.executable, "-c", "from pipeline.cli import main; main()", "ingest", *words]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert query("SELECT count(*) FROM raw.otel_logs WHERE developer_id LIKE 'forgotten-%'") == [(5,)]
    assert query("SELECT count(*) FROM raw.git_commits WHERE developer_id LIKE 'forgotten-%'") == [(3,)]
    assert traces_in_file() == []


def hide(folder):
    with (folder / "aa-pipeline.toml").open("a") as file:
        file.write("[privacy]\npseudonyms = true\n")


def test_who_was_forgotten_stays_so_when_others_get_pseudonyms(forgotten, folder):
    before, who = sums(query), stand_ins()
    hide(folder)
    query("DELETE FROM meta.ingest_files")
    landed = [line.partition(" = ")[2].partition(" ")[0] for line in forgotten.ingest()]
    assert landed == ["0", "0", "0", "0"]
    forgotten.build()
    assert (sums(query), stand_ins()) == (before, who)
    assert traces_in_file() == []


def test_who_has_a_pseudonym_is_forgotten_under_the_name_and_everything_that_follows_from_it(company, folder):
    before = sums(query)
    hide(folder)
    company.build()
    assert sums(query) == before
    company.run("forget", "Ada Lovelace", "--yes")
    ((stand_in,),) = stand_ins()
    assert sums(query) == before
    query("DELETE FROM meta.ingest_files")
    landed = [line.partition(" = ")[2].partition(" ")[0] for line in company.ingest()]
    assert landed == ["0", "0", "0", "0"]
    company.build("--full-refresh")
    assert (sums(query), stand_ins()) == (before, [(stand_in,)])
    assert traces_in_file() == []


def test_two_who_are_forgotten_stay_two(company):
    # One id for both would let the report of one day give way to what telemetry tells of another's.
    before = sums(query)
    company.run("forget", ADA, "--yes")
    company.run("forget", "Bob Brown", "--yes")
    assert len(stand_ins()) == 2
    assert sums(query) == before


def test_nothing_is_left_of_who_is_dropped(company):
    of_bob = (
        "SELECT sum(total_tokens) FROM staging.stg_agent_token_usage WHERE developer_id = 'bob@example.com'"
    )
    bobs = query(of_bob)
    assert "Nothing is left of them." in company.run("forget", ADA, "--drop", "--yes").output
    assert traces_in_file() == []
    dropped = sums(query)
    assert (dropped["sessions"], dropped["tokens"]) == ([(1,)], bobs)
    assert dropped["raw"] == [(3, 2, 1, 1)]
    assert stand_ins() == []
    query("DELETE FROM meta.ingest_files")
    landed = [line.partition(" = ")[2].partition(" ")[0] for line in company.ingest()]
    assert landed == ["0", "0", "0", "0"]
    company.build("--full-refresh")
    assert sums(query) == dropped


def test_who_was_forgotten_can_be_dropped_later(forgotten):
    forgotten.run("forget", "ada-l", "--drop", "--yes")
    assert sums(query)["raw"] == [(3, 2, 1, 1)]
    assert stand_ins() == []
    query("DELETE FROM meta.ingest_files")
    landed = [line.partition(" = ")[2].partition(" ")[0] for line in forgotten.ingest()]
    assert landed == ["0", "0", "0", "0"]


def test_a_dry_run_counts_and_changes_nothing(company, folder):
    before = (folder / FILE).read_bytes()
    lines = [line.split() for line in company.run("forget", "ada-l", "--dry-run").output.splitlines()]
    rows = {line[0]: int(line[1]) for line in lines if len(line) == 2 and "." in line[0]}
    assert {table: rows[table] for table in rows if table.startswith("raw.")} == {
        "raw.otel_logs": 4,  # three of telemetry, one of a transcript
        "raw.otel_metrics": 2,
        "raw.git_commits": 3,  # one of them Bob's
        "raw.copilot_metrics": 1,
        "raw.copilot_seats": 1,
    }
    assert (rows["mart.dim_developers"], rows["mart.fct_git_commits"]) == (1, 2)
    assert lines[-1] == ["Nothing", "was", "changed."]
    assert (folder / FILE).read_bytes() == before


def test_it_is_confirmed(company, folder):
    before = (folder / FILE).read_bytes()
    assert "confirm it with --yes. Nothing was changed." in company.run("forget", ADA, expect=2).output
    assert (folder / FILE).read_bytes() == before


def test_on_a_terminal_it_asks(company, folder):
    before = (folder / FILE).read_bytes()
    terminal, its_end = os.openpty()
    os.write(terminal, b"n\n")
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "forget", ADA]
    done = subprocess.run(command, stdin=its_end, capture_output=True, text=True)
    os.close(terminal)
    os.close(its_end)
    assert "Forget ada@example.com and keep their sums under no name? This cannot be undone." in done.stdout
    assert done.returncode == 1
    assert (folder / FILE).read_bytes() == before


def test_a_database_that_cannot_take_back_half_of_a_change_is_refused(company, folder, monkeypatch):
    before = (folder / FILE).read_bytes()
    monkeypatch.setattr("pipeline.engines.duckdb.DuckDB.transactional", False)
    output = company.run("forget", ADA, "--yes", expect=2).output
    assert "forget is for DuckDB and PostgreSQL. Nothing was changed." in output
    assert (folder / FILE).read_bytes() == before


def test_who_is_not_there(company):
    output = company.run("forget", "adda@example.com", "--yes", expect=2).output
    assert "Nobody is called adda@example.com. Did you mean ada@example.com?" in output


def test_without_the_key_nothing_is_forgotten_and_nothing_lands(company, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE)
    assert f"{KEY_VARIABLE} is not set" in company.run("forget", ADA, "--yes", expect=2).output
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    company.run("forget", ADA, "--yes")
    raw = sums(query)["raw"]
    company.write("telemetry.jsonl", *telemetry(BOB, "s-bob-2", 7))
    for value, said in ((None, f"{KEY_VARIABLE} is not set"), ("another" * 5, "under another key")):
        if value:
            monkeypatch.setenv(KEY_VARIABLE, value)
        else:
            monkeypatch.delenv(KEY_VARIABLE)
        for words in (
            ["otlp", str(company.home / "telemetry.jsonl")],
            ["git", str(company.home)],
            ["copilot", str(company.home / "report.ndjson")],
            ["transcripts", str(company.home / ".claude" / "projects")],
        ):
            assert said in company.run("ingest", *words, expect=2).output
        assert said in company.run("build", "--full-refresh", expect=2).output  # identities.csv names her
    assert sums(query)["raw"] == raw
    assert traces_in_file() == []


def test_what_waits_in_the_spool_lands_without_them(company, folder):
    spool = folder / "otlp-spool"
    spool.mkdir()
    documents = telemetry(ADA, "s-spooled", 5)
    (spool / "1.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in documents))
    company.run("forget", ADA, "--yes")
    assert list(spool.glob("*.jsonl")) == []
    assert query(
        "SELECT count(*) FROM raw.otel_logs WHERE attributes ->> 'session.id' = 's-spooled'"
        " AND developer_id LIKE 'forgotten-%'"
    ) == [(2,)]
    # A spool that comes back, as from a backup, does not bring her back.
    (spool / "1.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in telemetry(ADA, "s-again", 5)))
    company.run("ingest", "otlp", str(spool))
    assert traces_in_file() == []


def test_a_copy_brings_nobody_back(forgotten, folder):
    (folder / "elsewhere").mkdir()
    other = Company(folder / "elsewhere", invoke, "elsewhere.duckdb")
    other.ingest()
    output = invoke("copy", "--from", "elsewhere.duckdb", "--to", FILE, expect=1).output
    assert "name people whom duckdb://agent_analytics.duckdb has forgotten: raw.otel_logs (4)" in output
    assert "Nothing was copied." in output
    invoke("copy", "--from", FILE, "--to", "third.duckdb")
    assert query("SELECT count(*) > 5 FROM meta.forgotten", "third.duckdb") == [(True,)]


def test_stored_examples_of_them_go(company):
    query(
        "CREATE SCHEMA IF NOT EXISTS audit;"
        "CREATE TABLE audit.theirs AS SELECT 'ada@example.com' AS developer_id;"
        "CREATE TABLE audit.others AS SELECT 'bob@example.com' AS developer_id;"
        "INSERT INTO meta.audit_failures VALUES"
        " ('r', 't', 'a', 1, '{\"developer_id\": \"a***@example.com\"}'),"
        " ('r', 't', 'a', 2, '{\"developer_id\": \"ada-l\"}'),"
        " ('r', 't', 'a', 3, '{\"developer_id\": \"b***@example.com\"}')"
    )
    company.run("forget", ADA, "--yes")
    assert query("SELECT example FROM meta.audit_failures WHERE run_id = 'r'") == [(3,)]
    assert query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'audit'") == [("others",)]


KILLED = f"""
import os, signal
from pipeline.cli import main
import {{module}} as module
def stop(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
{{patch}} = stop
import sys
sys.argv = ["aa-pipeline", "forget", "{ADA}", "--yes"]
main()
"""


@pytest.mark.parametrize(
    ("module", "patch", "is_before"),
    [
        ("pipeline.ingest.forget.rewrite", "module.Rewrite._quoting", True),  # raw tables are rewritten
        ("pipeline.cli.forget", "module._publish", False),  # it is committed
        ("pipeline.run.builder", "module._Builder._close", False),  # all is built
        ("pipeline.engines.duckdb", "module.rewrite", False),  # the old bytes are there
    ],
)
def test_one_that_was_killed_left_all_or_is_finished_by_the_next(company, folder, module, patch, is_before):
    before = sums(query)
    done = subprocess.run([sys.executable, "-c", KILLED.format(module=module, patch=patch)])
    assert done.returncode == -signal.SIGKILL
    names = query("SELECT count(*) FROM raw.git_commits WHERE author_email LIKE 'ada%'")
    assert names == [(2 if is_before else 0,)]
    company.run("forget", ADA, "--yes")
    assert sums(query) == before
    assert traces_in_file() == []
    content = (folder / FILE).read_bytes().lower()
    assert [trace for trace in TRACES if trace.encode() in content] == []
    assert len(stand_ins()) == 1
