"""The law of budgets: which months cost more than they may."""

import datetime as dt

import duckdb
import ibis

from pipeline.compile.graph import discover, discover_laws
from pipeline.models.laws.inside_budget import inside_budget
from pipeline.system.compat import ibis_duckdb
from schemas.marts import FctAgentCosts
from schemas.seeds import Budgets

OCTOBER, NOVEMBER = dt.date(2026, 10, 1), dt.date(2026, 11, 1)


def over_budget(costs, budgets):
    """Scope, month, budget and cost of every budget that is passed."""
    tables = {
        "fct_agent_costs": ibis.memtable(
            [dict.fromkeys(FctAgentCosts.columns(), 1.0) | row for row in costs],
            schema=FctAgentCosts.columns(),
        ),
        "budgets": ibis.memtable(budgets, schema=Budgets.columns()),
    }
    found = ibis_duckdb(duckdb.connect()).to_pyarrow(inside_budget(**tables)).to_pylist()
    return sorted((row["scope"], row["month"], row["budget_usd"], row["spent_usd"]) for row in found)


def cost(date, developer, agent, usd):
    return {"date": date, "developer_id": developer, "agent_type": agent, "daily_cost_usd": usd}


def budget(scope, month, usd):
    return {"scope": scope, "month": month, "budget_usd": usd}


COSTS = [
    cost(dt.date(2026, 10, 31), "ada", "codex", 100.0),
    cost(dt.date(2026, 11, 1), "ada", "codex", 2.0),
    cost(dt.date(2026, 11, 30), "ada", "claude_code", 3.0),
    cost(dt.date(2026, 11, 30), "bob", "codex", 4.0),
]


def test_budget_is_compared_with_the_cost_of_its_scope_and_month():
    passed = [
        budget("all", NOVEMBER, 8.99),
        budget("developer:ada", NOVEMBER, 4.99),
        budget("agent:codex", NOVEMBER, 5.99),
    ]
    assert over_budget(COSTS, passed) == [
        ("agent:codex", NOVEMBER, 5.99, 6.0),
        ("all", NOVEMBER, 8.99, 9.0),
        ("developer:ada", NOVEMBER, 4.99, 5.0),
    ]


def test_budget_that_is_just_reached_or_of_nobody_holds():
    held = [
        budget("all", NOVEMBER, 9.0),
        budget("all", OCTOBER, 100.0),
        budget("developer:eve", NOVEMBER, 0.0),
        budget("ada", NOVEMBER, 0.0),
    ]
    assert over_budget(COSTS, held) == []


def test_passed_budget_is_a_warning():
    assert [law.severity for law in discover_laws(discover()) if law.name == "inside_budget"] == ["warn"]
