"""The law of budgets: which months and years cost more than they may."""

import datetime as dt

import duckdb
import ibis

from pipeline.compile.graph import discover, discover_laws
from pipeline.models.laws.inside_budget import inside_budget
from pipeline.system.compat import ibis_duckdb
from pipeline.testing import rows
from schemas.marts import FctBudgets


def test_broken_budgets_break_the_law_and_no_others():
    start = dt.date(2026, 11, 1)
    given = rows(
        "fct_budgets",
        {"scope": "all", "period_start": start, "status": "holds"},
        {"scope": "agent:codex", "period_start": start, "status": "broken"},
    )
    table = ibis.memtable(given, schema=FctBudgets.columns())
    found = ibis_duckdb(duckdb.connect()).to_pyarrow(inside_budget(table)).to_pylist()
    assert [row["scope"] for row in found] == ["agent:codex"]


def test_passed_budget_is_a_warning():
    assert [law.severity for law in discover_laws(discover()) if law.name == "inside_budget"] == ["warn"]
