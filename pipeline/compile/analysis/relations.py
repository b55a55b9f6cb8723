"""What is known of the rows of an expression, one rule per relation."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import ibis.expr.operations as ops
from ibis import literal

from pipeline.compile.analysis.column_properties import ANYTHING, Known
from pipeline.compile.analysis.conditions import implied
from pipeline.compile.analysis.contract_properties import promised
from pipeline.compile.analysis.joins import MOST_KEYS, Joined, Pair
from pipeline.compile.analysis.relation_properties import Key, Rows
from pipeline.compile.analysis.values import Scope, known
from schemas.base import Contract


class Relations:
    """Follows an expression from its tables upwards.

    Args:
        assume: contracts of the tables that it reads, by name.
        severities: the configuration's `severity`; a check that may fail is no ground to build on.
    """

    def __init__(self, assume: Mapping[str, type[Contract]], severities: Mapping[str, str]) -> None:
        self._assume = assume
        self._severities = tuple(severities.items())
        self._seen: dict[ops.Relation, Rows] = {}

    def rows(self, relation: ops.Relation) -> Rows:
        """What is known of the rows of a relation."""
        if relation not in self._seen:
            found = self._rule(relation)
            self._seen[relation] = replace(found, keys=_fewest(found.keys))
        return self._seen[relation]

    def _column(self, relation: ops.Relation, name: str) -> Known:
        return self.rows(relation).columns[name]

    def _rule(self, relation: ops.Relation) -> Rows:
        match relation:
            case ops.UnboundTable() if relation.name in self._assume:
                contract = self._assume[relation.name]
                # mypy takes a class for one of its instances, which Ibis makes hashable otherwise.
                return promised(contract, self._severities)  # type: ignore[arg-type]
            case ops.Project():
                return self._project(relation)
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
                return self._union(relation)
            case ops.Difference() | ops.Intersection():
                return self.rows(relation.left)
            case ops.FillNull():
                return self._fill_null(relation)
            case ops.DropNull():
                return self._drop_null(relation)
            case ops.DropColumns():
                rows = self.rows(relation.parent)
                kept = {name: rows.columns[name] for name in relation.schema.names}
                keys = tuple(key for key in rows.keys if key.columns <= kept.keys())
                return Rows(kept, keys)
            case ops.Limit() | ops.Sort() | ops.SelfReference() | ops.JoinReference():
                return self.rows(relation.parent)
        return Rows(dict.fromkeys(relation.schema.names, ANYTHING))

    def _project(self, project: ops.Project) -> Rows:
        scope = Scope(self._column)
        columns = {name: known(value, scope) for name, value in project.values.items()}
        names = _names(project.values, project.parent)
        keys = _renamed(self.rows(project.parent).keys, names)
        return Rows({name: _renumbered(of, project) for name, of in columns.items()}, keys)

    def _filter(self, filtered: ops.Filter) -> Rows:
        parent = self.rows(filtered.parent)
        scope = Scope(self._column).where(*filtered.predicates)
        columns = {name: known(ops.Field(filtered.parent, name), scope) for name in parent.columns}
        keys = list(parent.keys)
        constant = set()
        for condition in _conjuncts(filtered.predicates):
            for value, said in implied(condition).items():
                of = known(value, Scope(self._column))
                only_first = said.high is not None and said.high < 1 and of.low == 0
                group = _columns_of(of.numbers_rows_of, filtered.parent)
                if only_first and group is not None:
                    keys.append(Key(group, f"the first row of each {_listed(group)}"))
                if isinstance(value, ops.Field) and said.values and len(said.values) == 1:
                    constant.add(value.name)
        keys += [replace(key, columns=key.columns - constant) for key in keys if key.columns & constant]
        # Which rows are numbered how is about all rows, not about those that are left.
        columns = {name: replace(of, numbers_rows_of=None) for name, of in columns.items()}
        return Rows(columns, tuple(keys))

    def _aggregate(self, aggregate: ops.Aggregate) -> Rows:
        scope = Scope(self._column, filled=bool(aggregate.groups))
        columns = {
            name: replace(known(value, scope), numbers_rows_of=None)
            for name, value in (aggregate.groups | aggregate.metrics).items()
        }
        group = frozenset(aggregate.groups)
        why = f"grouped by {_listed(group)}" if group else "a single row"
        names = _names(aggregate.groups, aggregate.parent)
        inherited = _renamed(self.rows(aggregate.parent).keys, names)
        return Rows(columns, (Key(group, why), *inherited))

    def _union(self, union: ops.Union) -> Rows:
        left, right = self.rows(union.left), self.rows(union.right)
        columns = {
            name: replace(left.columns[name].either(right.columns[name]), numbers_rows_of=None)
            for name in union.schema.names
        }
        keys = [Key(frozenset(columns), "distinct")] if union.distinct else []
        for name in columns:
            one, other = left.columns[name], right.columns[name]
            apart = (
                one.present
                and other.present
                and one.values is not None
                and other.values is not None
                and not one.values & other.values
            )
            if not apart:
                continue
            keys += [
                Key(
                    mine.columns | theirs.columns | {name},
                    f"the parts of the union differ in {name}",
                    mine.assumes | theirs.assumes | one.assumes | other.assumes,
                )
                for mine in left.keys
                for theirs in right.keys
            ]
        return Rows(columns, tuple(keys))

    def _fill_null(self, filled: ops.FillNull) -> Rows:
        rows = self.rows(filled.parent)
        if not isinstance(filled.replacements, Mapping):
            return Rows(dict.fromkeys(rows.columns, ANYTHING))
        scope = Scope(self._column)
        columns = dict(rows.columns)
        for name, value in filled.replacements.items():
            default = known(value if isinstance(value, ops.Value) else literal(value).op(), scope)
            present = default.present or columns[name].present
            columns[name] = replace(columns[name].either(default), present=present, why="its default")
        untouched = rows.columns.keys() - filled.replacements.keys()
        return Rows(columns, tuple(key for key in rows.keys if key.columns <= untouched))

    def _drop_null(self, dropped: ops.DropNull) -> Rows:
        rows = self.rows(dropped.parent)
        subset = dropped.subset
        names = list(rows.columns) if subset is None else [field.name for field in subset]
        if dropped.how != "any" and len(names) != 1:
            return rows
        present = Known(present=True, why="filtered to be present")
        said = {name: rows.columns[name].also(present) for name in names}
        return Rows({**rows.columns, **said}, rows.keys)

    def _join(self, chain: ops.JoinChain) -> Rows:
        """Joins from left to right; columns are named by the table they come from."""
        joined = Joined(chain.first, self.rows(chain.first.parent))
        for link in chain.rest:
            joined.join(link, self.rows(link.table.parent))
        scope = Scope(lambda relation, name: joined.columns[relation, name])
        columns = {
            name: replace(known(value, scope), numbers_rows_of=None) for name, value in chain.values.items()
        }
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


def _renumbered(of: Known, project: ops.Project) -> Known:
    """The groups of a row number as columns of the projection, if all of them are there."""
    if of.numbers_rows_of is None:
        return of
    names = {value: name for name, value in project.values.items()}
    if not of.numbers_rows_of <= names.keys():
        return replace(of, numbers_rows_of=None)
    group = frozenset(ops.Field(project, names[value]) for value in of.numbers_rows_of)
    return replace(of, numbers_rows_of=group)


def _columns_of(group: frozenset[ops.Value] | None, relation: ops.Relation) -> frozenset[str] | None:
    """The names of a group that consists of columns of this very relation."""
    if group is None:
        return None
    if all(isinstance(value, ops.Field) and value.rel == relation for value in group):
        return frozenset(value.name for value in group)
    return None


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(sorted(columns))
