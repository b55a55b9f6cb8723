"""Whether time alone changes the rows of a model: asked of the rows at the edge of its window, not of all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce
from operator import add

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.compile.analysis.partitions import Partitions, origins, partitions, parts
from pipeline.models.operations import AsOf, LocalTime


class AsOfBefore(AsOf):
    """The instant for which a model's rows were made."""


def time_drift(expression: ir.Table) -> ir.Scalar | None:
    """How many rows the filters and columns of a model take otherwise at one instant than at the other.

    0 means that its rows are the same at both; of what only asks for the calendar day, another day is 1. None
    if the instant is not used, or otherwise.
    """
    counts: list[ir.IntegerScalar] = []
    days: dict[ops.Value, None] = {}
    for relation, values in _of_time(expression):
        asks_for_the_day = _asks_for_the_day(values)
        # Of a filter the rows are asked all the same: on most days none leaves the window.
        edge = _edge(relation, values) if _is_filter(relation) or not asks_for_the_day else None
        if edge is not None:
            counts.append(edge.count())
        elif asks_for_the_day:
            days |= dict.fromkeys(_days(values))
        else:
            return None
    counts += map(_is_another_day, days)
    return reduce(add, counts) if counts else None


def partitions_over_time(
    expression: ir.Table,
    tables: Mapping[ops.Relation, str],
    fixed: Collection[str] = (),
    key: Collection[str] = (),
) -> tuple[Partitions, ir.Table | None]:
    """The columns that partition a table at one instant, and their values whose rows another has changed.

    A filter takes other rows at another instant. Where nothing else looks at the clock, time concerns the
    values of the rows at its edge, and no others.
    """
    edges = _edges(expression)
    if edges is None:
        return Partitions({}), None
    if not edges:
        return partitions(expression, tables, fixed, key), None
    still = expression.op().replace({AsOf(): ibis.timestamp("2000-01-01 00:00:00", timezone="UTC").op()})
    found = partitions(still.to_expr(), tables, fixed, key)
    if not found.columns:
        return found, None
    values = []
    for edge in edges:
        columns = {column: _values(edge, of, tables, fixed) for column, of in found.columns.items()}
        known = {column: value for column, value in columns.items() if value is not None}
        if known.keys() != columns.keys():
            return Partitions({}), None
        values.append(edge.select(**known))
    return found, (ibis.union(*values, distinct=True) if values[1:] else values[0].distinct())


def _values(
    edge: ir.Table, of: Mapping[str, str], tables: Mapping[ops.Relation, str], fixed: Collection[str]
) -> ir.Value | None:
    """The values of the tables' columns `of` in rows that are made of them; None if they are not there."""
    for name, origin in origins(edge, tables, fixed).items():
        if origin.columns and origin.columns.items() <= of.items():
            return edge[name]
        lower = origin.lower()
        if lower and lower.columns and lower.columns.items() <= of.items():
            return edge[name].lower()
    return None


def _edges(expression: ir.Table) -> list[ir.Table] | None:
    """The rows that a filter takes at one instant and not at the other; None if not filters alone use it."""
    edges = []
    for relation, values in _of_time(expression):
        edge = _edge(relation, values) if _is_filter(relation) else None
        if edge is None:
            return None
        edges.append(edge)
    return edges


def _of_time(expression: ir.Table) -> Iterator[tuple[ops.Relation, list[ops.Value]]]:
    """The relations that ask for the instant themselves, and what asks in each."""
    for relation in expression.op().find(ops.Relation):
        values = [
            child
            for child in relation.__children__
            if not isinstance(child, ops.Relation) and any(isinstance(part, AsOf) for part in parts([child]))
        ]
        if values:
            yield relation, values


def _is_filter(relation: ops.Relation) -> bool:
    return isinstance(relation, ops.Filter)


def _edge(relation: ops.Relation, values: Sequence[ops.Value]) -> ir.Table | None:
    """The rows that a filter or a column takes otherwise at the other instant; None if nobody can ask."""
    if not isinstance(relation, ops.Filter | ops.Project) or relation.parent.find(AsOf):
        return None
    if not all(value.dtype.is_boolean() for value in values):
        return None
    if any(isinstance(part, ops.WindowFunction) for part in parts(values)):
        return None
    changed = (
        _answer(value.to_expr()) != _answer(value.replace({AsOf(): AsOfBefore()}).to_expr())
        for value in values
    )
    return relation.parent.to_expr().filter(ibis.or_(*changed))


def _answer(value: ir.BooleanValue) -> ir.IntegerValue:
    """Yes, no or NULL, as numbers that can be compared."""
    return ibis.cases((value, 1), (value.isnull(), 2), else_=0)


def _days(values: Sequence[ops.Value]) -> list[ops.Value]:
    """The calendar days of the instant that are asked for."""
    return [
        part
        for part in parts(values)
        if isinstance(part, ops.Date) and isinstance(part.arg, LocalTime) and isinstance(part.arg.arg, AsOf)
    ]


def _asks_for_the_day(values: Sequence[ops.Value]) -> bool:
    """Whether only a calendar day of the instant is asked for."""
    asked = sum(isinstance(part, AsOf) for part in parts(values))
    return asked == len(_days(values))


def _is_another_day(day: ops.Value) -> ir.IntegerScalar:
    before = day.replace({AsOf(): AsOfBefore()}).to_expr()
    return ibis.ifelse(day.to_expr() != before, 1, 0)
