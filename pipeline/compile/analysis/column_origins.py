"""Where values of a column come from, and what of that a join keeps: the domain of `partitions`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import ibis.expr.operations as ops

from pipeline.plan import PlanLookup
from pipeline.plan.plan import lowered


@dataclass(frozen=True)
class Origin:
    """Where the values of a column come from.

    Attributes:
        columns: table that may change → its column with the same values, maybe in lower case (`lowered`).
        lookups: tables that concern a value only through rows of a table in `columns`.
    """

    columns: Mapping[str, str]
    lookups: frozenset[PlanLookup] = frozenset()

    def lower(self) -> "Origin | None":
        """Where the values in lower case come from; None where other tables are looked up for them."""
        return None if self.lookups else Origin({name: lowered(of) for name, of in self.columns.items()})

    @property
    def tables(self) -> set[str]:
        """Every table that concerns the values."""
        return {*self.columns, *(lookup.table for lookup in self.lookups)}


@dataclass(frozen=True)
class Source:
    """A table, and which columns of a relation have values of it, all of one row."""

    table: str
    columns: Mapping[str, str]

    def passed_on(self, named: Mapping[str, ops.Value], parent: ops.Relation) -> "Source":
        """The same of a relation with these values of its parent's columns."""
        columns = {
            name: self.columns[value.name]
            for name, value in named.items()
            if isinstance(value, ops.Field) and value.rel == parent and value.name in self.columns
        }
        return Source(self.table, columns)


@dataclass(frozen=True)
class Equal:
    """Columns of joined tables that are equal wherever rows of both tables meet.

    Attributes:
        fields: all of them.
        shown: those that have the value in every row; a left join leaves others NULL.
        origin: where the value comes from.
    """

    fields: frozenset[ops.Field]
    shown: frozenset[ops.Field]
    origin: Origin

    @classmethod
    def of(cls, field: ops.Field, origin: Origin) -> "Equal":
        return cls(frozenset([field]), frozenset([field]), origin)

    def join(
        self,
        link: ops.JoinLink,
        columns: Mapping[ops.Field, Origin],
        changes: bool,
        sources: Mapping[ops.JoinReference, Source],
    ) -> "Equal | None":
        """What is left of it when another table is joined; None if its rows then depend on others."""
        for one, other in equalities(link.predicates):
            if one in self.fields and other in columns:
                origin = merged(self.origin, columns[other])
                if origin is not None:
                    shown = self.shown | {other} if link.how == "inner" else self.shown
                    return Equal(self.fields | {other}, shown, origin)
        return self._look_up(link, columns, sources) if changes else self

    def _look_up(
        self,
        link: ops.JoinLink,
        columns: Mapping[ops.Field, Origin],
        sources: Mapping[ops.JoinReference, Source],
    ) -> "Equal | None":
        """The same, where rows of one table find the other by columns of their own.

        Which rows look up what arrives may be told by fewer columns than the join has: that concerns more
        values than it must, and none too few. All of them have to be of one row of the base.
        """
        for field in self.fields:
            source = sources[field.rel]
            column = source.columns.get(field.name)
            if column is None or self.origin.columns.get(source.table) != column:
                continue
            found = [
                (source.columns[one.name], columns[other])
                for one, other in equalities(link.predicates)
                if one.rel == field.rel and one.name in source.columns and other in columns
            ]
            if not found or any(origin.lookups for _, origin in found):
                continue
            tables = set.intersection(*({*origin.columns} for _, origin in found))
            lookups = {
                PlanLookup(
                    table,
                    source.table,
                    tuple(sorted({(name, origin.columns[table]) for name, origin in found})),
                )
                for table in tables
            }
            origin = merged(self.origin, Origin({}, frozenset(lookups)))
            if tables and origin is not None:
                return replace(self, origin=origin)
        return None


def merged(left: Origin, right: Origin) -> Origin | None:
    """Both, unless they use one table in two ways: it is restricted once for all its uses, or not at all."""
    shared = left.columns.keys() & right.columns.keys()
    if any(left.columns[table] != right.columns[table] for table in shared):
        return None
    both = Origin({**left.columns, **right.columns}, left.lookups | right.lookups)
    looked_up = [lookup.table for lookup in both.lookups]
    return None if both.columns.keys() & {*looked_up} else both


def equalities(predicates: Iterable[ops.Value]) -> Iterator[tuple[ops.Field, ops.Field]]:
    """Pairs of columns of one type that must be equal, either way round."""
    pending = list(predicates)
    while pending:
        predicate = pending.pop()
        if isinstance(predicate, ops.And):
            pending += [predicate.left, predicate.right]
        elif isinstance(predicate, ops.Equals):
            left, right = predicate.left, predicate.right
            if (
                isinstance(left, ops.Field)
                and isinstance(right, ops.Field)
                and left.dtype.copy(nullable=True) == right.dtype.copy(nullable=True)
            ):
                yield left, right
                yield right, left
