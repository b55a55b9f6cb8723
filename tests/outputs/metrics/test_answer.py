"""Answers about metrics: what a naive version gets wrong, each under its name; rows in, whole answers out.

That every answer is what the dashboard computes, stands in `tests/outputs/browser/test_metrics.py`.
"""

import datetime as dt

import pytest

from pipeline.engines import connect
from pipeline.errors import ModelError, SelectionError
from pipeline.outputs.metrics import METRICS, query_metric
from pipeline.outputs.metrics.expressions import DIMENSIONS, Ratio, has_dimension, operands
from tests.outputs.dashboard.marts import DAY, commit, developer, fill_marts, usage

NEXT = DAY + dt.timedelta(days=1)  # a Wednesday
PEOPLE = ["ada", "bo", "cy", "di", "ed"]
AGENTS = [("claude_code", "Claude Code"), ("codex", "Codex"), ("amp", "Amp")]


@pytest.fixture
def ask():
    """Asks about marts of these rows: ask({"usages": …}, "cost", by="agent")."""

    def asked(rows, name, **question):
        with connect(":memory:") as engine:
            people = [*map(developer, [*PEOPLE, "unknown", "dependabot[bot]"])]
            fill_marts(engine, **{"developers": people, "agents": AGENTS} | rows)
            return query_metric(engine, name, **question)

    return asked


def used(who="ada", cost=1.0, **values):
    return usage(developer=who, **{"total_sessions": 1, "total_cost_usd": cost} | values)


def told(answer):
    """Values by key, the total last."""
    rows = {row.key: row.value for row in answer.rows}
    return rows if not answer.question.by else rows | {"total": answer.total.value}


def test_a_ratio_is_sum_by_sum_and_never_a_mean_of_ratios(ask):
    rows = {"usages": [used(cost=9.0), used("bo", cost=3.0, total_sessions=3)]}
    answer = ask(rows, "cost_per_session", by="developer")
    assert told(answer) == {("ada",): 9.0, ("bo",): 1.0, "total": 3.0}


def test_people_of_two_days_are_not_added_up(ask):
    rows = {"usages": [used(), used("bo"), used(date=NEXT)]}
    assert told(ask(rows, "developers", by="day")) == {(DAY,): 2, (NEXT,): 1, "total": 2}
    assert told(ask(rows, "developers", by="week")) == {(dt.date(2026, 11, 9),): 2, "total": 2}


def test_active_days_of_several_agents_on_one_day_count_once(ask):
    rows = {"usages": [used(), used(agent="codex"), used(date=NEXT), used("bo")]}
    assert told(ask(rows, "active_days", by="agent")) == {("claude_code",): 3, ("codex",): 1, "total": 3}
    assert told(ask(rows, "several_agents", by="day")) == {(DAY,): 1, "total": 1}


def test_bots_and_the_unknown_are_no_people_but_what_they_used_counts(ask):
    rows = {"usages": [used("unknown"), used("dependabot[bot]")]}
    assert told(ask(rows, "developers")) == {(): 0}
    assert told(ask(rows, "sessions")) == {(): 2}


def test_rows_without_activity_are_nobodys_active_day(ask):
    answer = ask({"usages": [usage(developer="ada")]}, "last_active")
    assert (told(answer), answer.total.reason) == ({(): None}, "no active days")


def test_unknown_money_is_none_with_its_reason_and_never_0(ask):
    rows = {"usages": [used(cost=None), used("bo", cost=2.0), used("bo", cost=None, model="own")]}
    answer = ask(rows, "cost", by="developer")
    assert told(answer) == {("bo",): 2.0, ("ada",): None, "total": 2.0}
    assert [row.reason for row in answer.rows] == [None, "nothing tells what it cost"]
    answer = ask(rows, "cost_per_session", by="developer")
    assert told(answer) == {("bo",): 1.0, ("ada",): None, "total": 2.0 / 3}
    assert told(ask({}, "cost")) == {(): 0}


def test_what_suggestions_of_copilot_cost_nothing_tells_though_the_mart_has_a_0(ask):
    rows = {"usages": [usage(copilot_suggestions=5, copilot_acceptances=2)]}
    assert told(ask(rows, "cost")) == {(): None}
    assert told(ask(rows, "suggestion_acceptance")) == {(): 40.0}


def test_commits_whose_cost_nobody_knows_have_no_cost_of_0(ask):
    rows = {
        "commits": [
            commit(1, agent="codex", cost_usd=2.0),
            commit(2, agent="codex", cost_usd=None),
            commit(3, agent="amp", cost_usd=None),
            commit(4),
        ]
    }
    answer = ask(rows, "committed_cost_each", by="agent")
    assert told(answer) == {("codex",): 1.0, ("amp",): None, "total": 2 / 3}
    assert answer.rows[1].reason == "nothing tells what it cost"


def test_without_a_denominator_there_is_no_ratio_and_it_is_said_which(ask):
    answer = ask({"usages": [used()]}, "cost_per_commit")
    assert answer.document() == {
        "metric": "cost_per_commit",
        "label": "Cost per commit",
        "unit": "usd",
        "meaning": "Cost ÷ assisted commits; none without such commits.",
        "by": [],
        "where": {},
        "since": None,
        "until": None,
        "timezone": "UTC",
        "rows": [{"value": None, "reason": "no assisted commits"}],
        "total": {"value": None, "reason": "no assisted commits"},
        "row_count": 1,
        "is_cut": False,
        "notes": [],
    }


def test_a_share_of_an_agent_is_of_all_commits_not_of_its_own(ask):
    rows = {"commits": [commit(1, agent="codex"), commit(2, agent="amp"), commit(3), commit(4)]}
    assert told(ask(rows, "agent_share", by="agent")) == {("amp",): 0.25, ("codex",): 0.25, "total": 0.5}
    assert told(ask(rows, "agent_share", where={"agent": "codex"})) == {(): 0.25}


def test_a_share_of_cost_is_of_all_that_counts(ask):
    rows = {"usages": [used(cost=3.0), used(cost=1.0, agent="codex"), used("bo", cost=4.0)]}
    answer = ask(rows, "cost_share", by="agent", where={"developer": "ada"})
    assert told(answer) == {("claude_code",): 0.75, ("codex",): 0.25, "total": 1.0}


def test_days_a_week_are_of_the_weeks_of_the_period(ask):
    rows = {"usages": [used(), used(date=NEXT), used(date=NEXT + dt.timedelta(days=13)), used("bo")]}
    assert told(ask(rows, "days_per_week", by="developer")) == {
        ("ada",): pytest.approx(3 / (15 / 7)),
        ("bo",): pytest.approx(1 / (15 / 7)),
        "total": pytest.approx(4 / (15 / 7) / 2),
    }
    assert told(ask(rows, "days_per_week", until=NEXT)) == {(): 1.5}


def test_a_forecast_is_none_with_fewer_than_three_days_of_cost_not_0(ask):
    two = [used(cost=4.0), used(cost=8.0, date=NEXT), used(cost=0.0, date=DAY.replace(day=1))]
    answer = ask({"usages": two}, "forecast")
    assert (told(answer), answer.total.reason) == ({(): None}, "fewer than 3 days with cost")
    # 15 until the 11th; since the 9th 5 a day on three days of it, and 19 days are left
    three = [*two, used(cost=3.0, date=DAY.replace(day=9))]
    assert told(ask({"usages": three}, "forecast")) == {(): 15.0 + 19 * 5.0}
    assert told(ask({"usages": three}, "month_to_date", by="agent")) == {
        ("claude_code",): 15.0,
        "total": 15.0,
    }


def test_a_month_to_date_begins_with_the_month_whatever_the_period_does(ask):
    rows = {"usages": [used(date=DAY.replace(day=1)), used(date=NEXT), used(date=DAY.replace(month=10))]}
    answer = ask(rows, "month_to_date", since=NEXT)
    assert told(answer) == {(): 2.0}
    assert answer.notes == ["The month is counted from its first day, and the pace of days before it."]
    assert told(ask(rows, "day_cost", until=DAY)) == {(): 0}
    assert told(ask({"usages": [used(cost=None)]}, "month_to_date")) == {(): None}


def test_a_commit_without_a_project_is_of_none_and_not_left_out(ask):
    rows = {"commits": [commit(1, project_id=None), commit(2), commit(3)]}
    assert told(ask(rows, "commits", by="project")) == {("shop",): 2, (None,): 1, "total": 3}


def test_both_days_of_a_period_count(ask):
    rows = {"usages": [used(date=DAY.replace(day=day)) for day in (1, 2, 3, 4)]}
    assert told(ask(rows, "cost", since="2026-11-02", until="2026-11-03")) == {(): 2.0}
    at_noon = dt.datetime(2026, 11, 2, 12)
    assert told(ask(rows, "cost", since=at_noon, until=dt.date(2026, 11, 3))) == {(): 2.0}


def test_tokens_without_a_price_are_told_beside_every_cost(ask):
    rows = {"usages": [used(unpriced_tokens=1_200)]}
    note = (
        "1,200 tokens have neither a reported cost nor a price: every cost here is that much too low."
        " A row in seeds/model_prices.csv prices a model."
    )
    assert ask(rows, "cost").notes == ask(rows, "cost_per_commit", by="month").notes == [note]
    assert ask(rows, "sessions").notes == []


def test_time_comes_in_its_order_and_everything_else_the_largest_first(ask):
    rows = {
        "usages": [
            used(cost=1.0, date=NEXT),
            used(cost=2.0, agent="codex"),
            used(cost=None, agent="amp"),
            used(cost=0.5, date=DAY.replace(month=12)),
        ]
    }
    assert [row.key for row in ask(rows, "cost", by="day").rows] == [
        (DAY,),
        (NEXT,),
        (DAY.replace(month=12),),
    ]
    by_agent = [row.key for row in ask(rows, "cost", by="agent").rows]
    assert by_agent == [("codex",), ("claude_code",), ("amp",)]
    assert [row["month"] for row in ask(rows, "cost", by="month").document()["rows"]] == [
        "2026-11",
        "2026-12",
    ]


def test_an_answer_that_is_cut_says_so(ask):
    document = ask({"usages": [used(name) for name in PEOPLE]}, "cost", by="developer").document(limit=2)
    assert [row["developer"] for row in document["rows"]] == ["ada", "bo"]
    assert (document["row_count"], document["is_cut"]) == (5, True)
    assert document["notes"] == ["These are the first 2 of 5 rows."]
    assert document["total"] == {"value": 5.0}


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (
            {"name": "costs"},
            r"There is no metric costs\. Did you mean cost\? `aa-pipeline metrics list` lists them\.",
        ),
        ({"name": "cost", "by": "modle"}, r"its dimensions are day, .*, model\. Did you mean model\?"),
        ({"name": "cost", "by": "project"}, r"By project there are committed_cost, "),
        ({"name": "cost", "where": {"agent": ["codx"]}}, r"There is no agent codx\. Did you mean codex\?"),
        ({"name": "cost", "where": {"agent": []}}, "No agent is named that counts; leave it out"),
        ({"name": "cost", "where": {"day": "2026-11-01"}}, "Days are chosen with since and until"),
        ({"name": "cost", "since": "yesterday"}, "since: 'yesterday' is no date, such as 2026-11-01"),
        ({"name": "cost", "since": "2026-11-02", "until": "2026-11-01"}, "is after the last one"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_asked_is_said_with_what_can(ask, question, message):
    with pytest.raises(SelectionError, match=message):
        ask({"usages": [used(agent="codex")]}, **question)


def test_a_value_is_never_a_part_of_the_statement(ask):
    rows = {"commits": [commit(1, project_id="x' OR '1'='1"), commit(2)]}
    assert told(ask(rows, "commits", where={"project": "x' OR '1'='1"})) == {(): 1}


def test_marts_that_are_not_published_are_named():
    with (
        connect(":memory:") as engine,
        pytest.raises(ModelError, match="fct_daily_agent_usage is not published"),
    ):
        query_metric(engine, "cost")


def test_of_few_people_nothing_is_told(ask):
    rows = {
        "usages": [*(used(name) for name in PEOPLE[:4]), used("ed", agent="codex")],
        "commits": [commit(at, developer=name, agent="codex") for at, name in enumerate(PEOPLE[:2])],
    }
    answer = ask(rows, "cost", by="agent", min_group=3)
    assert told(answer) == {("(others)",): 5.0, "total": 5.0}
    assert answer.notes[0].startswith("No number here is about fewer than 3 people.")
    assert ask(rows, "developers", by="day", min_group=3).document()["rows"] == [{"day": DAY, "value": 3}]
    for name, question, message in (
        ("cost", {"by": "developer"}, "cost is not told by developer where .* min_group is 3, only by day, "),
        ("cost", {"where": {"developer": "ada"}}, "cost is not told by developer"),
        ("cost", {"where": {"agent": "codex"}}, "There is no agent codex"),
        ("active_days", {}, "active_days is not told where"),
        ("committed_cost", {"by": "project"}, "committed_cost is not told where"),
        ("developers", {}, "developers is told by day, week or month, or by agent over all days"),
        ("developers", {"by": "agent", "since": DAY}, "by agent over all days, and of nothing less"),
        ("commits", {}, "Too few people to tell: commits of fewer than 3 people"),
    ):
        with pytest.raises(SelectionError, match=message):
            ask(rows, name, min_group=3, **question)


@pytest.mark.parametrize("name", METRICS)
def test_rows_have_every_dimension_of_their_metric(name):
    metric = METRICS[name]
    above, *below = operands(metric.expression)
    assert metric.dimensions
    for dimension in metric.dimensions:
        assert dimension in DIMENSIONS
        assert has_dimension(above, dimension)
        # Of all commits, agents help with some: a share of an agent is one of all of them.
        assert all(has_dimension(part, dimension) for part in below) or (name, dimension) in {
            ("agent_share", "agent"),
            ("line_share", "agent"),
        }


def test_a_sum_of_money_or_of_commits_by_one_origin_adds_up_one_figure():
    for metric in METRICS.values():
        for operand in operands(metric.expression):
            figures = getattr(operand, "figures", ("",))
            assert len(figures) == 1 or (operand.fact == "usage" and "nano" not in figures)


def test_ratios_have_a_word_for_what_they_are_divided_by():
    assert all(m.expression.below.what for m in METRICS.values() if isinstance(m.expression, Ratio))
