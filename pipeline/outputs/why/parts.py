"""What the cells of a column add up from: rows of the tables that a model reads, read from its expression.

A column is followed from the end of an expression down to a table, through whatever passes it on. Where rows
are summed, the cell's amount is that of the rows that were summed; where it is computed from a single row, it
is that row's. What a value is multiplied with or divided by (a share, a rate) goes along. So the amounts of a
cell's rows add up to the cell. Nothing is guessed: where a value is made in another way, such as a largest
one or a ratio of sums, its rows are told without amounts.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.outputs.why import rewriting, ways
from pipeline.outputs.why.addends import Addend, addends, fields_in, fields_of, is_running_sum, swapped
from pipeline.outputs.why.names import AMOUNT, FRAME, FROM, GROUP, HERE, KEY, PLACE, TOTAL, VALUE, WITH
from pipeline.outputs.why.ways import Frame, Group, Leaf, Names, Way


@dataclass(frozen=True)
class Parts:
    """Rows of one upstream table that a column's cells are made of.

    Attributes:
        rows: the columns of the model; `AMOUNT`, what a row brings to the cell, NULL if that cannot be told;
            the upstream row's columns after `FROM`, and what its amount was computed with after `WITH`.
        table: the upstream table.
        column: its column that the amount is made of alone; None if there is no single one.
        measure: what is summed, as the model calls it; None where nothing is.
        adds_up: whether the amounts of all parts of a cell are the cell.
        left_out: rows of the same groups that do not count.
    """

    rows: ir.Table
    table: str
    column: str | None
    measure: str | None
    adds_up: bool
    left_out: "LeftOut | None" = None


@dataclass(frozen=True)
class LeftOut:
    """Rows that are not counted.

    Attributes:
        rows: the columns of the groups, and the upstream row's after `FROM`.
        columns: what of the upstream row decides; none where another row of its group counts.
    """

    rows: ir.Table
    columns: Names


class Tracer:
    """Follows the columns of one expression.

    Args:
        tables: the tables that it is made of, with the name of each.
        kept: of each of them, the columns that its rows are told apart and shown by.
    """

    def __init__(self, tables: Mapping[ops.Relation, str], kept: Mapping[str, Collection[str]]) -> None:
        self._tables = tables
        self._kept = kept
        self._columns: dict[tuple[ops.Relation, str], list[Way]] = {}
        self._of_rows: dict[tuple[ops.Relation, frozenset[str]], list[Way]] = {}
        self._summed: dict[ops.Field, bool] = {}

    def parts(self, expression: ir.Table, column: str | None) -> list[Parts]:
        """What the cells of a column are made of; of None, what the rows are."""
        relation = expression.op()
        found = []
        for way in self._ways(relation, column):
            others = self._left_out(way, relation.schema.names)
            found += [replace(one, left_out=others.get(one.table)) for one in self._resolved(way, relation)]
        return found

    def _parts(self, relation: ops.Relation, column: str | None) -> list[Parts]:
        return [part for way in self._ways(relation, column) for part in self._resolved(way, relation)]

    def _ways(self, relation: ops.Relation, column: str | None) -> list[Way]:
        return self._rows(relation, frozenset()) if column is None else self._column(relation, column)

    # From a relation down to where its rows come from.

    def _column(self, relation: ops.Relation, column: str) -> list[Way]:
        """The ways of a column's values."""
        asked = relation, column
        if asked not in self._columns:
            self._columns[asked] = self._find_column(relation, column)
        return self._columns[asked]

    def _find_column(self, relation: ops.Relation, column: str) -> list[Way]:
        if relation in self._tables:
            return [self._leaf(relation, column)]
        match relation:
            case ops.Project():
                return self._value(relation, column)
            case ops.Filter() | ops.Sort() | ops.Limit() | ops.DropColumns() | ops.DropNull():
                return [ways.through(relation, way) for way in self._column(relation.parent, column)]
            case ops.SelfReference() | ops.JoinReference():
                return self._column(relation.parent, column)
            case ops.JoinChain() if rewriting.computes(relation):
                return self._column(rewriting.in_two(relation), column)
            case ops.JoinChain():
                value = relation.values[column]
                below = self._column(value.rel.parent, value.name)
                return [ways.joined(relation, value.rel, way) for way in below]
            case ops.Union(distinct=False):
                left, right = (self._column(side, column) for side in (relation.left, relation.right))
                return ways.stacked(relation, left, right)
            case ops.Distinct():
                return self._column(rewriting.one_of_each(relation.parent, relation.schema.names), column)
            case ops.Aggregate() if rewriting.computes_sums(relation):
                return self._column(rewriting.sums_first(relation), column)
            case ops.Aggregate():
                return [self._group(relation, column)]
        return self._rows(relation, frozenset([column]))

    def _value(self, project: ops.Project, column: str) -> list[Way]:
        """The ways of a computed column: one for each of the values that it adds up from."""
        found_ways: list[Way] = []
        value = project.values[column]
        found = addends(value, self._is_summed)
        summed = [addend for addend in found if addend.base is not None and self._is_of_many(addend.base)]
        if len(found) > 1 and not summed:
            # Of one row: whatever it takes of which column, it is the row's.
            found = [Addend(value, None, lambda base: value)]
        for addend in found:
            match addend.base:
                case ops.Field():
                    for way in self._column(project.parent, addend.base.name):
                        found_ways.append(ways.projected(project, way, addend))
                case ops.WindowFunction():
                    found_ways.append(ways.framed(project, addend))
                case None:
                    columns = frozenset(fields_of(addend.value))
                    for way in self._rows(project.parent, columns):
                        found_ways.append(ways.projected(project, way, addend))
        return found_ways

    def _is_of_many(self, base: ops.Field | ops.WindowFunction) -> bool:
        return isinstance(base, ops.WindowFunction) or self._is_summed(base)

    def _is_summed(self, field: ops.Field) -> bool:
        """Whether a column is of several rows of a table."""
        if field not in self._summed:
            self._summed[field] = self._find_summed(field.rel, field.name)
        return self._summed[field]

    def _find_summed(self, relation: ops.Relation, column: str) -> bool:
        if relation in self._tables:
            return False
        match relation:
            case ops.Project() | ops.JoinChain():
                value = relation.values[column]
                windows = value.find(ops.WindowFunction, filter=ops.Value)
                return any(is_running_sum(window) for window in windows) or any(
                    map(self._is_summed, fields_in(value))
                )
            case ops.Aggregate():
                metric = relation.metrics.get(column)
                sums = metric.find(ops.Reduction, filter=ops.Value) if metric is not None else []
                return any(map(_is_sum, sums))
            case ops.Union():
                return any(
                    self._is_summed(ops.Field(side, column)) for side in (relation.left, relation.right)
                )
        parent = getattr(relation, "parent", None)
        return parent is not None and self._is_summed(ops.Field(parent, column))

    def _rows(self, relation: ops.Relation, columns: frozenset[str]) -> list[Way]:
        """The ways of the rows as such; where tables are joined, of the side that some columns are from."""
        asked = relation, columns
        if asked not in self._of_rows:
            self._of_rows[asked] = self._find_rows(relation, columns)
        return self._of_rows[asked]

    def _find_rows(self, relation: ops.Relation, columns: frozenset[str]) -> list[Way]:
        if relation in self._tables:
            return [self._leaf(relation, None)]
        match relation:
            case ops.Project():
                below = frozenset(field for name in columns for field in fields_of(relation.values.get(name)))
                return [ways.projected(relation, way, None) for way in self._rows(relation.parent, below)]
            case ops.Filter() | ops.Sort() | ops.Limit() | ops.DropColumns() | ops.DropNull():
                return [ways.through(relation, way) for way in self._rows(relation.parent, columns)]
            case ops.SelfReference() | ops.JoinReference():
                return self._rows(relation.parent, columns)
            case ops.JoinChain() if rewriting.computes(relation):
                return self._rows(rewriting.in_two(relation), columns)
            case ops.JoinChain():
                fields = [relation.values[name] for name in columns if name in relation.values]
                sides = {field.rel for field in fields}
                side = sides.pop() if len(sides) == 1 else relation.first
                names = frozenset(field.name for field in fields if field.rel == side)
                return [ways.joined(relation, side, way) for way in self._rows(side.parent, names)]
            case ops.Union(distinct=False):
                left, right = (self._rows(side, columns) for side in (relation.left, relation.right))
                return ways.stacked(relation, left, right)
            case ops.Aggregate() if rewriting.computes_sums(relation):
                return self._rows(rewriting.sums_first(relation), columns)
            case ops.Aggregate():
                return [self._group(relation, None)]
            case ops.Distinct():
                return self._rows(rewriting.one_of_each(relation.parent, relation.schema.names), columns)
        return []

    def _leaf(self, table: ops.Relation, column: str | None) -> Way:
        name = self._tables[table]
        own = {FROM + kept: ops.Field(table, kept) for kept in self._kept[name] if kept in table.schema}
        value = {AMOUNT: ways.as_number(ops.Field(table, column) if column else None)}
        every = {one: ops.Field(table, one) for one in table.schema.names}
        return Way(ops.Project(table, every | own | value), (*own, AMOUNT), Leaf(name, column), bool(column))

    def _group(self, aggregate: ops.Aggregate, column: str | None) -> Way:
        metric = aggregate.metrics.get(column) if column else None
        groups = aggregate.groups
        group = Group(aggregate.parent, groups, metric, column if metric is not None else None)
        return ways.grouped(aggregate, group, column if _is_sum(metric) else None)

    # From a way to the rows of a table.

    def _resolved(self, way: Way, relation: ops.Relation) -> list[Parts]:
        names = relation.schema.names
        above = way.relation.to_expr()
        match way.origin:
            case Leaf(table, column):
                carried = [name for name in way.carried if name.startswith((FROM, WITH)) or name == AMOUNT]
                rows = _here(above, way)
                return [Parts(rows.select(*names, *carried), table, column, None, way.adds_up)]
            case Group() as group:
                return self._of_group(way, group, names)
            case Frame() as frame:
                return self._of_frame(way, frame, names)
        raise AssertionError(way.origin)

    def _of_group(self, way: Way, group: Group, names: Names) -> list[Parts]:
        summed = _is_sum(group.metric)
        below = _summed(group)
        found = []
        above = _here(way.relation.to_expr(), way)
        for part in self._parts(below, VALUE if summed else None):
            rows = _matched(above, part.rows, len(group.groups), names, way, has_amount=summed)
            adds_up = way.adds_up and part.adds_up and summed
            measure = group.name or part.measure
            found.append(Parts(rows, part.table, part.column, measure, adds_up))
        return found

    def _left_out(self, way: Way, names: Names) -> dict[str, LeftOut]:
        """Rows of the same groups that do not count, by table: a filter of the table leaves them out."""
        group = way.origin
        if not isinstance(group, Group):
            return {}
        if isinstance(group.metric, ops.Max | ops.Min):
            # Another one, the largest say, counts.
            return self._not_counted(way, group, _summed(group, rewriting.others_of_each), names)
        filtered = _filter_of(group.parent, self._tables)
        if filtered is None or filtered.parent not in self._tables:
            return {}
        columns = sorted({name for predicate in filtered.predicates for name in fields_of(predicate)})
        taken = reduce(and_, (predicate.to_expr() for predicate in filtered.predicates))
        others = filtered.parent.to_expr().filter(~taken.fill_null(False)).op()
        below = _summed(replace(group, metric=None)).replace({filtered: others})
        return self._not_counted(way, group, below, names, tuple(columns))

    def _not_counted(
        self, way: Way, group: Group, below: ops.Relation, names: Names, columns: Names = ()
    ) -> dict[str, LeftOut]:
        above = _here(way.relation.to_expr(), way)
        found = {}
        for part in self._parts(below, None):
            rows = _on_keys(above, part.rows, len(group.groups))
            carried = [name for name in part.rows.columns if name.startswith(FROM)]
            found[part.table] = LeftOut(rows.select(*names, *carried), columns)
        return found

    def _of_frame(self, way: Way, frame: Frame, names: Names) -> list[Parts]:
        window = frame.window
        values = {f"{GROUP}{number}": value for number, value in enumerate(window.group_by)}
        values |= {PLACE: window.order_by[0].arg, VALUE: window.func.arg}
        below = ops.Project(frame.parent, values)
        above = _here(way.relation.to_expr(), way)
        found = []
        for part in self._parts(below, VALUE):
            other = part.rows.rename(lambda name: f"aa_part_{name}")
            conditions = [
                above[f"{KEY}{number}"].identical_to(other[f"aa_part_{GROUP}{number}"])
                for number in range(len(window.group_by))
            ]
            at, then = above[FRAME], other[f"aa_part_{PLACE}"]
            conditions.append(then <= at)
            if window.start is not None:
                conditions.append(then >= at - window.start.value.to_expr())
            joined = above.inner_join(other, conditions)
            rows = _with_amounts(joined, part.rows.columns, names, has_amount=True)
            found.append(Parts(rows, part.table, part.column, part.measure, way.adds_up and part.adds_up))
        return found


