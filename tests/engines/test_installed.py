"""The wheels of the package and of a plugin, in an environment of their own outside of the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

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
    told = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    told |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "AA_PIPELINE_TARGET": target[0]}

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


def test_every_command_knows_the_plugin_and_the_project(aa, target, tmp_path, environment):
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
    tables = {"fct_commits_per_team", "fct_commits_per_ticket", "teams", "tickets"}
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
