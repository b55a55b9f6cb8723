"""`demo`, once, and what a newcomer does after it; every dbt command of old works on it."""

import json
import shutil

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from tests.cli.database import query

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(company, demo_output, tmp_path_factory):
    """The output of the demo, and a copy of its folder that tests may change."""
    folder = tmp_path_factory.mktemp("company") / "aa-demo"
    shutil.copytree(company, folder)
    return demo_output.read_text(encoding="utf-8"), folder


@pytest.fixture
def in_demo(demo, monkeypatch):
    """Runs the command line in the demo's folder."""
    folder = demo[1]
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))

    def invoke(words: str):
        result = CliRunner().invoke(cli, words.split())
        assert result.exit_code == 0, result.output
        return result

    return invoke


def test_the_demo_ends_with_its_marts_and_what_to_try_next(demo):
    output = demo[0]

    assert "ingest otlp: " in output
    assert "+ 0 quarantined" in output
    assert "2026-09-16 to 2026-11-" in output
    assert "Claude Code" in output
    assert "Alice Adams" in output
    assert "What to try next:" in output


def test_a_build_ends_with_what_all_adds_up_to_and_what_has_come(demo, in_demo):
    (sums,) = [line for line in demo[0].splitlines() if line.endswith(" commits with an agent's help.")]
    assert in_demo("build --full-refresh").stdout.splitlines()[-2] == sums

    query("DELETE FROM raw.git_commits WHERE id = (SELECT min(id) FROM raw.git_commits)")
    now, news, _ = in_demo("build").stdout.splitlines()[-3:]
    assert now.partition(";")[0] == sums.partition(";")[0]
    assert news == "Since the build before: -1 commits."
    in_demo("ingest git " + " ".join(str(path) for path in sorted(demo[1].glob("repositories/*"))))
    assert in_demo("build").stdout.splitlines()[-3:-1] == [sums, "Since the build before: +1 commits."]


def test_what_nothing_tells_the_cost_of_is_a_dash_in_the_demo_too(demo):
    (row,) = [line.split() for line in demo[0].splitlines() if line.startswith("GitHub Copilot")]
    assert row[2:5] == ["0", "0", "–"]


def test_the_demo_never_touches_a_folder_that_is_there(demo):
    before = sorted(demo[1].rglob("*"))

    result = CliRunner().invoke(cli, ["demo", "--path", str(demo[1])])

    assert result.exit_code == 2
    assert "is there already. Remove it, or choose another folder with --path." in result.stderr
    assert sorted(demo[1].rglob("*")) == before


def test_totals_of_the_summary_are_those_of_the_mart(demo, monkeypatch):
    monkeypatch.chdir(demo[1])
    [(sessions, cost)] = query(
        "SELECT sum(total_sessions)::BIGINT, sum(total_cost_usd) FROM mart.fct_daily_agent_usage"
    )

    assert f"{sessions:,} sessions" in demo[0]
    assert f"${cost:,.2f}" in demo[0]


@pytest.mark.parametrize(
    "words",
    [
        "debug",
        "seed",
        "run",
        "run --models staging.*",
        "run --models intermediate.*",
        "run --models marts.*",
        "run --models fct_daily_agent_usage",
        "run --models +fct_daily_agent_usage",
        "run --models fct_daily_agent_usage+",
        "test",
        "test --models fct_daily_agent_usage",
        "compile",
        "run --log-level debug",
    ],
)
def test_the_dbt_commands_of_old_work(in_demo, words):
    assert in_demo(words).stdout


def test_run_reaches_every_model_of_a_layer(in_demo):
    tables = json.loads(in_demo("run --models marts.* --format json").stdout)["tables"]

    assert {table["name"] for table in tables if table["schema"] == "mart"} == {
        "fct_daily_agent_usage",
        "fct_git_commits",
        "fct_agent_costs",
        "fct_billed",
        "fct_budgets",
        "fct_code_survival",
        "fct_pull_requests",
        "fct_reconciliation",
        "fct_seats",
        "fct_sessions",
        "fct_costs_by_project",
        "fct_costs_by_team",
        "fct_tool_usage",
        "dim_developers",
        "dim_agents",
        "dim_projects",
        "dim_seats",
        "dim_teams",
    }


def test_the_same_files_again_land_nothing(in_demo):
    output = in_demo("ingest git repositories/webshop repositories/billing").stdout

    assert " in = 0 landed + " in output


def test_every_mart_can_be_shown(in_demo):
    shown = {
        name: json.loads(in_demo(f"show {name} --limit 2 --format json").stdout)
        for name in in_demo("ls -s marts").stdout.split()
    }
    # The company has not told what became of its lines.
    assert {name for name, rows in shown.items() if not rows} == {"fct_code_survival"}


def test_the_demo_leaves_a_report_and_a_dashboard(demo):
    assert "<html" in (demo[1] / "report.html").read_text()
    assert "<html" in (demo[1] / "dashboard" / "index.html").read_text()


def test_clean_removes_plans_and_pages_and_nothing_else(in_demo, demo, monkeypatch):
    cache = demo[1].parent / "another cache"
    in_demo("dashboard -o dashboard")
    in_demo("docs generate")
    (demo[1] / "site" / "mine.txt").touch()
    before = {file for file in demo[1].rglob("*") if file.is_file()}
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    output = CliRunner().invoke(cli, ["clean"]).stdout

    after = {file for file in demo[1].rglob("*") if file.is_file()}
    assert output.startswith("Removed 0 compiled plans.")
    assert {file.relative_to(demo[1]).parts[0] for file in before - after} == {"site", "dashboard", "target"}
    assert (demo[1] / "site" / "mine.txt").exists()
    assert not (demo[1] / "dashboard").exists()
