"""`[privacy] pseudonyms = true` on the command line: nothing without a key, and nobody is named."""

import json
import urllib.request
from pathlib import Path

import pytest

from pipeline.engines import connect
from pipeline.ingest.otlp.receiver import Receiver
from pipeline.privacy.pseudonyms import Pseudonyms
from tests.cli.database import query
from tests.ingest.otlp.samples import log, logs

KEY = "a key of the tests"
VARIABLE = "AA_PIPELINE_PRIVACY_KEY"


@pytest.fixture
def private(folder, monkeypatch):
    """A project with pseudonyms, and a file of Ada's telemetry in her home."""
    (folder / "aa-pipeline.toml").write_text("[privacy]\npseudonyms = true\n")
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setenv("HOME", str(folder / "lovelace"))
    (folder / "lovelace").mkdir()
    file = folder / "lovelace" / "logs.jsonl"
    file.write_text(json.dumps(logs(log({"user.email": "ada@example.com"}))) + "\n")
    return file


def test_without_the_key_nothing_is_made(private, run, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    for command in (
        f"ingest otlp {private}",
        "ingest otlp --listen 127.0.0.1:0",
        "ingest git .",
        "ingest transcripts .",
        "ingest copilot .",
        "init",
        "seed",
        "build",
    ):
        assert VARIABLE in run(command, expect=2).output
    assert sorted(path.name for path in private.parents[1].iterdir()) == ["aa-pipeline.toml", "lovelace"]


def test_switched_off_again_it_is_refused(private, run):
    run(f"ingest otlp {private}")
    Path("aa-pipeline.toml").write_text("")
    for command in (f"ingest otlp {private}", "ingest otlp --listen 127.0.0.1:0", "build"):
        assert "pseudonyms cannot be turned back" in run(command, expect=2).output
    assert query("SELECT count(*) FROM raw.otel_logs") == [(1,)]


def test_a_home_and_an_address_are_not_said(private, run):
    said = run(f"ingest otlp {private.parent}/gone.jsonl", expect=1).output
    said += run("ingest", "git", "ada@example.com", expect=1).output
    assert "~/gone.jsonl" in said
    assert "lovelace" not in said
    assert "ada@" not in said


def test_an_address_of_a_pseudonym_is_said(private, run):
    Path("seeds").mkdir()
    Path("seeds/budgets.csv").write_text("scope,month,budget_usd\ndeveloper:bob@example.com,2026-01-01,5\n")
    run(f"ingest otlp {private}")
    bob = Pseudonyms(KEY.encode()).person("bob@example.com")
    said = run("build --as-of 2026-01-03").output
    assert f"The budget developer:{bob} limits nothing: no record is of {bob}." in said.replace("\n", " ")
    assert "Did you mean" not in said


def test_what_is_received_lands_with_pseudonyms(tmp_path):
    pseudonyms = Pseudonyms(KEY.encode())
    database = str(tmp_path / "aa.duckdb")
    with Receiver(
        lambda: connect(database),
        "127.0.0.1:0",
        tmp_path / "spool",
        pseudonyms=pseudonyms,
        say=lambda message: None,
    ) as receiver:
        body = json.dumps(logs(log({"user.email": "ada@example.com"}))).encode()
        sent = urllib.request.Request(f"{receiver.url}/v1/logs", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(sent, timeout=30).close()
    with connect(database, read_only=True) as engine:
        ((attributes,),) = engine.fetch("SELECT attributes FROM raw.otel_logs")
        assert json.loads(attributes) == {"user.email": pseudonyms.person("ada@example.com")}
        ((inputs,),) = engine.fetch("SELECT DISTINCT inputs FROM meta.ingests")
    assert "spool" not in inputs
    assert list((tmp_path / "spool").glob("*.jsonl")) == []
