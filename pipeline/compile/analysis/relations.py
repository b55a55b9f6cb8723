"""What is known of the rows of an expression, one rule per relation."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import ibis.expr.operations as ops
from ibis import literal

from pipeline.compile.analysis.joins import MOST_KEYS, Joined, Pair
from pipeline.compile.analysis.properties import ANYTHING, Column, Key, Rows, one_of
from pipeline.compile.analysis.values import Scope, known


class Relations:
    """Follows an expression from its tables upwards.

    Args:
        tables: what is known of the tables that it reads, by name.
    """

    def __init__(self, tables: Mapping[str, Rows]) -> None:
        self._tables = tables
        self._seen: dict[ops.Relation, Rows] = {}

    def rows(self, relation: ops.Relation) -> Rows:
        """What is known of the rows of a relation."""
        if relation not in self._seen:
            found = self._rule(relation)
            self._seen[relation] = replace(found, keys=_fewest(found.keys))
        return self._seen[relation]

    def _column(self, relation: ops.Relation, name: str) -> Column:
        return self.rows(relation).columns[name]

    def _rule(self, relation: ops.Relation) -> Rows:
        match relation:
            case ops.UnboundTable() if relation.name in self._tables:
                return self._tables[relation.name]
            case ops.Project():
                scope = Scope(self._column)
                columns = {name: known(value, scope) for name, value in relation.values.items()}
                names = _names(relation.values, relation.parent)
                return Rows(columns, _renamed(self.rows(relation.parent).keys, names))
            case ops.Filter():
                return self._filter(relation)
            case ops.Aggregate():
                return self._aggregate(relation)
            case ops.Distinct():
                rows = self.rows(relation.parent)
                return replace(rows, keys=(*rows.keys, Key(frozenset(rows.columns), "distinct")))
            case ops.JoinChain():
                return self._join(relation)
            case ops.Union():
                left, right = self.rows(relation.left).columns, self.rows(relation.right).columns
                columns = {name: one_of([left[name], right[name]]) for name in relation.schema.names}
                return Rows(columns, (Key(frozenset(columns), "distinct"),) if relation.distinct else ())
            case ops.Difference() | ops.Intersection():
                return self.rows(relation.left)
            case ops.FillNull():
                return self._fill_null(relation)
            case ops.DropNull():
                return self._drop_null(relation)
            case ops.DropColumns():
                rows = self.rows(relation.parent)
                kept = {name: rows.columns[name] for name in relation.schema.names}
                return Rows(kept, tuple(key for key in rows.keys if key.columns <= kept.keys()))
            case ops.Limit() | ops.Sort() | ops.SelfReference() | ops.JoinReference():
                return self.rows(relation.parent)
        return Rows(dict.fromkeys(relation.schema.names, ANYTHING))

    def _filter(self, filtered: ops.Filter) -> Rows:
        parent = self.rows(filtered.parent)
        scope = Scope(self._column).where(*filtered.predicates)
        columns = {name: known(ops.Field(filtered.parent, name), scope) for name in parent.columns}
        keys, constant = list(parent.keys), set()
        for condition in _conjuncts(filtered.predicates):
            match condition:
                case ops.Equals(left=value, right=ops.Literal()):
                    group = _numbered(value, filtered.parent)
                    if group is not None:
                        keys.append(Key(group, f"one row of each {_listed(group)}"))
                    # Of fractions, two that are equal may not look the same.
                    if isinstance(value, ops.Field) and not value.dtype.is_floating():
                        constant.add(value.name)
        keys += [replace(key, columns=key.columns - constant) for key in keys if key.columns & constant]
        return Rows(columns, tuple(keys))

    def _aggregate(self, aggregate: ops.Aggregate) -> Rows:
        scope = Scope(self._column, filled=bool(aggregate.groups))
        values = aggregate.groups | aggregate.metrics
        group = frozenset(aggregate.groups)
        why = f"grouped by {_listed(group)}" if group else "a single row"
        names = _names(aggregate.groups, aggregate.parent)
        inherited = _renamed(self.rows(aggregate.parent).keys, names)
        return Rows(
            {name: known(value, scope) for name, value in values.items()}, (Key(group, why), *inherited)
        )

    def _fill_null(self, filled: ops.FillNull) -> Rows:
        rows = self.rows(filled.parent)
        if not isinstance(filled.replacements, Mapping):
            return Rows(dict.fromkeys(rows.columns, ANYTHING))
        scope = Scope(self._column)
        columns = dict(rows.columns)
        for name, value in filled.replacements.items():
            default = known(value if isinstance(value, ops.Value) else literal(value).op(), scope)
            present = default.present or columns[name].present
            columns[name] = replace(one_of([columns[name], default], "its default"), present=present)
        untouched = rows.columns.keys() - filled.replacements.keys()
        return Rows(columns, tuple(key for key in rows.keys if key.columns <= untouched))

    def _drop_null(self, dropped: ops.DropNull) -> Rows:
        rows = self.rows(dropped.parent)
        subset = dropped.subset
        names = list(rows.columns) if subset is None else [field.name for field in subset]
        if dropped.how != "any" and len(names) != 1:
            return rows
        present = Column(present=True, why="filtered to be present")
        return replace(rows, columns={**rows.columns, **{n: rows.columns[n].also(present) for n in names}})

    def _join(self, chain: ops.JoinChain) -> Rows:
        """Joins from left to right; columns are named by the table they come from."""
        joined = Joined(chain.first, self.rows(chain.first.parent))
        for link in chain.rest:
            joined.join(link, self.rows(link.table.parent))
        scope = Scope(lambda relation, name: joined.columns[relation, name])
        columns = {name: known(value, scope) for name, value in chain.values.items()}
        names: dict[Pair, str] = {}
        for name, value in chain.values.items():
            if isinstance(value, ops.Field):
                names.setdefault((value.rel, value.name), name)
        for pair, same in joined.same.items():
            if same in names:
                names.setdefault(pair, names[same])
        keys = tuple(
            Key(frozenset(names[column] for column in columns_), why, assumes)
            for columns_, why, assumes in joined.keys
            if columns_ <= names.keys()
        )
        return Rows(columns, keys)


def _fewest(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Keys without those that contain another one; on a tie, what rests on less."""
    best: list[Key] = []
    for key in sorted(keys, key=lambda key: (len(key.columns), len(key.assumes))):
        if not any(other.columns <= key.columns for other in best):
            best.append(key)
    return tuple(best[:MOST_KEYS])


