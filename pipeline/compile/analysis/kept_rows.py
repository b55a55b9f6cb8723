"""Whether a table that adds columns to another one keeps that one's rows and columns as they are.

Proven from the shape of the expression: each of its operations must pass on every row once. Whatever may drop
a row, double it or make another of it is refused, even where the data would not show it.
"""

from collections.abc import Iterable, Mapping

import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.compile.analysis.column_origins import equalities
from pipeline.compile.analysis.relations import Relations

# What an operation may do to rows, as people say it.
WORDS: dict[type[ops.Relation], str] = {
    ops.Filter: "it filters rows (`filter`), which may drop some",
    ops.Aggregate: "it groups rows (`group_by`, `agg`), which makes others of them",
    ops.Distinct: "it removes rows that are alike (`distinct`)",
    ops.Limit: "it limits the number of rows (`limit`)",
    ops.DropNull: "it drops rows without a value (`drop_null`)",
    ops.Union: "it adds the rows of another table (`union`)",
    ops.Difference: "it removes the rows of another table (`difference`)",
    ops.Intersection: "it keeps only rows of another table (`intersect`)",
    ops.Sample: "it takes a sample of the rows (`sample`)",
}


class Unproven(Exception):
    """Why rows or columns may not be as they were."""


def kept_columns(expression: ir.Table, base: ir.Table, relations: Relations, *, has_key: bool) -> set[str]:
    """The columns of `base` that `expression` has under their names and with their values.

    Args:
        expression: the table with more columns.
        base: the table that it extends.
        relations: what is known of the tables that it is made of.
        has_key: whether rows of `base` are told apart by a key, which every build checks.

    Raises:
        Unproven: rows of `base` may be missing, doubled or others; says why.
    """
    of = _Kept(base.op(), relations, has_key).columns(expression.op())
    return {name for name, column in of.items() if name == column}


class _Kept:
    def __init__(self, base: ops.Relation, relations: Relations, has_key: bool) -> None:
        self._base, self._relations, self._has_key = base, relations, has_key

    def columns(self, relation: ops.Relation) -> dict[str, str]:
        """Name here → the column of the base with the same value."""
        if relation == self._base:
            return {name: name for name in relation.schema.names}
        match relation:
            case ops.Project():
                self._refuse_unnest(relation.values)
                return _passed_on(relation.values, relation.parent, self.columns(relation.parent))
            case ops.Sort() | ops.SelfReference() | ops.JoinReference():
                return self.columns(relation.parent)
            case ops.DropColumns():
                kept = self.columns(relation.parent)
                return {name: of for name, of in kept.items() if name in relation.schema.names}
            case ops.FillNull() if isinstance(relation.replacements, Mapping):
                kept = self.columns(relation.parent)
                return {name: of for name, of in kept.items() if name not in relation.replacements}
            case ops.JoinChain():
                return self._join(relation)
            case ops.PhysicalTable():
                raise Unproven(f"it returns rows of {relation.name}, not of {self._base.name}")
        raise Unproven(WORDS.get(type(relation), f"it does something to rows ({type(relation).__name__})"))

    def _join(self, chain: ops.JoinChain) -> dict[str, str]:
        kept = self.columns(chain.first.parent)
        for link in chain.rest:
            if link.how != "left":
                raise Unproven(
                    f"a row that finds nothing in a join is lost (`{link.how}_join`); use `left_join`"
                )
            rows = self._relations.rows(link.table.parent)
            own = {
                other.name
                for one, other in equalities(link.predicates)
                if other.rel == link.table and one.rel != link.table
            }
            key = rows.key_within(own)
            if key is None:
                on = ", ".join(sorted(own)) or "nothing"
                raise Unproven(
                    f"a row that finds several in a join is doubled: nothing says that {on} is in only one"
                    " row there. Join by the whole key of a table, or group by it before (`group_by`)"
                )
            if key.assumes and not self._has_key:
                raise Unproven("it joins another table, and no key would tell a row that is doubled")
        self._refuse_unnest(chain.values)
        return _passed_on(chain.values, chain.first, kept)

    def _refuse_unnest(self, values: Mapping[str, ops.Value]) -> None:
        if any(value.find(ops.Unnest, filter=ops.Value) for value in values.values()):
            raise Unproven("it makes several rows of one (`unnest`)")


def _passed_on(
    values: Mapping[str, ops.Value], parent: ops.Relation, kept: Mapping[str, str]
) -> dict[str, str]:
    return {
        name: kept[value.name]
        for name, value in values.items()
        if isinstance(value, ops.Field) and value.rel == parent and value.name in kept
    }


def listed(names: Iterable[str]) -> str:
    """Names of columns, in order."""
    return ", ".join(sorted(names))
