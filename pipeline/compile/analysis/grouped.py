"""Whether every row that a model takes into account is of a group that it has a row for.

If so, values that no row of the model has are of no row that counted so far: what arrives with them is all
that there is of them, and nobody has to look for more.
"""

from collections.abc import Collection, Iterable, Mapping

import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.compile.analysis.partitions import MANY_ROWS, parts


def is_grouped(expression: ir.Table, tables: Mapping[ops.Relation, str], fixed: Collection[str] = ()) -> bool:
    """Whether a model groups rows that it takes one by one from its tables, and keeps a row of each group.

    Args:
        expression: the table that is made.
        tables: the tables that it is made of, with the name of each.
        fixed: names of those that hardly ever change; groups may look something up there.
    """
    changing = {table for table, name in tables.items() if name not in fixed}
    return _keeps_each_group(expression.op(), changing)


def _keeps_each_group(relation: ops.Relation, changing: set[ops.Relation]) -> bool:
    match relation:
        case ops.Aggregate():
            return _takes_each_row(relation.parent, changing)
        case ops.Project():
            return _keeps_each_group(relation.parent, changing)
        case ops.JoinChain():
            return all(
                link.how == "left" and not changing & {*link.table.find(ops.PhysicalTable)}
                for link in relation.rest
            ) and _keeps_each_group(relation.first.parent, changing)
    return False


def _takes_each_row(relation: ops.Relation, changing: set[ops.Relation]) -> bool:
    if relation in changing:
        return True
    match relation:
        case ops.Project():
            return _alone(relation.values.values()) and _takes_each_row(relation.parent, changing)
        case ops.Filter():
            return _alone(relation.predicates) and _takes_each_row(relation.parent, changing)
        case ops.Union(distinct=False):
            return all(_takes_each_row(side, changing) for side in (relation.left, relation.right))
    return False


def _alone(values: Iterable[ops.Node]) -> bool:
    """Whether values are computed from nothing but the row that they stand in."""
    return not any(isinstance(node, MANY_ROWS) for node in parts(values))
