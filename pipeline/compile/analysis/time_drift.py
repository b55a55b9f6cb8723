"""Whether time alone changes the rows of a model: asked of the rows at the edge of its window, not of all."""

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.compile.analysis.partitions import Partitions, origins, partitions, parts
from pipeline.models.operations import AsOf


class AsOfBefore(AsOf):
    """The instant for which a model's rows were made."""


def time_drift(expression: ir.Table) -> ir.Scalar | None:
    """How many rows the filters of a model take at one instant and not at the other.

    0 means that its rows are the same at both. None if the instant is not used by filters alone.
    """
    edges = _edges(expression)
    counts = [edge.count() for edge in edges or ()]
    return sum(counts[1:], counts[0]) if counts else None


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
    for relation in expression.op().find(ops.Relation):
        of_time = [
            child
            for child in relation.__children__
            if not isinstance(child, ops.Relation) and any(isinstance(part, AsOf) for part in parts([child]))
        ]
        if of_time and (not isinstance(relation, ops.Filter) or relation.parent.find(AsOf)):
            return None
        for predicate in of_time:
            now, before = (
                ibis.ifelse(taken.to_expr(), 1, 0)
                for taken in (predicate, predicate.replace({AsOf(): AsOfBefore()}))
            )
            edges.append(relation.parent.to_expr().filter(now != before))
    return edges