def _names(values: Mapping[str, ops.Value], parent: ops.Relation) -> dict[str, str]:
    """Name in the parent → name here, of the columns that are passed on as they are."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, ops.Alias):
            value = value.arg
        if isinstance(value, ops.Field) and value.rel == parent:
            found.setdefault(value.name, name)
    return found


def _renamed(keys: Iterable[Key], names: Mapping[str, str]) -> tuple[Key, ...]:
    return tuple(
        replace(key, columns=frozenset(names[column] for column in key.columns))
        for key in keys
        if key.columns <= names.keys()
    )


def _conjuncts(predicates: Iterable[ops.Value]) -> Iterable[ops.Value]:
    for predicate in predicates:
        if isinstance(predicate, ops.And):
            yield from _conjuncts((predicate.left, predicate.right))
        else:
            yield predicate


def _numbered(value: ops.Value, relation: ops.Relation) -> frozenset[str] | None:
    """The columns of a relation by whose groups a value numbers the rows, if that is what it does."""
    while isinstance(value, ops.Alias):
        value = value.arg
    match value:
        case ops.WindowFunction(func=ops.RowNumber()):
            columns = {ops.Field(relation, name): name for name in relation.schema.names}
            if not columns.keys() >= {*value.group_by}:
                return None
            return frozenset(columns[part] for part in value.group_by)
        case ops.Field(rel=ops.Project()) if value.rel == relation:
            group = _numbered(relation.values[value.name], relation.parent)
            names = _names(relation.values, relation.parent)
            if group is None or not group <= names.keys():
                return None
            return frozenset(names[name] for name in group)
    return None


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(sorted(columns))
