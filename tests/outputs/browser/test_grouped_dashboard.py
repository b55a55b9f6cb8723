"""The dashboard where no group of few people may be shown, in a real browser."""

import re

import pytest

from pipeline.engines import connect
from pipeline.outputs.dashboard import write_dashboard
from tests.outputs.browser.conftest import overflow
from tests.outputs.browser.test_dashboard import (
    FIRST,
    LAST,
    PEOPLE,
    VIEWS,
    address,
    headline_numbers,
    rows_of,
)
from tests.outputs.dashboard.marts import commit, developer, usage, write_marts

LEAST = 3


@pytest.fixture(scope="module")
def dashboard(database, tmp_path_factory):
    return write_dashboard(database, tmp_path_factory.mktemp("grouped"), min_group=LEAST).file.as_uri()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_every_view_says_what_is_folded_and_names_nobody(
    open_page, database, dashboard, accessibility_faults, view, size, scheme
):
    page = open_page(address(dashboard, view, **{"from": FIRST, "to": LAST}), size, scheme)
    page.locator(".chart svg").first.wait_for()
    notice = page.locator(".notice").first.inner_text()
    assert notice.startswith("No number here is about fewer than 3 people.")
    names = database.fetch(f"SELECT developer_id, developer_name FROM mart.dim_developers WHERE {PEOPLE}")
    content = page.content()
    assert not [name for pair in names for name in pair if re.search(rf"\b{re.escape(name)}\b", content)]
    assert "NaN" not in page.inner_text("main")
    assert accessibility_faults(page) == []
    assert overflow(page) == 0


def test_over_all_days_its_numbers_are_those_of_the_marts(open_page, database, dashboard):
    everything = {"from": FIRST, "to": LAST}
    ((cost, sessions),) = database.fetch(
        "SELECT sum(total_cost_usd), sum(total_sessions) FROM mart.fct_daily_agent_usage"
    )
    ((commits, assisted),) = database.fetch(
        "SELECT count(*), count(*) FILTER (is_agent_assisted) FROM mart.fct_git_commits"
    )
    page = open_page(address(dashboard, "cost", **everything))
    assert headline_numbers(page)["cost"] == pytest.approx(cost, rel=1e-9)
    page = open_page(address(dashboard, "agents", **everything))
    rows = rows_of(page, "Agents compared").values()
    assert sum(row["cost"] or 0 for row in rows) == pytest.approx(cost, rel=1e-9)
    assert sum(row["sessions"] or 0 for row in rows) == sessions
    assert sum(row["assisted_commits"] or 0 for row in rows) == assisted
    page = open_page(address(dashboard, "git", **everything))
    assert headline_numbers(page)["commits"] == commits
    assert headline_numbers(page)["agent_share"] == pytest.approx(assisted / commits)


def test_where_too_few_people_are_behind_a_view_it_says_so(open_page, tmp_path):
    people = ["ada", "bo", "cy"]
    path = write_marts(
        tmp_path / "x.duckdb",
        usages=[usage(developer=person, total_sessions=1) for person in people[:2]],
        commits=[commit(at, developer=person) for at, person in enumerate(people)],
        developers=[*map(developer, people)],
        agents=[("claude_code", "Claude Code")],
    )
    with connect(str(path), read_only=True) as engine:
        url = write_dashboard(engine, tmp_path / "dashboard", min_group=3).file.as_uri()
        empty = write_dashboard(engine, tmp_path / "empty", min_group=4).file.as_uri()
    page = open_page(f"{url}#cost")
    assert page.inner_text("h1") == "Too few people to show this"
    assert "Usage is not shown: it is of fewer than 3 people." in page.inner_text("main")
    page = open_page(f"{url}#git")
    assert headline_numbers(page)["commits"] == 3
    page = open_page(empty)
    assert page.inner_text("h1") == "Too few people to show anything"