def _summed(group: Group, chosen: rewriting.Choose = rewriting.one_of_each) -> ops.Relation:
    """The rows that were grouped: the values of their groups as `GROUP`, and what is summed as `VALUE`.

    Of rows of which the largest or smallest counts, those that are chosen by that.
    """
    values = {f"{GROUP}{number}": value for number, value in enumerate(group.groups.values())}
    parent, metric = group.parent, group.metric
    if _is_sum(metric):
        values[VALUE] = _summand(metric)
    where = getattr(metric, "where", None)
    if where is not None:
        filtered = ops.Filter(parent, (where,))
        values = {name: swapped(value, parent, filtered) for name, value in values.items()}
        parent = filtered
    rows: ops.Relation = ops.Project(parent, values)
    if isinstance(metric, ops.Max | ops.Min):
        value = ops.Field(rows, VALUE).to_expr()
        order = value.desc(nulls_first=False) if isinstance(metric, ops.Max) else value.asc(nulls_first=False)
        keys = [name for name in values if name != VALUE]
        rows = chosen(rows, keys, order)
    return rows


def _is_sum(metric: ops.Value | None) -> bool:
    """Whether some of the rows that were grouped, or one, are all that a number is made of."""
    kinds = ops.Sum | ops.CountStar | ops.Count | ops.Max | ops.Min
    return isinstance(metric, kinds) and metric.dtype.is_numeric()


