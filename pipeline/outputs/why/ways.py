"""A column's ways from tables up to a relation, and what is carried along: which rows, how much of each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.operations as ops

from pipeline.outputs.why.addends import Addend, fields_of, swapped
from pipeline.outputs.why.names import AMOUNT, FRAME, HERE, KEY, TOTAL, WITH

Names = tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """A column on its way from a table, or from rows that were grouped, up to a relation.

    Attributes:
        relation: the relation with all its columns, and those that are carried along.
        carried: names of the latter.
        amount: what of them is the value on this way.
        origin: what the way comes from.
        adds_up: whether the values of all ways add up to the column.
    """

    relation: ops.Relation
    carried: Names
    origin: "Leaf | Group | Frame"
    adds_up: bool = True


@dataclass(frozen=True)
class Leaf:
    table: str
    column: str | None


@dataclass(frozen=True)
class Group:
    """Rows that were grouped into one; `KEY` columns are the groups."""

    parent: ops.Relation
    groups: Mapping[str, ops.Value]
    metric: ops.Value | None
    name: str | None


@dataclass(frozen=True)
class Frame:
    """Rows that a window adds up for one row."""

    parent: ops.Relation
    window: ops.WindowFunction


def through(relation: ops.Relation, way: Way) -> Way:
    parent, below = relation.parent, way.relation
    match relation:
        case ops.Filter():
            predicates = tuple(swapped(predicate, parent, below) for predicate in relation.predicates)
            made: ops.Relation = ops.Filter(below, predicates)
        case ops.Sort():
            made = ops.Sort(below, tuple(swapped(key, parent, below) for key in relation.keys))
        case ops.DropNull():
            names = [field.name for field in relation.subset] if relation.subset else [*parent.schema.names]
            made = ops.DropNull(below, relation.how, tuple(ops.Field(below, name) for name in names))
        case ops.Limit():
            made = ops.Limit(below, relation.n, relation.offset)
        case _:
            kept = {name: ops.Field(below, name) for name in (*relation.schema.names, *way.carried)}
            made = ops.Project(below, kept)
    return replace(way, relation=made)


def projected(project: ops.Project, way: Way, addend: Addend | None) -> Way:
    parent, below = project.parent, way.relation
    values = {name: swapped(value, parent, below) for name, value in project.values.items()}
    carried = {name: ops.Field(below, name) for name in way.carried}
    origin = way.origin
    adds_up = way.adds_up
    if addend is None:
        pass
    elif addend.base is None:
        # Only of a single row a value is that row's; of sums it is made in a way that does not add up.
        single = isinstance(origin, Leaf)
        value = swapped(addend.value, parent, below)
        carried[AMOUNT] = as_number(value if single else None)
        adds_up = single
        if isinstance(origin, Leaf):
            origin = Leaf(origin.table, None)
            carried |= {
                f"{WITH}{name}": ops.Field(below, name)
                for name in fields_of(addend.value)
                if parent.schema[name].is_numeric()
            }
    else:
        build = addend.build(ops.Field(below, AMOUNT))
        carried[AMOUNT] = as_number(swapped(build, parent, below))
    if addend is not None and addend.condition is not None:
        # Where another of the values was taken, nothing comes this way.
        taken = swapped(addend.condition, parent, below).to_expr().fill_null(False)
        here = taken & ops.Field(below, HERE).to_expr() if HERE in way.carried else taken
        carried[HERE] = here.op()
    relation = ops.Project(below, values | carried)
    return Way(relation, tuple(carried), origin, adds_up)


def framed(project: ops.Project, addend: Addend) -> Way:
    """The way of a value that a window adds up: the groups and the place of each row are carried."""
    window = addend.base
    assert isinstance(window, ops.WindowFunction)
    parent = project.parent
    carried = {f"{KEY}{number}": value for number, value in enumerate(window.group_by)}
    carried |= {
        FRAME: window.order_by[0].arg,
        TOTAL: as_number(window),
        AMOUNT: as_number(addend.build(window)),
    }
    made = ops.Project(parent, dict(project.values) | carried)
    return Way(made, tuple(carried), Frame(parent, window))


def joined(chain: ops.JoinChain, side: ops.JoinReference, way: Way) -> Way:
    new = type(side)(way.relation, side.identifier)
    links = tuple(
        ops.JoinLink(
            link.how,
            new if link.table == side else link.table,
            tuple(swapped(predicate, side, new) for predicate in link.predicates),
        )
        for link in chain.rest
    )
    values = {name: swapped(value, side, new) for name, value in chain.values.items()}
    carried = {name: ops.Field(new, name) for name in way.carried}
    made = ops.JoinChain(new if chain.first == side else chain.first, links, values | carried)
    return replace(way, relation=made)


def stacked(union: ops.Union, left: list[Way], right: list[Way]) -> list[Way]:
    """The ways of a union: what comes from one place on both sides is one way."""
    found = []
    for way in left:
        same = [other for other in right if _goes_with(way, other)]
        found.append(_side_by_side(union, way, same[0] if same else None))
        right = [other for other in right if other not in same[:1]]
    return [*found, *(_side_by_side(union, None, way) for way in right)]


def _goes_with(way: Way, other: Way) -> bool:
    return (
        way.origin == other.origin
        and {*way.carried} - {HERE} == {*other.carried} - {HERE}
        and way.adds_up == other.adds_up
    )


def _side_by_side(union: ops.Union, left: Way | None, right: Way | None) -> Way:
    """A union of two ways; rows of a side without one have nothing in the columns that are carried."""
    names = union.schema.names
    way = left or right
    assert way is not None
    carried = [name for name in way.carried if name != HERE]
    sides = []
    for side, of in ((left, union.left), (right, union.right)):
        relation = side.relation if side else of
        values: dict[str, ops.Value] = {name: ops.Field(relation, name) for name in names}
        for name in carried:
            empty = ops.Literal(None, way.relation.schema[name])
            values[name] = ops.Field(relation, name) if side else empty
        is_flagged = side is not None and HERE in side.carried
        values[HERE] = ops.Field(relation, HERE) if is_flagged else ops.Literal(side is not None, "boolean")
        sides.append(ops.Project(relation, values))
    return replace(way, relation=_levelled(*sides), carried=(*carried, HERE))


def _levelled(left: ops.Relation, right: ops.Relation) -> ops.Relation:
    """A union; which columns may be NULL need not agree."""
    tables = (left.to_expr(), right.to_expr())
    even = [
        table.cast({name: kind.copy(nullable=True) for name, kind in left.schema.items()}) for table in tables
    ]
    return ibis.union(*even).op()


def grouped(relation: ops.Relation, group: Group, column: str | None) -> Way:
    """The way of rows that were grouped, with the values of their groups, and the sum if there is one."""
    every = {name: ops.Field(relation, name) for name in relation.schema.names}
    carried: dict[str, ops.Value] = {
        f"{KEY}{number}": ops.Field(relation, name) for number, name in enumerate(group.groups)
    }
    value = as_number(ops.Field(relation, column)) if column else as_number(None)
    carried |= {TOTAL: value, AMOUNT: value}
    return Way(ops.Project(relation, every | carried), tuple(carried), group)


def as_number(value: ops.Value | None) -> ops.Value:
    """A value as a number; NULL for what is none."""
    if value is not None and value.dtype.is_boolean():
        value = ops.Cast(value, "int32")
    if value is None or not value.dtype.is_numeric():
        return ops.Literal(None, "float64")
    return ops.Cast(value, "float64")
