"""The same days, sessions, tokens and money as in the marts."""

import pytest

from pipeline.engines import connect
from pipeline.outputs.usage import KINDS, read_usage

COSTS = "SELECT date, SUM(daily_cost_usd) FROM mart.fct_agent_costs GROUP BY date"
USAGE = """
SELECT date, SUM(total_tokens)::BIGINT, SUM(total_sessions)::BIGINT, SUM(total_input_tokens)::BIGINT,
       SUM(total_output_tokens)::BIGINT, SUM(total_cache_creation_tokens)::BIGINT,
       SUM(total_cache_read_tokens)::BIGINT, SUM(unpriced_tokens)::BIGINT
FROM mart.fct_daily_agent_usage WHERE total_tokens > 0 OR total_sessions > 0 GROUP BY date ORDER BY date
"""


@pytest.fixture(scope="module")
def engine(company):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        yield engine


def test_every_day_costs_what_the_mart_says(engine):
    found = {row.labels["day"]: row.figures.cost_usd for row in read_usage(engine).rows}
    assert {day: pytest.approx(cost, rel=1e-9) for day, cost in engine.fetch(COSTS)} == {
        day: cost for day, cost in found.items() if cost
    }


def test_every_day_has_the_tokens_and_sessions_of_the_mart(engine):
    figures = ("total_tokens", "sessions", "input_tokens", "output_tokens", "cache_creation_tokens")
    figures += ("cache_read_tokens", "unpriced_tokens")
    found = [
        (row.labels["day"], *(getattr(row.figures, name) for name in figures))
        for row in read_usage(engine).rows
    ]
    assert found == engine.fetch(USAGE)


@pytest.mark.parametrize("by", KINDS)
def test_whatever_the_rows_are_they_cost_what_all_days_of_the_mart_cost(engine, by):
    total = sum(cost for _, cost in engine.fetch(COSTS))
    assert read_usage(engine, by).total.cost_usd == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("by", [by for by in KINDS if by != "block"])
def test_so_do_the_days_that_are_asked_for(engine, by):
    days = sorted(day for day, _ in engine.fetch(COSTS))
    first, last = days[5], days[-5]
    total = sum(cost for day, cost in engine.fetch(COSTS) if first <= day <= last)
    found = read_usage(engine, by, since=first, until=last)
    assert found.total.cost_usd == pytest.approx(total, rel=1e-9)
