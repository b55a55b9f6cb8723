"""A made-up agent: its room is all that it takes, in the package or beside a configuration."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.engines import connect

pytestmark = pytest.mark.slow

PACKAGES = Path(pipeline.__file__).parent.parent

DECLARATION = """
from pipeline.agents.declaration import Agent, Evidence, Home, Marks, Request, Telemetry

AGENT = Agent(
    "acme",
    "Acme Coder",
    "Acme",
    "cli",
    aliases=("acme_dev",),
    telemetry=Telemetry(
        requests=(Request("generation", "asked", "answered", "cached", cache_in_input=True),),
        costs={"price_in_cents": 0.01},
        other_events=("acme.api_request",),
        models=("engine",),
    ),
    content=("acme.words",),
    marks=Marks(emails=("bot@acme.example",)),
    homes=(Home("~/.acme", ("sessions",), variable="ACME_HOME"),),
    evidence=(Evidence("telemetry", "made up", "2026-11-28"),),
)
"""
READER = """
from pipeline.agents.events import Event, instant, known
from pipeline.agents.files import json_lines

def is_record(value):
    return "acme" in value

def is_file(sample):
    return False

def events(files, journal):
    for file in files:
        for _, line in json_lines(file, journal):
            told = known(session__id=line["acme"], asked=line["in"], answered=line["out"], engine="acme-1")
            yield Event(instant(line["at"]), "acme.generation", line["acme"], told, agent="acme")
"""
COMMANDS = """
import sys
from pipeline.cli import cli

for words in sys.argv[1:]:
    cli(words.split(), standalone_mode=False)
"""


def record(event: str, at: str, **attributes: object) -> dict:
    """A log record of OTLP."""
    instant = dt.datetime.fromisoformat(f"2026-11-02T{at}:00Z")
    told = {name.replace("__", "."): value for name, value in attributes.items()}
    return {
        "timeUnixNano": str(int(instant.timestamp()) * 10**9),
        "body": {"stringValue": event},
        "attributes": [{"key": key, "value": {"stringValue": str(value)}} for key, value in told.items()],
    }


@pytest.fixture(params=["of the package", "of a project"])
def acme(request, tmp_path):
    """A folder with one more room, in the code or beside it, and a function that runs Python there."""
    code, agents = PACKAGES, tmp_path / "agents"
    if request.param == "of the package":
        code, agents = tmp_path, tmp_path / "pipeline" / "agents"
        for package in ("pipeline", "schemas"):
            shutil.copytree(
                PACKAGES / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
            )
    else:
        (tmp_path / "aa-pipeline.toml").touch()
        agents.mkdir()
    room = agents / "acme"
    room.mkdir()
    (room / "__init__.py").write_text(DECLARATION)
    (room / "transcripts.py").write_text(READER)
    home = tmp_path / "home"
    home.mkdir()
    settings = {
        "PYTHONPATH": str(code),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "ACME_HOME": str(tmp_path / "moved"),
        "AA_PIPELINE_TARGET": "acme.duckdb",
    }

    def run(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    if code == tmp_path:  # of others the seeds are read from their rooms
        run("-m", "pipeline.seeds.agents")
    return tmp_path, run


def test_an_agent_is_added_by_its_room_alone(acme):
    folder, run = acme
    # Told by telemetry, under an alias: 60 uncached, 40 cached, 10 answered, for 25 cents.
    told = {
        "session__id": "told",
        "engine": "acme-1",
        "user__email": "ada@example.com",
        "acme__words": "secret",
    }
    numbers = {"asked": 100, "cached": 40, "answered": 10, "price_in_cents": 25}
    records = [
        record("acme_dev.generation", "10:00", **told, **numbers),
        record("acme.api_request", "10:01", **told, input_tokens=999, output_tokens=999),
    ]
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    (folder / "telemetry.jsonl").write_text(json.dumps(logs))
    # Kept at home: 7 and 3 tokens.
    kept = {"acme": "kept", "at": "2026-11-03T10:00:00Z", "in": 7, "out": 3}
    (folder / "moved" / "sessions").mkdir(parents=True)
    (folder / "moved" / "sessions" / "one.jsonl").write_text(json.dumps(kept) + "\n")
    # Signed.
    git = ["git", "-C", str(folder / "repository"), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "init", "-q", str(folder / "repository")], check=True)
    message = "Change\n\nCo-authored-by: Acme <bot@acme.example>"
    environment = os.environ | {
        "GIT_AUTHOR_DATE": "2026-11-05T10:00Z",
        "GIT_COMMITTER_DATE": "2026-11-05T10:00Z",
    }
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", message], env=environment, check=True)

    run(
        "-c",
        COMMANDS,
        "ingest transcripts --list",
        "ingest otlp telemetry.jsonl",
        "ingest transcripts --developer ada@example.com",
        "ingest git repository",
        "build --as-of 2026-11-15",
    )

    with connect(str(folder / "acme.duckdb"), read_only=True) as engine:
        (agent,) = engine.fetch("SELECT * FROM mart.dim_agents WHERE agent_type = 'acme'")
        assert agent[:4] == ("acme", "Acme Coder", "Acme", "cli")
        assert engine.fetch(
            "SELECT session_id, agent_type, model_name, total_input_tokens, total_cache_read_tokens,"
            " total_output_tokens FROM staging.stg_agent_token_usage ORDER BY session_id DESC"
        ) == [("told", "acme", "acme-1", 60, 40, 10), ("kept", "acme", "acme-1", 7, 0, 3)]
        costs = engine.fetch("SELECT agent_type, daily_cost_usd FROM mart.fct_agent_costs")
        assert costs == [("acme", 0.25)]
        assert engine.fetch("SELECT agent_type FROM mart.fct_git_commits") == [("acme",)]
        assert engine.fetch("SELECT id FROM raw.otel_logs WHERE attributes::TEXT LIKE '%secret%'") == []
