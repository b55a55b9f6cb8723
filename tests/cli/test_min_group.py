"""`[privacy] min_group` reaches every command that writes what others look at."""

import pytest

from tests.outputs.dashboard.marts import commit, developer, usage, write_marts

pytestmark = pytest.mark.slow

PEOPLE = ["ada", "bo", "cy", "di", "ed"]


@pytest.fixture
def private(folder):
    """A project with [privacy] and a database in which five people used one agent."""
    (folder / "aa-pipeline.toml").write_text("[privacy]\n")
    write_marts(
        folder / "agent_analytics.duckdb",
        usages=[usage(developer=person, total_sessions=1) for person in PEOPLE],
        commits=[commit(at, developer=person) for at, person in enumerate(PEOPLE)],
        developers=[*map(developer, PEOPLE)],
        agents=[("claude_code", "Claude Code")],
    )
    return folder


def test_an_export_is_of_groups_and_says_so(run, private):
    result = run("export --format csv")
    assert "Groups of fewer than 5 people are folded into others" in result.stderr
    files = {file.name: file.read_text() for file in (private / "export").iterdir()}
    assert files.keys() == {"fct_daily_agent_usage.csv", "fct_git_commits.csv"}
    assert files["fct_git_commits.csv"].splitlines()[1:] == ['2026-11-10,2026-11-10,"human",,"shop",5,5,50']


def test_an_export_of_single_people_is_refused(run, private):
    result = run("export -s dim_developers", expect=2)
    assert "Not exported, since its rows may tell of fewer than 5 people" in result.stderr
    assert not (private / "export").exists()


def test_min_group_1_hides_nothing(run, private):
    (private / "aa-pipeline.toml").write_text("[privacy]\nmin_group = 1\n")
    result = run("export -s dim_developers --format csv")
    assert "folded" not in result.stderr
    assert '"ada"' in (private / "export" / "dim_developers.csv").read_text()


def test_the_dashboard_is_of_groups(run, private):
    run("dashboard")
    page = (private / "dashboard" / "index.html").read_text()
    assert '"min_group":5' in page
    assert '"developers":[]' in page


def test_the_report_shows_no_rows_that_failed(run, private):
    run("test", expect=1)
    assert "Rows that failed are not shown" in run("report").output
    (private / "aa-pipeline.toml").unlink()
    assert "Rows that failed are not shown" not in run("report").output
