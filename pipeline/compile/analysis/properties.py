"""What is known of an expression's rows before any query: the domains of the prover.

The prover is an abstract interpretation (Cousot & Cousot, 1977): it follows an expression from its tables
upwards and gives each operation, instead of rows, what is known of them. It knows two things:

* of a column, whether it is ever NULL or "not a number" (`Column`; the rules are in `values`),
* of a relation, which columns no two of its rows share (`Key`, `Rows`; the rules are in `relations`).

Rule of soundness: what is known holds on every engine and for all data that keep the contracts named in
`assumes`. Knowing too little is always allowed. Where engines differ, or where a rule would need a case of
its own, nothing is known, and the check is run instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """What holds of every value of a column.

    Attributes:
        present: it is never NULL.
        number: it is never NaN; of what is no float, that goes without saying.
        why: in a few words, where that comes from.
        assumes: tables whose contracts it rests on.
    """

    present: bool = False
    number: bool = False
    why: str = ""
    assumes: frozenset[str] = frozenset()

    def optional(self) -> "Column":
        """The same, except that it may be NULL."""
        return replace(self, present=False)

    def also(self, other: "Column") -> "Column":
        """What holds of values of which both hold."""
        return Column(
            present=self.present or other.present,
            number=self.number or other.number,
            why=other.why or self.why,
            assumes=self.assumes | other.assumes,
        )


ANYTHING = Column()


def one_of(columns: Iterable[Column], why: str = "") -> Column:
    """What holds of a value that is a value of any one of these."""
    every = list(columns)
    return Column(
        present=all(column.present for column in every),
        number=all(column.number for column in every),
        why=why or next((column.why for column in every if column.why), ""),
        assumes=frozenset().union(*(column.assumes for column in every)),
    )


@dataclass(frozen=True)
class Key:
    """Columns that no two rows share; NULLs count as equal. No columns: at most one row."""

    columns: frozenset[str]
    why: str
    assumes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rows:
    """What is known of a relation."""

    columns: Mapping[str, Column]
    keys: tuple[Key, ...] = ()

    def key_within(self, columns: Iterable[str]) -> Key | None:
        """A key that consists of some of these columns."""
        within = set(columns)
        return next((key for key in self.keys if key.columns <= within), None)
