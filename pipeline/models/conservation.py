"""Totals that must be the same from table to table: what the laws of conservation compare."""

from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.models.expressions import NANO, on_grain
from pipeline.models.splits import TOKENS

# Sums of floats differ in their last digits from order to order.
RELATIVE = 1e-6
ABSOLUTE = 1e-9


def total(table: ir.Table, **measures: ir.Scalar) -> ir.Table:
    """One row: what a table adds up to, such as `tokens=_.total_tokens.sum()`; no rows are 0."""
    return table.agg(**{name: measure.coalesce(0) for name, measure in measures.items()})


def side_by_side(first: ir.Table, *others: ir.Table) -> ir.Table:
    """Totals of several tables as one row."""
    return first.cross_join(*others)


def unequal(before: ir.Table, after: ir.Table) -> ir.Table:
    """One row if totals of the same measures differ: of each measure, how much more there is `after`."""
    both = before.cross_join(after, rname="{name}_after")
    pairs = {name: (both[name], both[f"{name}_after"]) for name in before.columns}
    return both.filter(reduce(or_, (differs(*pair) for pair in pairs.values()))).select(
        **{name: then - first for name, (first, then) in pairs.items()}
    )


def differs(left: ir.NumericValue, right: ir.NumericValue) -> ir.BooleanValue:
    """Whether two totals are not the same: counts exactly, money and seconds up to rounding."""
    if left.type().is_integer() and right.type().is_integer():
        return left != right
    left, right = left.cast("float64"), right.cast("float64")
    return (left - right).abs() > RELATIVE * ibis.greatest(left.abs(), right.abs()) + ABSOLUTE


def different_tokens(
    kind: str, usage: ir.Table, sessions: ir.Table, days: ir.Table, mart: ir.Table
) -> ir.Table:
    """One row if the tokens of one kind are not those of all usage: their sums in each table."""
    tokens = _[f"total_{kind}"]
    sums = side_by_side(
        total(usage, usage=tokens.sum(), sessionless=tokens.sum(where=_.session_id.isnull())),
        total(sessions, sessions=_[kind].sum()),
        total(days, days=tokens.sum()),
        total(mart, mart=tokens.sum()),
    )
    return sums.filter(
        (sums.usage != sums.sessions + sums.sessionless)
        | (sums.usage != sums.days)
        | (sums.usage != sums.mart)
    )


def different_split(usage: ir.Table, split: ir.Table) -> ir.Table:
    """One row per day, agent and model whose tokens or cost in a split are not those of all usage.

    Of each measure, how much more there is in the split; cost in billionths of a dollar, exactly.
    """
    grain = ["date", "agent_type", "model_name"]
    whole = {name: name if name in usage.columns else f"total_{name}" for name in TOKENS}
    before = usage.group_by(*grain).agg(
        **{f"{name}_before": usage[column].sum() for name, column in whole.items()},
        cost_before=(_.total_cost_usd * NANO).round().cast("int64").sum(),
    )
    after = split.group_by(*grain).agg(
        **{f"{name}_after": split[name].sum() for name in TOKENS},
        cost_after=(_.cost_usd * NANO).round().cast("int64").sum(),
    )
    both = on_grain(before, after, grain)
    more = {
        name: both[f"{name}_after"].fill_null(0) - both[f"{name}_before"].fill_null(0)
        for name in (*TOKENS, "cost")
    }
    return both.select(*grain, **more).filter(reduce(or_, (_[name] != 0 for name in more)))
