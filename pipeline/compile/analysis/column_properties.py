"""What can be known of a column's values.

Everything here must hold on every engine and for any data. Where engines differ or a rule would
need a case of its own, nothing is known, and the check is run instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import ibis.expr.operations as ops

# How far a number can be trusted: a NaN breaks comparisons, an infinity makes NaN of 0 and itself.
MAYBE_NAN, ORDERED, FINITE = 0, 1, 2


@dataclass(frozen=True)
class Known:
    """What holds of every value of a column.

    Attributes:
        present: it is never NULL.
        low: if not NULL or NaN, it is at least this.
        high: if not NULL or NaN, it is at most this.
        nonzero: if not NULL, it is not 0.
        number: MAYBE_NAN, ORDERED (never NaN) or FINITE.
        values: if not NULL, it is one of these; None if anything.
        numbers_rows_of: it counts the rows of each group of these columns, from 0.
        why: in a few words, where that comes from.
        assumes: tables whose contracts it rests on.
    """

    present: bool = False
    low: float | None = None
    high: float | None = None
    nonzero: bool = False
    number: int = MAYBE_NAN
    values: frozenset[Any] | None = None
    numbers_rows_of: frozenset[ops.Value] | None = None
    why: str = ""
    assumes: frozenset[str] = frozenset()

    @property
    def not_negative(self) -> bool:
        """Whether it is known to be at least 0."""
        return self.low is not None and self.low >= 0

    def optional(self) -> "Known":
        """The same, except that it may be NULL."""
        return replace(self, present=False, numbers_rows_of=None)

    def either(self, other: "Known") -> "Known":
        """What holds of a value that is one or the other."""
        if self == NULL:
            return other.optional()
        if other == NULL:
            return self.optional()
        return Known(
            present=self.present and other.present,
            low=both(min, self.low, other.low),
            high=both(max, self.high, other.high),
            nonzero=self.nonzero and other.nonzero,
            number=min(self.number, other.number),
            values=None if self.values is None or other.values is None else self.values | other.values,
            why=self.why or other.why,
            assumes=self.assumes | other.assumes,
        )

    def also(self, other: "Known") -> "Known":
        """What holds of a value that is both."""
        values = self.values if other.values is None else other.values
        if self.values is not None and other.values is not None:
            values = self.values & other.values
        return Known(
            present=self.present or other.present,
            low=either_one(max, self.low, other.low),
            high=either_one(min, self.high, other.high),
            nonzero=self.nonzero or other.nonzero,
            number=max(self.number, other.number),
            values=values,
            numbers_rows_of=self.numbers_rows_of or other.numbers_rows_of,
            why=other.why or self.why,
            assumes=self.assumes | other.assumes,
        )


ANYTHING = Known()
NULL = Known(number=FINITE, values=frozenset(), why="always missing")


def both(function: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    """The function of two numbers, if both are known."""
    return None if one is None or other is None else function(one, other)


def either_one(
    function: Callable[[float, float], float], one: float | None, other: float | None
) -> float | None:
    """The function of two numbers, or the one that is known."""
    if one is None or other is None:
        return other if one is None else one
    return function(one, other)
