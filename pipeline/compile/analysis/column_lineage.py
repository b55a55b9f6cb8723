"""Column lineage, read from the expression that makes a table: nothing is guessed from SQL text.

Of each column, and of the rows as such, it says what they come from: (upstream table, its column, kind).

* value: computed from it
* filter: it decides whether a row counts, or which of several values
* join key: rows are matched by it
* group key: rows are grouped, partitioned or made distinct by it
* order: rows are put in order by it, where that changes a value or what is kept

What decides which rows a table has, and how many, concerns all of its columns; it stands once, under
`ROWS`. A column has besides that only what its own value depends on: `(t, ROWS, value)` means that the
rows of `t` themselves are counted. A table that is joined to add columns, at most one row each, touches
those columns alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.plan.lineage import FILTER, GROUP_KEY, JOIN_KEY, ORDER, ROWS, VALUE

Edge = tuple[str, str, str]  # upstream table, its column, kind
Edges = frozenset[Edge]
Keys = Callable[[ops.Relation], Iterable[frozenset[str]]]

NONE: Edges = frozenset()


def lineage(
    expression: ir.Table, tables: Mapping[ops.Relation, str], keys: Keys = lambda relation: ()
) -> dict[str, list[list[str]]]:
    """What each column of an expression comes from, and under `ROWS` its rows.

    Args:
        expression: the table that is made.
        tables: the tables that it is made of, with the name of each.
        keys: the sets of columns of a relation that no two of its rows share, as far as known.
    """
    made = _Tracer(tables, keys).trace(expression.op())
    shared = {edge for edge in made.rows if edge[2] != VALUE}
    found = {ROWS: made.rows} | {name: edges - shared for name, edges in made.columns.items()}
    return {name: [list(edge) for edge in sorted(edges)] for name, edges in found.items()}


@dataclass(frozen=True)
class _Traced:
    """What a relation comes from.

    Attributes:
        columns: of each column, what its value depends on beyond `rows`.
        rows: what decides which rows there are.
        order: what they are in order of; it matters to whoever takes the first of them.
    """

    columns: Mapping[str, Edges]
    rows: Edges
    order: Edges = field(default=NONE)

    @property
    def all_columns(self) -> Edges:
        return frozenset().union(*self.columns.values())


Scope = Callable[[ops.Relation], _Traced]


class _Tracer:
    """Follows an expression from its tables upwards."""

    def __init__(self, tables: Mapping[ops.Relation, str], keys: Keys) -> None:
        self._tables = tables
        self._keys = keys
        self._seen: dict[ops.Relation, _Traced] = {}

    def trace(self, relation: ops.Relation) -> _Traced:
        if relation not in self._seen:
            self._seen[relation] = self._rule(relation)
        return self._seen[relation]

    def _rule(self, relation: ops.Relation) -> _Traced:
        if relation in self._tables:
            table = self._tables[relation]
            columns = {name: frozenset([(table, name, VALUE)]) for name in relation.schema.names}
            return _Traced(columns, frozenset([(table, ROWS, VALUE)]))
        match relation:
            case ops.Project():
                parent = self.trace(relation.parent)
                columns = {name: self._value(value) for name, value in relation.values.items()}
                return _Traced(columns, parent.rows, parent.order)
            case ops.Filter():
                parent = self.trace(relation.parent)
                decided = _as(FILTER, self._values(relation.predicates))
                return _Traced(parent.columns, parent.rows | decided, parent.order)
            case ops.DropNull():
                parent = self.trace(relation.parent)
                dropped = parent.all_columns if relation.subset is None else self._values(relation.subset)
                return _Traced(parent.columns, parent.rows | _as(FILTER, dropped), parent.order)
            case ops.Aggregate():
                return self._aggregate(relation)
            case ops.Distinct():
                parent = self.trace(relation.parent)
                return _Traced(parent.columns, parent.rows | _as(GROUP_KEY, parent.all_columns))
            case ops.JoinChain():
                return self._join(relation)
            case ops.Union():
                return self._union(relation)
            case ops.Intersection() | ops.Difference():
                left, right = self.trace(relation.left), self.trace(relation.right)
                matched = _as(JOIN_KEY, left.all_columns | right.all_columns | right.rows)
                return _Traced(left.columns, left.rows | matched)
            case ops.Sort():
                parent = self.trace(relation.parent)
                return _Traced(parent.columns, parent.rows, _as(ORDER, self._values(relation.keys)))
            case ops.Limit():
                parent = self.trace(relation.parent)
                return _Traced(parent.columns, parent.rows | parent.order, parent.order)
            case ops.DropColumns():
                parent = self.trace(relation.parent)
                kept = {name: parent.columns[name] for name in relation.schema.names}
                return _Traced(kept, parent.rows, parent.order)
            case ops.FillNull():
                return self._fill_null(relation)
            case ops.SelfReference() | ops.JoinReference() | ops.Sample():
                return self.trace(relation.parent)
        return self._anything(relation)

    def _aggregate(self, aggregate: ops.Aggregate) -> _Traced:
        parent = self.trace(aggregate.parent)
        groups = {name: self._value(value) for name, value in aggregate.groups.items()}
        metrics = {name: self._value(value) for name, value in aggregate.metrics.items()}
        if groups:
            return _Traced(
                groups | metrics, parent.rows | _as(GROUP_KEY, frozenset().union(*groups.values()))
            )
        # There is always one row; what it says depends on the rows that there were.
        return _Traced({name: edges | _indirect(parent.rows) for name, edges in metrics.items()}, NONE)

    def _union(self, union: ops.Union) -> _Traced:
        left, right = self.trace(union.left), self.trace(union.right)
        columns = {name: left.columns[name] | right.columns[name] for name in union.schema.names}
        rows = left.rows | right.rows
        if union.distinct:
            rows |= _as(GROUP_KEY, frozenset().union(*columns.values()))
        return _Traced(columns, rows)

    def _fill_null(self, filled: ops.FillNull) -> _Traced:
        parent = self.trace(filled.parent)
        replacements = filled.replacements
        if not isinstance(replacements, Mapping):
            replacements = dict.fromkeys(parent.columns, replacements)
        columns = dict(parent.columns)
        for name, value in replacements.items():
            if isinstance(value, ops.Value):
                columns[name] |= self._value(value)
        return _Traced(columns, parent.rows, parent.order)

    def _join(self, chain: ops.JoinChain) -> _Traced:
        sides = {chain.first: self.trace(chain.first.parent)}
        rows = sides[chain.first].rows
        for link in chain.rest:
            right = self.trace(link.table.parent)
            sides[link.table] = right
            matched = _as(JOIN_KEY, self._values(link.predicates, sides.__getitem__))
            if link.how in ("left", "any_left") and self._at_most_one(link):
                # It adds columns and leaves the rows as they are.
                decides = _indirect(right.rows) | matched
                added = {name: edges | decides for name, edges in right.columns.items()}
                sides[link.table] = _Traced(added, right.rows)
            elif link.how in ("semi", "anti"):
                rows |= matched | _as(JOIN_KEY, right.rows)
            else:
                rows |= matched | right.rows
        columns = {name: self._value(value, sides.__getitem__) for name, value in chain.values.items()}
        return _Traced(columns, rows)

    def _at_most_one(self, link: ops.JoinLink) -> bool:
        """Whether each row meets at most one row of the table that is joined to it."""
        if link.how == "any_left":
            return True
        equal = {
            side.name
            for predicate in link.predicates
            if isinstance(predicate, ops.Equals)
            for side in (predicate.left, predicate.right)
            if isinstance(side, ops.Field) and side.rel == link.table
        }
        return any(key <= equal for key in self._keys(link.table.parent))

    def _anything(self, relation: ops.Relation) -> _Traced:
        """A relation that we know nothing of: everything may depend on everything below it."""
        parents = [self.trace(child) for child in relation.__children__ if isinstance(child, ops.Relation)]
        columns = frozenset().union(*(parent.all_columns for parent in parents))
        rows = frozenset().union(*(parent.rows for parent in parents))
        return _Traced(dict.fromkeys(relation.schema.names, columns), rows | _as(FILTER, columns))

    def _values(self, values: Iterable[ops.Value], scope: Scope | None = None) -> Edges:
        return frozenset().union(*(self._value(value, scope) for value in values))

    def _value(self, value: ops.Node, scope: Scope | None = None) -> Edges:
        """What an expression over columns depends on; `scope` says what a relation comes from."""
        scope = scope or self.trace
        found: set[Edge] = set()
        pending: list[tuple[ops.Node, str]] = [(value, VALUE)]
        seen = set()
        while pending:
            node, kind = pending.pop()
            if (node, kind) in seen:
                continue
            seen.add((node, kind))
            match node:
                case ops.Field():
                    found |= _as(kind, scope(node.rel).columns[node.name])
                case ops.ScalarSubquery():
                    inner = self.trace(node.rel)
                    found |= _as(kind, inner.all_columns) | _indirect(inner.rows)
                case ops.InSubquery():
                    inner = self.trace(node.rel)
                    found |= _as(JOIN_KEY, inner.all_columns | inner.rows)
                    pending.append((node.needle, JOIN_KEY))
                case ops.ExistsSubquery():
                    found |= _as(JOIN_KEY, self.trace(node.rel).rows)
                case ops.Relation():  # the rows themselves, as in count()
                    found |= _as(
                        kind, frozenset(edge for edge in scope(node).rows if edge[1:] == (ROWS, VALUE))
                    )
                case _:
                    # Whatever is computed for a filter or a key is a part of that filter or key.
                    pending += [(part, (kind == VALUE and role) or kind) for part, role in _parts(node)]
        return frozenset(found)


def _parts(node: ops.Node) -> Iterator[tuple[ops.Node, str | None]]:
    """The parts of an expression, each with its kind; None for what is computed with."""
    match node:
        case ops.WindowFunction():
            yield from ((part, None) for part in (node.func, node.start, node.end) if part is not None)
            yield from ((part, GROUP_KEY) for part in node.group_by)
            yield from ((part, ORDER) for part in node.order_by)
        case ops.Reduction():
            roles = {"where": FILTER, "order_by": ORDER}
            if isinstance(node, ops.ArgMin | ops.ArgMax):
                roles["key"] = ORDER
            for name, argument in zip(node.argnames, node.args, strict=True):
                parts = argument if isinstance(argument, tuple) else (argument,)
                yield from ((part, roles.get(name)) for part in parts if isinstance(part, ops.Node))
        case ops.IfElse():
            yield from _choice([node.bool_expr], [node.true_expr, node.false_null_expr])
        case ops.SearchedCase():
            yield from _choice(node.cases, [*node.results, node.default])
        case ops.SimpleCase():
            yield from _choice([node.base, *node.cases], [*node.results, node.default])
        case _:
            yield from ((child, None) for child in node.__children__)


def _choice(
    conditions: Iterable[ops.Node], results: Sequence[ops.Node]
) -> Iterator[tuple[ops.Node, str | None]]:
    """Conditions choose between values, as filters do; between constants, they are what the value says."""
    has_values = any(result.find(ops.Field) for result in results)
    yield from ((result, None) for result in results)
    yield from ((condition, FILTER if has_values else None) for condition in conditions)


def _as(kind: str, edges: Edges) -> Edges:
    """The same sources, where what was computed serves as a `kind`."""
    return edges if kind == VALUE else frozenset((t, c, kind if k == VALUE else k) for t, c, k in edges)


def _indirect(rows: Edges) -> Edges:
    """What decided which rows there are, without the rows as such."""
    return frozenset(edge for edge in rows if edge[2] != VALUE)
