"""A week in one message: its figures are the marts', and whatever it names is text."""

import datetime as dt
import json
import re

import pytest

from pipeline.engines import connect
from pipeline.outputs.digest import Table, read_digest, render
from pipeline.outputs.digest.document import FIGURES
from tests.outputs.dashboard.marts import HOSTILE, commit, developer, usage, write_marts

MONDAY = dt.date(2026, 11, 9)
DEVELOPERS = [developer("ada@example.com", "Ada"), developer("bob@example.com", "Bob")]
AGENTS = [("claude_code", "Claude Code"), ("codex", "Codex")]


@pytest.fixture
def handmade(tmp_path):
    """Reads the digest of handmade marts."""

    def read(monday=MONDAY, min_group=1, **rows):
        marts = {"developers": DEVELOPERS, "agents": AGENTS} | rows
        with connect(str(write_marts(tmp_path / "x.duckdb", **marts)), read_only=True) as engine:
            return read_digest(engine, monday, min_group=min_group)

    return read


def on(day, **values):
    return usage(date=MONDAY + dt.timedelta(days=day), **values)


def a_week(**more):
    return {
        "usages": [
            on(-1, total_sessions=2, total_tokens=100, total_input_tokens=100, total_cost_usd=2.0),
            on(0, total_sessions=1, total_tokens=60, total_input_tokens=60, total_cost_usd=3.0),
            on(6, developer="bob@example.com", agent="codex", model="gpt-5.5", total_sessions=1,
               total_tokens=40, total_input_tokens=10, total_cache_read_tokens=30, total_cost_usd=1.0),
            on(7, total_sessions=9, total_tokens=9, total_cost_usd=9.0),
        ],
        "commits": [
            commit(1, date=MONDAY, agent="claude_code", cost_usd=3.0, agent_session_id="s1"),
            commit(2, date=MONDAY - dt.timedelta(days=3), agent="codex"),
        ],
        **more,
    }  # fmt: skip


def test_a_week_runs_from_monday_to_sunday_and_stands_beside_the_one_before(handmade):
    digest = handmade(**a_week())
    figures = {figure.metric: (figure.value, figure.before) for figure in digest.figures}
    assert [*figures] == [*FIGURES]
    assert figures["cost"] == (4.0, 2.0)
    assert figures["sessions"] == (2, 2)
    assert figures["tokens"] == (100, 100)
    assert figures["developers"] == (2, 1)
    assert figures["assisted_commits"] == (1, 1)
    assert figures["cost_per_commit"] == (4.0, 2.0)
    assert figures["cache_hit_rate"] == (0.3, 0.0)
    assert digest.tables == [
        Table(
            "By agent",
            "agent",
            ("cost", "sessions", "tokens", "assisted_commits", "cost_per_commit"),
            [("Claude Code", (3.0, 1, 60, 1, 3.0)), ("Codex", (1.0, 1, 40, 0, None))],
        ),
        Table(
            "By model",
            "model",
            ("cost", "tokens", "cache_hit_rate"),
            [("claude-opus-4-6", (3.0, 60, 0.0)), ("gpt-5.5", (1.0, 40, 0.75))],
        ),
        Table(
            "By project",
            "project",
            ("assisted_commits", "assisted_lines", "committed_cost"),
            [("shop", (1, 10, 3.0))],
        ),
    ]


def test_the_demo_has_the_figures_of_its_marts(company):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        digest = read_digest(engine, MONDAY - dt.timedelta(days=7))
        where = f"date BETWEEN '{digest.monday}' AND '{digest.sunday}'"
        sums = "sum(total_cost_usd), sum(total_sessions), sum(total_tokens), sum(unpriced_tokens)"
        (told,) = engine.fetch(f"SELECT {sums} FROM mart.fct_daily_agent_usage WHERE {where}")
    figures = {figure.metric: figure.value for figure in digest.figures}
    found = [figures[name] for name in ("cost", "sessions", "tokens", "unpriced_tokens")]
    assert found == pytest.approx([float(value) for value in told])
    for table in digest.tables[:2]:
        costs = [values[0] for _, values in table.rows if values[0] is not None]
        assert sum(costs) == pytest.approx(figures["cost"])


def test_what_nobody_knows_is_a_dash_with_its_reason_and_not_nothing(handmade):
    digest = handmade(
        usages=[on(1, total_sessions=1, total_tokens=5, total_cost_usd=None, unpriced_tokens=5)]
    )
    cost = next(figure for figure in digest.figures if figure.metric == "cost")
    assert cost.value is None
    assert cost.reason
    for output_format in ("html", "markdown"):
        assert cost.reason in render(digest, output_format).replace("\\", "")
    assert "$0.00" not in render(digest, "html")


def test_a_week_without_anything_says_so(handmade):
    digest = handmade(monday=dt.date(2020, 1, 6), **a_week())
    assert digest.tables == []
    assert render(digest, "markdown").startswith("## Nothing is known of this week")


def test_markdown_is_a_table_with_what_has_changed(handmade):
    lines = render(handmade(**a_week()), "markdown").splitlines()
    assert lines[0] == "## $4.00 went in, 1 commit with an agent's help came out"
    assert lines[2] == "9 Nov – 15 Nov 2026, beside the week before."
    assert "| Cost | $4.00 | $2.00 | +100% |" in [line.replace("\\", "") for line in lines]
    assert "| Codex | $1.00 | 1 | 40 | 0 | – |" in lines


def weeks(now, before):
    """Two weeks in each of which a day has a cost and one commit."""
    usages = [on(day, total_sessions=1, total_cost_usd=float(cost)) for day, cost in enumerate(now)]
    usages += [on(day - 7, total_sessions=1, total_cost_usd=float(cost)) for day, cost in enumerate(before)]
    days = [*range(len(now)), *(day - 7 for day in range(len(before)))]
    return {
        "usages": usages,
        "commits": [
            commit(number, date=MONDAY + dt.timedelta(days=day), agent="claude_code")
            for number, day in enumerate(days)
        ],
    }


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        ([2, 2, 2, 2], [3, 3, 3, 3], r"\[−33% to −33%; 4 and 4 days\] better"),
        ([0.1, 0.1, 0.1, 7.7], [3, 1, 5, 3], r"\[−\d+% to \+\d+%; 4 and 4 days\]"),
    ],
)
def test_a_change_of_a_ratio_that_chance_leaves_open_is_neither_better_nor_worse(handmade, now, before, told):
    text = render(handmade(**weeks(now, before)), "markdown").replace("\\", "")
    assert re.search(rf"\| Cost per commit \| \$2.00 \| \$3.00 \| −33% {told} \|", text)
    assert "In brackets: between which changes chance leaves a ratio" in text


def test_a_change_by_one_day_has_no_interval(handmade):
    (figure,) = (f for f in handmade(**weeks([2], [3, 3])).figures if f.metric == "cost_per_commit")
    assert (figure.value, figure.before, figure.chance) == (2.0, 3.0, None)


def test_what_rounds_to_no_change_is_not_called_better(handmade):
    text = render(handmade(**weeks([3.001] * 4, [3] * 4)), "markdown").replace("\\", "")
    assert "| Cost per commit | $3.00 | $3.00 | ±0% [±0% to ±0%; 4 and 4 days] |" in text


def test_json_has_exact_values(handmade):
    document = json.loads(render(handmade(**a_week()), "json"))
    assert (document["week"], document["since"], document["until"]) == (
        "2026-W46",
        "2026-11-09",
        "2026-11-15",
    )
    assert document["figures"][0] == {
        **{"metric": "cost", "label": "Cost", "unit": "usd"},
        **{"value": 4.0, "before": 2.0},
    }
    assert document["tables"][0]["rows"][0]["agent"] == "Claude Code"


def test_hostile_names_are_text_and_nothing_is_loaded(handmade):
    html = render(
        handmade(
            usages=[
                on(1, model=HOSTILE, agent=HOSTILE, total_sessions=1, total_tokens=1, total_cost_usd=1.0)
            ],
            commits=[commit(1, date=MONDAY, agent=HOSTILE, project_id=HOSTILE)],
            agents=[(HOSTILE, HOSTILE)],
        ),
        "html",
    )
    assert "<script" not in html
    assert "<img" not in html
    assert not re.search(r"<[^>]*(src|href)=", html)


def test_of_fewer_people_than_a_group_nothing_is_told(handmade):
    digest = handmade(min_group=3, **a_week())
    assert [figure for figure in digest.figures if figure.value] == []
    assert digest.tables == []


def test_two_agents_of_one_name_are_two_rows(handmade):
    same = [("claude_code", "Claude"), ("claude_cowork", "Claude")]
    usages = [on(1, agent=agent, total_sessions=1, total_cost_usd=1.0) for agent, _ in same]
    digest = handmade(usages=usages, agents=same)
    assert [(name, values[0]) for name, values in digest.tables[0].rows] == [("Claude", 1.0), ("Claude", 1.0)]


def test_a_direction_is_told_only_where_one_is_better(handmade):
    html = render(handmade(**a_week()), "html")
    told = {
        label: direction
        for label, was in re.findall(r'weight:500">([\w ]+)</th>.*?color:#\w+">(.*?)</td>', html)
        for direction in re.findall(r"\((better|worse)\)", was)
    }
    assert told == {"Active developers": "better", "Cache hit rate": "better"}  # two days tell no ratio