def _summand(metric: ops.Value) -> ops.Value:
    """What one row brings."""
    match metric:
        case ops.CountStar():
            return ops.Literal(1, "int64")
        case ops.Count():
            return ibis.ifelse(metric.arg.to_expr().notnull(), 1, 0).op()
    value: ops.Value = metric.arg
    return value


def _filter_of(relation: ops.Relation, tables: Collection[ops.Relation]) -> ops.Filter | None:
    """The filter that rows pass last on their way from a table to a relation."""
    while relation not in tables:
        match relation:
            case ops.Filter():
                return relation
            case ops.JoinChain():
                relation = relation.first.parent
            case ops.Project() | ops.JoinReference() | ops.SelfReference() | ops.DropColumns():
                relation = relation.parent
            case _:
                return None
    return None


def _matched(
    above: ir.Table, below: ir.Table, keys: int, names: Names, way: Way, *, has_amount: bool
) -> ir.Table:
    return _with_amounts(_on_keys(above, below, keys), below.columns, names, has_amount=has_amount)


def _on_keys(above: ir.Table, below: ir.Table, keys: int) -> ir.Table:
    """Rows that were grouped beside those of their groups, their columns called as they are in neither."""
    other = below.rename(lambda name: f"aa_part_{name}")
    conditions = [
        above[f"{KEY}{number}"].identical_to(other[f"aa_part_{GROUP}{number}"]) for number in range(keys)
    ]
    joined = above.inner_join(other, conditions) if conditions else above.cross_join(other)
    carried = [name for name in below.columns if name.startswith(FROM)]
    return joined.mutate(**{name: joined[f"aa_part_{name}"] for name in carried})


def _with_amounts(joined: ir.Table, below: Iterable[str], names: Names, *, has_amount: bool) -> ir.Table:
    """Of a cell's value, each row's share: as much as the row has of the sum that the value is made of."""
    amount = ibis.null("float64")
    if has_amount:
        of_all = joined[TOTAL].nullif(0)
        share = joined[f"aa_part_{AMOUNT}"] * (joined[AMOUNT] / of_all)
        whole = ibis.ifelse(joined[AMOUNT] == joined[TOTAL], joined[f"aa_part_{AMOUNT}"], share)
        amount = ibis.ifelse(joined[TOTAL] == 0, joined[f"aa_part_{AMOUNT}"], whole)
    carried = {name: joined[f"aa_part_{name}"] for name in below if name.startswith((FROM, WITH))}
    return joined.select(*names, **carried, **{AMOUNT: amount})


def _here(table: ir.Table, way: Way) -> ir.Table:
    """The rows that come this way."""
    return table.filter(table[HERE]) if HERE in way.carried else table
