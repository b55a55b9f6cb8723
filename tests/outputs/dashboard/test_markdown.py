"""The dashboard as Markdown: its figures are the marts', for what is chosen."""

import datetime as dt
import re

import pytest

from pipeline.engines import connect
from pipeline.errors import SelectionError
from pipeline.outputs.dashboard.chosen import Chosen, choose
from pipeline.outputs.dashboard.markdown import render
from pipeline.outputs.dashboard.views import VIEWS
from pipeline.outputs.metrics.shown import shown
from tests.outputs.dashboard.marts import DAY, HOSTILE, commit, developer, usage, write_marts

ALL = [*VIEWS]
PAGE_VIEWS = {"return": "Return", "agents": "Agents", "team": "Team", "git": "Git", "cost": "Cost"}


@pytest.fixture(scope="module")
def database(company):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        yield engine


@pytest.fixture
def handmade(tmp_path):
    """Renders handmade marts."""

    def write(since=None, until=None, where=None, views=ALL, **rows):
        settings = {"min_group": rows.pop("min_group", 1)}
        with connect(str(write_marts(tmp_path / "x.duckdb", **rows)), read_only=True) as engine:
            return render(engine, choose(engine, since, until, where, **settings), views, **settings)

    return write


def parts(text):
    """Cells of the tables, plain, by the last heading and the name of the row."""
    found, heading, view = {}, "", ""
    for line in text.replace("\\", "").splitlines():
        if line.startswith("## "):
            view = heading = line[3:]
        elif line.startswith("### "):
            heading = f"{view}: {line[4:]}"
        elif line.startswith("| ") and not line.startswith(("| ---", "| |")):
            name, *cells = line.strip("|").split("|")
            found[heading, name.strip()] = [cell.strip() for cell in cells]
    return found


SUMS = {
    "Cost": ("usd", "sum(total_cost_usd)", "fct_daily_agent_usage", "date"),
    "Cost per session": (
        "usd",
        "sum(total_cost_usd) / nullif(sum(total_sessions), 0)",
        "fct_daily_agent_usage",
        "date",
    ),
    "Unpriced tokens": ("tokens", "sum(unpriced_tokens)", "fct_daily_agent_usage", "date"),
}


@pytest.mark.parametrize(
    ("chosen", "condition"),
    [
        ({}, "true"),
        ({"since": dt.date(2026, 10, 1), "until": dt.date(2026, 10, 31)}, "true"),
        ({"where": {"agent": ["codex", "claude_code"]}}, "agent_type IN ('codex', 'claude_code')"),
        ({"where": {"developer": ["bruno@example.com"]}}, "developer_id = 'bruno@example.com'"),
    ],
)
def test_figures_and_tables_are_those_of_the_marts(database, chosen, condition):
    known = choose(database, **chosen)
    text = render(database, known, ALL)
    cells = parts(text)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [*PAGE_VIEWS.values()]

    def value(sql, table, column, more="true", days=(known.first, known.last)):
        where = f"{column} BETWEEN '{days[0]}' AND '{days[1]}' AND {condition} AND {more}"
        return database.fetch(f"SELECT {sql} FROM mart.{table} WHERE {where}")[0][0]

    length = known.last - known.first + dt.timedelta(days=1)
    earlier = (known.first - length, known.first - dt.timedelta(days=1))
    for label, (unit, sql, *of) in SUMS.items():
        before = value(sql, *of, days=earlier) if earlier[0] >= known.earliest else None
        assert cells["Cost", label][:2] == [shown(unit, value(sql, *of)), shown(unit, before)]
    commits = value("count(*)", "fct_git_commits", "commit_date", "is_agent_assisted")
    assert cells["Return", "Assisted commits"][0] == shown("count", commits)
    cost = shown("usd", value(*SUMS["Cost"][1:]))
    assert text.startswith(f"# {cost} went in, {shown('count', commits)} commit")
    for model, usd in database.fetch(
        "SELECT model_name, sum(total_cost_usd) FROM mart.fct_daily_agent_usage"
        f" WHERE date BETWEEN ? AND ? AND {condition} AND total_tokens > 0 GROUP BY ALL",
        [known.first, known.last],
    ):
        assert cells["Cost: By model", model][0] == shown("usd", usd)


def test_pull_requests_are_summed_by_project(database):
    known = choose(database, where={"project": ["example/billing"]})
    cells = parts(render(database, known, ["git"]))
    merged, cost, hours = database.fetch(
        "SELECT count(*), sum(cost_usd) / count(cost_usd), avg(hours_to_merge) FROM mart.fct_pull_requests"
        " WHERE project_id = 'example/billing' AND merged_at::DATE BETWEEN ? AND ?",
        [known.first, known.last],
    )[0]
    assert merged > 0
    assert cells["Git: Pull requests", "example/billing"][:3] == [
        *(shown("count", merged), shown("usd", cost), shown("hours", hours)),
    ]
    assert [name for heading, name in cells if heading == "Git: Pull requests"] == ["example/billing"]


ADA = {"developers": [developer("ada@example.com", "Ada")], "agents": [("claude_code", "Claude Code")]}


def test_the_cost_of_a_project_is_that_of_its_commits(handmade):
    text = handmade(
        where={"project": ["shop"]},
        views=["return"],
        usages=[usage(total_sessions=1, total_cost_usd=9.0)],
        commits=[
            commit(1, agent="claude_code", cost_usd=2.5),
            commit(2, agent="claude_code", cost_usd=4.0, project_id="other"),
        ],
        **ADA,
    )
    assert text.startswith("# $2.50 went in, 1 commit with an agent's help came out\n")
    assert parts(text)["Return: By project", "shop"] == ["$2.50", "1", "$2.50", "10"]
    assert "other" not in text


def test_who_has_no_commit_has_none_and_not_nothing_at_all(handmade):
    both = [developer("ada@example.com", "Ada"), developer("bob@example.com", "Bob")]
    text = handmade(
        where={"developer": ["bob@example.com"]},
        usages=[usage(developer="bob@example.com", total_sessions=1, total_cost_usd=1.0), usage()],
        commits=[commit(1)],
        developers=both,
        agents=ADA["agents"],
    )
    cells = parts(text)
    assert cells["Return", "Assisted commits"][0] == "0"
    assert cells["Git", "Commits"][0] == "0"
    assert cells["Git", "By agents"] == ["–", "–", "no commits"]


def test_what_nobody_knows_is_a_dash_with_its_reason(handmade):
    cells = parts(handmade(usages=[usage(total_sessions=1, total_cost_usd=None)], **ADA))
    assert cells["Cost", "Cost"] == ["–", "–", "nothing tells what it cost"]


def test_names_are_text_whatever_they_hold(handmade):
    text = handmade(
        usages=[usage(model=HOSTILE, total_sessions=1, total_tokens=1, total_output_tokens=1)],
        commits=[commit(1, agent="claude_code", project_id=HOSTILE)],
        developers=[developer("ada@example.com", HOSTILE)],
        agents=[("claude_code", HOSTILE)],
    )
    assert r"\<img src=x" in text
    assert not re.search(r"(?<!\\)[<>]", text)


def test_nothing_is_told_of_fewer_people(handmade):
    people = [f"dev{number}@example.com" for number in range(4)]
    rows = {
        "usages": [usage(developer=key, total_sessions=1, total_cost_usd=1.0) for key in people]
        + [usage(developer=people[0], agent="codex", total_sessions=1, total_cost_usd=50.0)],
        "developers": [developer(key) for key in people],
        "agents": [("claude_code", "Claude Code"), ("codex", "Codex")],
    }
    text = handmade(min_group=3, **rows)
    assert not [key for key in people if key in text.replace("\\", "")]
    assert "Codex" not in text
    assert "$50" not in text
    assert ("Return: By developer", people[0]) not in parts(text)


def test_no_person_is_chosen_where_groups_are_shown(handmade):
    with pytest.raises(SelectionError, match="not told by developer"):
        handmade(min_group=3, where={"developer": ["ada@example.com"]}, usages=[usage()], **ADA)


def test_marts_without_days_have_nothing_to_show(handmade):
    assert handmade() == "# Nothing to show yet\n\nmade by aa-pipeline\n"


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"where": {"agent": ["claud_code"]}}, "There is no agent claud_code. Did you mean claude_code?"),
        ({"where": {"model": ["x"]}}, "The dashboard is chosen by developer, agent, project, not by model."),
        ({"until": dt.date(2026, 1, 1)}, "There is nothing of these days: the first one is 2026-11-10"),
    ],
)
def test_what_is_not_there_cannot_be_chosen(handmade, chosen, message):
    with pytest.raises(SelectionError, match=re.escape(message)):
        handmade(usages=[usage(total_sessions=1)], **ADA, **chosen)


def test_days_are_the_last_30_within_those_that_there_are(tmp_path):
    early, late = DAY - dt.timedelta(days=40), DAY
    rows = {"usages": [usage(date=day, total_sessions=1) for day in (early, late)]}
    with connect(str(write_marts(tmp_path / "x.duckdb", **rows, **ADA)), read_only=True) as engine:
        assert choose(engine) == Chosen(DAY - dt.timedelta(days=29), DAY, early)
        assert choose(engine, until=early) == Chosen(early, early, early)
        assert choose(engine, since=dt.date(2020, 1, 1)).first == early
        assert choose(engine, where={"agent": ["claude_code"]}).fragment("cost") == (
            f"cost?from={DAY - dt.timedelta(days=29)}&to={DAY}&agents=claude_code"
        )


def test_the_views_are_those_of_the_page():
    assert {name: view.name for name, view in VIEWS.items()} == PAGE_VIEWS
