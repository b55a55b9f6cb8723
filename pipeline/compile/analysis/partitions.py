"""Which columns partition a model, so that it can be rebuilt in part; proven from its expression.

A column `c` partitions a model if its rows with `c = v` depend, of every table that may change, on nothing
but the rows with some column of it `= v`. Every window and every aggregation between them is partitioned
by it, every join to a table that may change is an equality on it. Where rows arrive with the values V,
it is then enough to delete the rows of the model with `c` in V, and to put there what the model makes of
the rows with V. Where several columns partition a model, so does any set of them: each narrows down what the
others leave.

A table may also be looked up in: rows of a base table that is partitioned by `c` are joined to it by other
columns. A row of it that arrives concerns the values of `c` of the base's rows that find it, by `PlanLookup`.

Whatever is not understood partitions nothing, and the model is rebuilt whole.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.compile.analysis.column_origins import Equal, Origin, Source, merged
from pipeline.models.operations import AsOf, Once
from pipeline.plan import PlanLookup


@dataclass(frozen=True)
class Partitions:
    """The columns that partition a model, if there are any.

    Attributes:
        columns: column → table that may change → the column of it with the same values.
        lookups: of the tables that may change and are not among those.
    """

    columns: Mapping[str, Mapping[str, str]]
    lookups: tuple[PlanLookup, ...] = ()


# Each tells another value at every look, or stands for an instant that moves.
UNSTEADY = (ops.Impure, ops.TimestampNow, ops.DateNow, AsOf)
JOINS = ("inner", "cross", "left", "semi", "anti")


def partitions(
    expression: ir.Table,
    tables: Mapping[ops.Relation, str],
    fixed: Collection[str] = (),
    key: Collection[str] = (),
) -> Partitions:
    """The columns that partition a table.

    Args:
        expression: the table that is made.
        tables: the tables that it is made of, with the name of each.
        fixed: names of those that hardly ever change; where one does, everything is rebuilt.
        key: the columns that are best to use.
    """
    root = expression.op()
    if any(not isinstance(node, Once) for node in root.find(UNSTEADY)):
        return Partitions({})
    changing = {name for name in tables.values() if name not in fixed}
    made = _Tracer(tables, fixed).trace(root)
    found: dict[frozenset[PlanLookup], dict[str, Mapping[str, str]]] = defaultdict(dict)
    for column, origin in made.columns.items():
        # Of fractions, two that are equal may not look the same.
        if origin.tables == changing and not root.schema[column].is_floating():
            found[origin.lookups][column] = origin.columns
    if not found:
        return Partitions({})
    # The fewer tables are looked up the better: what changes in one concerns more than is new.
    lookups = min(found, key=lambda lookups: (len(lookups), -len(found[lookups])))
    columns = found[lookups]
    columns = {column: columns[column] for column in key if column in columns} or columns
    return Partitions(columns, tuple(sorted(lookups)))


def origins(
    expression: ir.Table, tables: Mapping[ops.Relation, str], fixed: Collection[str] = ()
) -> Mapping[str, Origin]:
    """The columns that partition a part of a model."""
    return _Tracer(tables, fixed).trace(expression.op()).columns


@dataclass(frozen=True)
class _Traced:
    """What is known of a relation.

    Attributes:
        columns: those that partition it, and where their values come from.
        changes: whether anything below may change.
    """

    columns: Mapping[str, Origin]
    changes: bool = True

    def only(self, names: Collection[str]) -> "_Traced":
        return replace(self, columns={name: of for name, of in self.columns.items() if name in names})


NOTHING = _Traced({})


class _Tracer:
    """Follows an expression from its tables upwards."""

    def __init__(self, tables: Mapping[ops.Relation, str], fixed: Collection[str]) -> None:
        self._tables = tables
        self._fixed = fixed
        self._seen: dict[ops.Relation, _Traced] = {}

    def trace(self, relation: ops.Relation) -> _Traced:
        if relation not in self._seen:
            self._seen[relation] = self._rule(relation)
        return self._seen[relation]

    def _rule(self, relation: ops.Relation) -> _Traced:
        below = relation.find(ops.PhysicalTable)
        if all(self._tables.get(table) in self._fixed for table in below):
            return _Traced({name: Origin({}) for name in relation.schema.names}, changes=False)
        if relation in self._tables:
            table = self._tables[relation]
            return _Traced({name: Origin({table: name}) for name in relation.schema.names})
        match relation:
            case ops.Project():
                return self._project(relation.parent, relation.values, relation.values.values())
            case ops.Filter():
                parent = self.trace(relation.parent)
                return parent.only(_partitioned(relation.predicates, relation.parent, parent.columns))
            case ops.Aggregate():
                values = [*relation.groups.values(), *relation.metrics.values()]
                return self._project(relation.parent, relation.groups, values, aggregating=True)
            case ops.JoinChain():
                return self._join(relation)
            case ops.Union() | ops.Intersection() | ops.Difference():
                left, right = self.trace(relation.left), self.trace(relation.right)
                both = {
                    name: merged(left.columns[name], right.columns[name])
                    for name in left.columns.keys() & right.columns.keys()
                }
                return _Traced({name: origin for name, origin in both.items() if origin is not None})
            case ops.DropColumns():
                return self.trace(relation.parent).only(relation.schema.names)
            case ops.DropNull() | ops.Distinct() | ops.Sort() | ops.SelfReference() | ops.JoinReference():
                return self.trace(relation.parent)
        return NOTHING

    def _project(
        self,
        parent: ops.Relation,
        named: Mapping[str, ops.Value],
        values: Iterable[ops.Value],
        *,
        aggregating: bool = False,
    ) -> _Traced:
        """Columns that are passed on as they are, where every window is partitioned by them."""
        below = self.trace(parent).columns
        kept = _partitioned(values, parent, below, aggregating=aggregating)
        return _Traced(
            {
                name: origin
                for name, value in named.items()
                if (origin := _passed_on(value, parent, below, kept)) is not None
            }
        )

    def _join(self, chain: ops.JoinChain) -> _Traced:
        conditions = [predicate for link in chain.rest for predicate in link.predicates]
        computed = [*conditions, *chain.values.values()]
        if any(isinstance(node, MANY_ROWS) for node in parts(computed)):
            return NOTHING
        first = self.trace(chain.first.parent)
        changes = first.changes
        classes = [Equal.of(ops.Field(chain.first, name), origin) for name, origin in first.columns.items()]
        sources = {reference: self._source(reference.parent) for reference in _references(chain)}
        for link in chain.rest:
            if link.how not in JOINS:
                return NOTHING
            right = self.trace(link.table.parent)
            columns = {ops.Field(link.table, name): origin for name, origin in right.columns.items()}
            joined = [same.join(link, columns, right.changes, sources) for same in classes]
            classes = [same for same in joined if same is not None]
            if not changes and link.how in ("inner", "cross"):
                named = {field for same in classes for field in same.fields}
                classes += [
                    Equal.of(field, origin) for field, origin in columns.items() if field not in named
                ]
            changes = changes or right.changes
        origins = {field: same.origin for same in classes for field in same.shown}
        return _Traced({name: origins[value] for name, value in chain.values.items() if value in origins})

    def _source(self, relation: ops.Relation) -> Source:
        """The table that every row of a relation has values of one row of, if there is one."""
        if relation in self._tables:
            return Source(self._tables[relation], {name: name for name in relation.schema.names})
        match relation:
            case ops.Project():
                return self._source(relation.parent).passed_on(relation.values, relation.parent)
            case ops.Aggregate():
                return self._source(relation.parent).passed_on(relation.groups, relation.parent)
            case ops.Filter() | ops.Distinct() | ops.Sort() | ops.DropNull() | ops.DropColumns():
                return self._source(relation.parent)
        return Source("", {})


def _passed_on(
    value: ops.Value, parent: ops.Relation, columns: Mapping[str, Origin], kept: Collection[str]
) -> Origin | None:
    """Where a value comes from that is a column as it is, or in lower case.

    Rows that are kept apart by a text are kept apart by it in lower case as well.
    """
    if isinstance(value, ops.Lowercase):
        origin = _passed_on(value.arg, parent, columns, kept)
        return origin and origin.lower()
    if isinstance(value, ops.Field) and value.rel == parent and value.name in kept:
        return columns[value.name]
    return None


# What is computed from other rows than the one it stands in.
MANY_ROWS = (ops.WindowFunction, ops.Reduction, ops.Analytic, ops.Subquery)


def _partitioned(
    values: Iterable[ops.Value],
    parent: ops.Relation,
    columns: Collection[str],
    *,
    aggregating: bool = False,
) -> set[str]:
    """Those of the parent's columns by which every window in `values` is partitioned."""
    kept = set(columns)
    for node in parts(values):
        if isinstance(node, ops.WindowFunction):
            kept &= {
                value.name for value in node.group_by if isinstance(value, ops.Field) and value.rel == parent
            }
        elif isinstance(node, ops.Reduction) and aggregating:
            continue
        elif isinstance(node, MANY_ROWS):
            return set()
    return kept


def parts(values: Iterable[ops.Node]) -> Iterator[ops.Node]:
    """Expressions and what they are computed from, down to columns; of a window, not its function itself."""
    pending = list(values)
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ops.Field | ops.Relation | ops.Subquery):
            continue
        if isinstance(node, ops.WindowFunction):
            pending += [*node.func.__children__, *node.group_by, *node.order_by]
        else:
            pending += node.__children__


def _references(chain: ops.JoinChain) -> list[ops.JoinReference]:
    return [chain.first, *(link.table for link in chain.rest)]
