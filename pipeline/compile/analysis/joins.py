"""Which keys and values survive a join."""

from collections.abc import Iterable, Mapping

import ibis.expr.operations as ops

from pipeline.compile.analysis.properties import ANYTHING, Column, Rows

# A column, named by the table that it comes from.
Pair = tuple[ops.Relation, str]
# Columns of a key, why it is one, and the contracts that rests on.
JoinKey = tuple[frozenset[Pair], str, frozenset[str]]

# More keys than this are never needed, and joins multiply them.
MOST_KEYS = 16


class Joined:
    """The tables of a join so far."""

    def __init__(self, first: ops.JoinReference, rows: Rows) -> None:
        self.columns: dict[Pair, Column] = _of(first, rows)
        self.keys = _keys_of(first, rows)
        self.same: dict[Pair, Pair] = {}

    def join(self, link: ops.JoinLink, rows: Rows) -> None:
        right, right_keys = _of(link.table, rows), _keys_of(link.table, rows)
        equal = dict(_equalities(link, self.columns, right))
        one_right = _once(right_keys, equal.values())
        one_left = _once(self.keys, equal.keys())
        both = [
            (mine | theirs, why, assumes | more)
            for mine, why, assumes in self.keys
            for theirs, _, more in right_keys
        ]
        # A key survives where each of its rows meets at most one row of the other side.
        kept_left = _grounded(self.keys, one_right)
        kept_right = _grounded(right_keys, one_left)
        present = Column(present=True, why="matched by a join")
        match link.how:
            case "inner":
                self.columns |= right
                for left_column, right_column in equal.items():
                    both_ = self.columns[left_column].also(self.columns[right_column]).also(present)
                    self.columns[left_column] = self.columns[right_column] = both_
                    self.same[right_column] = left_column
                self.keys = [*kept_left, *kept_right, *both]
            case "cross":
                self.columns |= right
                self.keys = [*kept_left, *kept_right, *both]
            case "left":
                self.columns |= _optional(right)
                self.keys = [*kept_left, *both]
            case "right":
                self.columns = _optional(self.columns) | right
                self.keys = [*kept_right, *both]
            case "outer":
                self.columns = _optional(self.columns) | _optional(right)
                self.keys = both
            case "semi":
                for left_column in equal:
                    self.columns[left_column] = self.columns[left_column].also(present)
            case "anti":
                pass
            case _:
                self.columns = dict.fromkeys([*self.columns, *right], ANYTHING)
                self.keys = []
        self.keys = self.keys[:MOST_KEYS]


def _of(table: ops.JoinReference, rows: Rows) -> dict[Pair, Column]:
    return {(table, name): of for name, of in rows.columns.items()}


def _keys_of(table: ops.JoinReference, rows: Rows) -> list[JoinKey]:
    return [(frozenset((table, name) for name in key.columns), key.why, key.assumes) for key in rows.keys]


def _optional(columns: Mapping[Pair, Column]) -> dict[Pair, Column]:
    return {pair: of.optional() for pair, of in columns.items()}


def _equalities(
    link: ops.JoinLink, left: Mapping[Pair, Column], right: Mapping[Pair, Column]
) -> Iterable[tuple[Pair, Pair]]:
    for predicate in link.predicates:
        if not isinstance(predicate, ops.Equals):
            continue
        one, other = predicate.left, predicate.right
        if not (isinstance(one, ops.Field) and isinstance(other, ops.Field)):
            continue
        pair, second = (one.rel, one.name), (other.rel, other.name)
        if pair in left and second in right:
            yield pair, second
        elif second in left and pair in right:
            yield second, pair


def _once(keys: list[JoinKey], columns: Iterable[Pair]) -> JoinKey | None:
    """A key that lies within the columns of a join: each row meets at most one."""
    within = set(columns)
    return next((key for key in keys if key[0] <= within), None)


def _grounded(keys: list[JoinKey], ground: JoinKey | None) -> list[JoinKey]:
    if ground is None:
        return []
    return [(columns, why, assumes | ground[2]) for columns, why, assumes in keys]
