"""A folder of twenty lines adds a mart, a column, a law and a seed, and all else follows by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline import Pipeline
from pipeline.cli.example import FILES as EXAMPLE
from pipeline.compile import plan_cache
from pipeline.compile.shipped import load as shipped_plan
from pipeline.config import load_config
from tests.cli.database import query
from tests.projects import ours

pytestmark = pytest.mark.slow

TICKETS = "SELECT ticket, commits, owner FROM mart.fct_commits_per_ticket ORDER BY 1"


@pytest.fixture
def project(run, folder):
    """A database with two commits, and the project's own files."""
    run("init")
    ours.write(folder)
    ours.commit("AA-1 begin", 1)
    ours.commit("tidy up", 2)
    return folder


def test_a_mart_and_a_column_appear_everywhere(run, project):
    run("build")
    assert query(TICKETS) == [("AA-1", 1, "ada")]
    assert query("SELECT commit_message, ticket FROM mart.fct_git_commits ORDER BY 1") == [
        ("AA-1 begin", "AA-1"),
        ("tidy up", None),
    ]

    # Selection, and what is proven and checked.
    assert run("ls -s fct_git_commits+").stdout.split() == [
        *("fct_git_commits", "fct_code_survival", "fct_commits_per_ticket", "fct_pull_requests"),
        *("dim_agents", "dim_developers"),
    ]
    promised = json.loads(run("contract show fct_commits_per_ticket --format json").stdout)
    assert {check["name"]: check["proven"] for check in promised["checks"]} == {
        "shape": "names, order and types of the expression",
        "unique(ticket)": "grouped by ticket",
        "not_null(ticket)": "filtered to be present",
        "not_null(commits)": "a count",
        "range(commits > 0)": None,
        "tickets_are_counted": None,
    }
    assert "tickets_are_counted" in run("test -s fct_commits_per_ticket --format json").stdout

    # Lineage, documentation, exports, the report.
    lineage = run("lineage fct_commits_per_ticket.ticket").stdout
    assert "fct_git_commits.ticket" in lineage
    assert "raw_git_commits.commit_message" in lineage
    run("docs generate")
    page = Path("site/tables/fct_git_commits.html").read_text()
    assert "models/marts/commit_ticket.py" in page
    assert "Ticket that the message names." in page
    assert "def</span>" in Path("site/tables/fct_commits_per_ticket.html").read_text()
    assert str(project) not in page
    run("export -s fct_commits_per_ticket -o out")
    assert duckdb.sql("FROM 'out/fct_commits_per_ticket.parquet'").fetchall() == [("AA-1", 1, "ada")]
    assert "tickets_are_counted" in run("report --format json").stdout
    run("dashboard")

    # The notebook, from any folder.
    assert Pipeline(folder=project).fct_commits_per_ticket.commits.sum().execute() == 1


def test_what_has_not_changed_is_not_built_and_what_has_is_built_in_part(run, project):
    run("build")
    assert "Built 0 tables" in run("build").output
    ours.commit("AA-2 go on", 3)
    told = json.loads(run("build --format json").stdout)["tables"]
    built = {table["name"]: table["action"] for table in told}
    assert built["tickets"] == "skipped"
    assert "skipped" not in (built["fct_git_commits"], built["fct_commits_per_ticket"])
    assert query(TICKETS) == [("AA-1", 1, "ada"), ("AA-2", 1, None)]
    seed = project / "seeds/tickets.csv"
    seed.write_text(f"{seed.read_text()}AA-2,grace\n")
    run("build")
    assert query(TICKETS) == [("AA-1", 1, "ada"), ("AA-2", 1, "grace")]
    run("test --recompute")


def test_a_law_of_ones_own_that_is_broken_stops_the_build(run, project):
    run("build")
    law = project / "models/laws/tickets_are_counted.py"
    law.write_text(law.read_text().replace("anti_join", "semi_join"))
    assert "Every ticket of a commit has a row." in run("build", expect=1).output
    assert "Every ticket of a commit has a row." in run("test", expect=1).output


def test_an_edit_is_seen_at_once_even_in_the_same_process(run, project):
    run("build")
    model = project / "models/marts/commit_ticket.py"
    for pattern, ticket in (("(AA)-[0-9]+", "AA"), ("AA-([0-9])", "1"), ("A(A)-[0-9]", "A")):
        model.write_text(ours.FILES["models/marts/commit_ticket.py"].replace("([A-Z]+-[0-9]+)", pattern))
        run("build")
        assert query(TICKETS) == [(ticket, 1, None)]
    assert not [*project.glob("models/**/__pycache__")]


def test_what_the_project_does_not_concern_is_as_it_was_shipped(project):
    config = load_config(project)
    told = []
    plan = plan_cache._compile.__wrapped__("duckdb", config, "pipeline.models", "schemas", told.append)
    # Readers of the table that has more columns are compiled too: they see those that they know.
    assert sorted(told) == [
        *("dim_agents", "dim_developers", "fct_code_survival", "fct_commits_per_ticket", "fct_git_commits"),
        "fct_pull_requests",
    ]
    shipped = shipped_plan("duckdb", config)
    # A column that is computed from its own row leaves a table as incremental as it was.
    assert plan.tables["fct_git_commits"].partitions == shipped.tables["fct_git_commits"].partitions
    assert plan.tables["fct_commits_per_ticket"].partitions == {"ticket": {"fct_git_commits": "ticket"}}
    assert {name for name, table in plan.tables.items() if table != shipped.tables.get(name)} == {
        *told,
        "tickets",
    }


def test_a_folder_without_a_configuration_is_nobodys(run, folder):
    run("init")
    (folder / "aa-pipeline.toml").unlink()
    (folder / "models/marts").mkdir(parents=True)
    (folder / "models/marts/fct_evil.py").write_text("open('executed', 'w')")
    run("ls")
    assert not (folder / "executed").exists()


def test_the_example_that_init_writes_is_right_and_stays(run, folder):
    (folder / "schemas").mkdir()
    (folder / "schemas/marts.py").write_text("mine")
    assert "schemas/marts.py is there already and stays as it is." in run("init --models").stdout
    assert (folder / "schemas/marts.py").read_text() == "mine"
    (folder / "schemas/marts.py").write_text(EXAMPLE["schemas/marts.py"])
    run("build")
    run("test -s fct_sessions_per_agent")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(tests, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout
