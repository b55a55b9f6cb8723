"""The wheels of the package and of a plugin, in an environment of their own outside of the checkout."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import click
import duckdb
import pytest

from tests.cli.test_options import every_command
from tests.ingest.billing.test_billing import openai_bucket, openai_cost, page
from tests.ingest.copilot.test_copilot import USAGE
from tests.ingest.github.test_github import listed
from tests.ingest.gitlab.test_gitlab import rest
from tests.ingest.origins.test_origins import claude, written
from tests.ingest.otlp.samples import lines, log, logs
from tests.projects import ours

pytest.importorskip("hatchling")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "projects" / "example_plugin"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The folder of a virtual environment; what else the wheels need is that of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    wheels = folder / "wheels"
    build = [*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(wheels)]
    subprocess.run([*build, str(ROOT), str(EXAMPLE)], check=True)
    env = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    python = env / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    files = [str(wheel) for wheel in wheels.glob("*.whl")]
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", *files], check=True)
    return env


def own_environment(folder, url):
    """Variables under which nothing of the checkout is found."""
    told = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return told | {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_DATA_HOME": str(folder / "data"),
        "AA_PIPELINE_TARGET": url,
        "AA_PIPELINE_PRIVACY_KEY": "0123456789abcdef0123456789abcdef",
    }


@pytest.fixture(params=["duckdb", "postgres"])
def target(request, tmp_path):
    """The URL of an empty database, and a function that has it execute a statement."""
    if request.param == "postgres":
        import psycopg

        url = request.getfixturevalue("new_postgres")()

        def execute(statement):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(statement)

        return url, execute
    return f"duckdb://{tmp_path}/agent_analytics.duckdb", None


@pytest.fixture
def aa(environment, tmp_path, target, monkeypatch):
    """Runs a command of the environment in a project's folder."""
    monkeypatch.chdir(tmp_path)
    told = own_environment(tmp_path, target[0])

    def run(*words):
        done = subprocess.run(
            [environment / "bin" / "aa-pipeline", *words],
            env=told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    return run


def imported_from(environment, *packages):
    """Which folder each package is of: that of the environment, or one that a checkout has put before it."""
    program = "import importlib, sys; [print(importlib.import_module(n).__file__) for n in sys.argv[1:]]"
    told = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(
        [environment / "bin" / "python", "-c", program, *packages],
        env=told,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(file).resolve().parents[4] for file in found.stdout.split()]


def test_every_command_knows_the_plugin_and_the_project(aa, target, tmp_path, environment):
    assert imported_from(environment, "pipeline", "schemas", "aa_example") == [environment.resolve()] * 3
    ours.write(tmp_path)
    aa("init")
    ours.commit("AA-1 begin now", 1, target[1])
    aa("build")
    facts = json.loads(aa("debug", "--format", "json"))
    assert [found["extension"] for found in facts["extensions"]] == [
        "plugin example (aa_example 1.2)",
        "project",
    ]
    assert facts["extensions"][0]["folder"].startswith(str(environment.resolve()))
    tables = {"fct_commits_per_team", "fct_commits_per_ticket", "squads", "tickets"}
    assert tables <= {*aa("ls").split()}
    shown = json.loads(aa("show", "fct_commits_per_team", "--format", "json"))
    assert shown == [{"team": "engines", "commits": 1, "words": 3}]
    shown = json.loads(aa("show", "fct_commits_per_ticket", "--format", "json"))
    assert shown == [{"ticket": "AA-1", "commits": 1, "owner": "ada"}]
    audits = aa("test", "-s", "fct_commits_per_team", "fct_commits_per_ticket", "fct_git_commits")
    assert "passed" in audits
    told = aa("report", "--format", "json")
    assert "every_commit_has_a_team" in told
    assert "tickets_are_counted" in told
    assert "commit_message" in aa("lineage", "fct_commits_per_team.words")
    aa("docs", "generate")
    page = (tmp_path / "site/tables/fct_git_commits.html").read_text()
    assert "aa_example/models/marts/commit_words.py" in page
    assert "models/marts/commit_ticket.py" in page
    aa("export", "-s", "fct_commits_per_team", "-o", "out")
    assert (tmp_path / "out/fct_commits_per_team.parquet").exists()
    aa("dashboard")
    assert (tmp_path / "dashboard/index.html").exists()
    ours.commit("AA-1 go on with it", 2, target[1])
    aa("build")
    shown = json.loads(aa("show", "fct_commits_per_ticket", "--format", "json"))
    assert shown == [{"ticket": "AA-1", "commits": 2, "owner": "ada"}]


PARQUET = """
SELECT make_timestamp_ns(1793700000000000000) AS Timestamp, 'claude-code' AS ServiceName, 'x' AS Body,
    MAP {'service.name': 'claude-code'} AS ResourceAttributes, MAP {'session.id': 's1'} AS LogAttributes,
    9::UTINYINT AS SeverityNumber, '' AS TraceId, '' AS SpanId
"""

# In this order; what is made by one is read by others.
COMMANDS = [
    "init",
    "ingest otlp otlp.jsonl",
    "ingest parquet logs.parquet",
    "ingest git repository",
    "ingest copilot copilot.json",
    "ingest transcripts one.jsonl --developer ada@example.com",
    "ingest github pulls.json",
    "ingest gitlab merges.json",
    "ingest billing bill.json",
    "seed",
    "run -s staging.*",
    "build",
    "test -s fct_git_commits+",
    "retry",
    "source freshness",
    "debug",
    "ls -s +fct_commits_per_ticket",
    "compile -s fct_commits_per_ticket",
    "show fct_commits_per_ticket",
    "lineage fct_commits_per_ticket",
    "why fct_commits_per_team commits team=engines",
    "contract show fct_commits_per_ticket",
    "contract diff . .",
    "diff --from . -s fct_git_commits",
    "report -o report.html --format html",
    "docs generate -o documented",
    "dashboard",
    "budget check",
    "digest -o week.html",
    "export -o exported -s fct_commits_per_team fct_commits_per_ticket",
    "metrics list",
    "metrics query cost --by agent",
    "metrics export metrics.yml",
    "notebook",
    "maintain --dry-run",
    "forget ada@example.com --dry-run",
    "backup kept.tar",
    "restore kept.tar -t {other}",
    "copy --from {other} --to duckdb://copied.duckdb",
    "usage one.jsonl -t duckdb://usage.duckdb",
    "demo --path shown",
    "deploy-files deployed",
    "completion bash --show",
    "listener-token add laptop",
    "listener-token list",
    "listener-token remove laptop",
    "clean",
]
# On engines that take long for it, less is run and tested before and after the build of everything.
LESS = {
    "run -s staging.*": "run -s stg_git_commits",
    "test -s fct_git_commits+": "test -s fct_commits_per_ticket",
}
# Refused in a sentence that says where it goes.
REFUSED_ELSEWHERE = [
    "diff --from . -s fct_git_commits",
    "maintain --dry-run",
    "forget ada@example.com --dry-run",
    "backup kept.tar",
]
CRASHED = -1
LEAVES = {name for name, one in every_command() if not isinstance(one, click.Group)}
# Those that end with the other side, or need one.
WITH_ANOTHER_SIDE = {"mcp", "serve", "docs serve", "ingest clickhouse"}


def commit(folder):
    """A repository with one commit."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "AA-1 begin now"]):
        subprocess.run(["git", "-C", folder, *words], check=True)


def name_of(words):
    return next(name for name in (" ".join(words[:2]), words[0]) if name in LEAVES)


def test_no_command_is_left_out_here():
    assert {name_of(words.split()) for words in COMMANDS} | WITH_ANOTHER_SIDE == LEAVES


def test_commands_with_another_side_run_from_the_wheels(environment, tmp_path):
    told = own_environment(tmp_path, f"duckdb://{tmp_path}/agent_analytics.duckdb")
    aa = environment / "bin" / "aa-pipeline"

    def run(*words):
        return subprocess.run(
            [aa, *words],
            env=told,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("mcp").returncode == 0  # the assistant has gone
    refused = run("ingest", "clickhouse", "http://127.0.0.1:9/otel")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>Tables")
    for words in (["docs", "serve"], ["serve"]):
        with subprocess.Popen(
            [aa, *words],
            env=told,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as server:
            assert "http://127.0.0.1:" in server.stdout.readline()
            server.send_signal(signal.SIGINT)


def failing(environment, folder, url, commands):
    """Runs commands in one process outside of the checkout; those that failed, with what they said."""
    ours.write(folder)
    written(folder / "one.jsonl", claude("session-one", 1))
    (folder / "otlp.jsonl").write_text(lines(logs(log({"session.id": "session-two"}))))
    (folder / "copilot.json").write_text(json.dumps(USAGE))
    (folder / "pulls.json").write_text(json.dumps([listed()]))
    (folder / "merges.json").write_text(json.dumps([rest()]))
    (folder / "bill.json").write_text(json.dumps(page(openai_bucket(openai_cost("1.50")))))
    duckdb.sql(PARQUET).write_parquet(str(folder / "logs.parquet"))
    (folder / "repository").mkdir()
    commit(folder / "repository")
    done = subprocess.run(
        [environment / "bin" / "python", Path(__file__).with_name("every_command.py")],
        input=json.dumps([words.split() for words in commands]),
        env=own_environment(folder, url),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    place, told = json.loads(done.stdout.splitlines()[-1])
    assert Path(place).is_relative_to(environment)
    assert not [said for _, code, said in told if code == CRASHED]
    return {" ".join(words): said for words, code, said in told if code}


def test_every_command_runs_from_the_wheels(environment, request, target, tmp_path):
    is_file = target[0].startswith("duckdb")
    other = "duckdb://restored.duckdb" if is_file else request.getfixturevalue("new_postgres")()
    commands = [words.format(other=other) for words in COMMANDS]
    assert failing(environment, tmp_path, target[0], commands) == {}


@pytest.mark.parametrize("engine", ["bigquery", "spark"])
def test_every_command_runs_from_the_wheels_elsewhere(environment, request, engine, tmp_path):
    url = request.getfixturevalue(f"new_{engine}")()
    # Where there is no backup, none can be restored.
    commands = [LESS.get(words, words).format(other=url) for words in COMMANDS if "restore" not in words]
    refused = failing(environment, tmp_path, url, commands)
    assert [*refused] == REFUSED_ELSEWHERE
    assert all("DuckDB" in said for said in refused.values())
    made = duckdb.sql(f"FROM '{tmp_path}/exported/fct_commits_per_ticket.parquet'").fetchall()
    assert made == [("AA-1", 1, "ada")]
    page = (tmp_path / "documented/tables/fct_git_commits.html").read_text()
    assert "aa_example/models/marts/commit_words.py" in page
    assert "models/marts/commit_ticket.py" in page
