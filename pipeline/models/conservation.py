"""Totals that must be the same from table to table: what the laws of conservation compare."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir
from ibis import _

# Sums of floats differ in their last digits from order to order.
RELATIVE = 1e-6
ABSOLUTE = 1e-9

Measures = dict[str, ir.Scalar]


@dataclass(frozen=True)
class Total:
    """What rows of one table, or of several together, add up to; see `total`."""

    parts: tuple[tuple[ir.Table, Measures], ...]

    def __add__(self, other: "Total") -> "Total":
        return Total(self.parts + other.parts)


def total(table: ir.Table, **measures: ir.Scalar) -> Total:
    """What a table adds up to, such as `tokens=_.total_tokens.sum()`; no rows are 0."""
    return Total(((table, measures),))


def unequal(**steps: Total) -> ir.Table:
    """Where totals change on the way of the data: one row per table that has others than the one before.

    Args:
        **steps: the totals by table, in the order of the way, all of the same measures.

    Returns:
        `table`; of each measure its total there, and under `<measure>_before` that of the table before.
    """
    parts = [
        table.agg(step=ibis.literal(number, "int64"), table=ibis.literal(name), **measures)
        for number, (name, total) in enumerate(steps.items())
        for table, measures in total.parts
    ]
    measures = parts[0].columns[2:]
    totals = (
        ibis.union(*parts)
        .group_by("step", "table")
        .agg(**{name: _[name].sum().coalesce(0) for name in measures})
    )
    before = {f"{name}_before": totals[name].lag().over(order_by=totals.step) for name in measures}
    both = totals.mutate(**before)
    has_changed = reduce(or_, (differs(both[f"{name}_before"], both[name]) for name in measures))
    return both.filter(has_changed).drop("step")


def differs(left: ir.NumericValue, right: ir.NumericValue) -> ir.BooleanValue:
    """Whether two totals are not the same: counts exactly, money and seconds up to rounding."""
    if left.type().is_integer() and right.type().is_integer():
        return left != right
    left, right = left.cast("float64"), right.cast("float64")
    return (left - right).abs() > RELATIVE * ibis.greatest(left.abs(), right.abs()) + ABSOLUTE


def different_tokens(
    kind: str, usage: ir.Table, costs: ir.Table, sessions: ir.Table, days: ir.Table, mart: ir.Table
) -> ir.Table:
    """Where the tokens of one kind are not those of all usage."""
    of_all = f"total_{kind.removeprefix('total_')}"
    return unequal(
        stg_agent_token_usage=total(usage, **{kind: usage[of_all].sum()}),
        int_usage_costs=total(costs, **{kind: costs[kind].sum()}),
        int_sessions_with_costs=total(sessions, **{kind: sessions[kind].sum()})
        + total(costs, **{kind: costs[kind].sum(where=costs.session_id.isnull())}),
        int_agent_daily_aggregates=total(days, **{kind: days[of_all].sum()}),
        fct_daily_agent_usage=total(mart, **{kind: mart[of_all].sum()}),
    )
