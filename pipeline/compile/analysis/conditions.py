"""What a condition says of the expressions in it, wherever it is true."""

import math
from dataclasses import replace

import ibis.expr.operations as ops

from pipeline.compile.analysis.column_properties import ANYTHING, Known
from pipeline.models import operations

# Present exactly if all of their arguments are, on every engine.
STRICT = (
    ops.Comparison,
    ops.And,
    ops.Or,
    ops.Not,
    ops.Between,
    ops.Add,
    ops.Subtract,
    ops.Multiply,
    ops.Negate,
    ops.Abs,
    ops.Ceil,
    ops.Floor,
    ops.Round,
    ops.Lowercase,
    ops.Uppercase,
    ops.Strip,
    ops.LStrip,
    ops.RStrip,
    ops.StringLength,
    ops.StringConcat,
    ops.StringReplace,
    ops.StartsWith,
    ops.EndsWith,
    ops.StringContains,
    ops.RegexSearch,
    ops.Date,
    ops.DateTruncate,
    ops.TimestampTruncate,
    ops.TimestampDelta,
    ops.DateDelta,
    ops.DateAdd,
    ops.DateSub,
    ops.TimestampAdd,
    ops.TimestampSub,
    ops.ExtractTemporalField,
    ops.ExtractEpochSeconds,
    ops.DayOfWeekIndex,
    operations.LocalTime,
)
# A NULL-safe comparison is a comparison by class only.
NOT_STRICT = (ops.IdenticalTo,)
# Present although an argument is not: FALSE AND NULL, 5 BETWEEN NULL AND 3, and on some engines
# what is joined to a NULL text.
LENIENT = (ops.And, ops.Or, ops.Between, ops.StringConcat)


def implied(condition: ops.Value) -> dict[ops.Value, Known]:
    """What a condition says of the expressions in it, wherever it is true."""
    found: dict[ops.Value, Known] = {}

    def add(value: ops.Value, known: Known) -> None:
        found[value] = found.get(value, ANYTHING).also(known)
        for part in _strict_arguments(value) if known.present else ():
            add(part, Known(present=True, why="filtered"))

    match condition:
        case ops.And():
            for side in (condition.left, condition.right):
                for value, known in implied(side).items():
                    add(value, known)
        case ops.NotNull():
            add(condition.arg, Known(present=True, why="filtered to be present"))
        case ops.Not(ops.IsNull()):
            add(condition.arg.arg, Known(present=True, why="filtered to be present"))
        case ops.InValues() if all(isinstance(option, ops.Literal) for option in condition.options):
            values = frozenset(option.value for option in condition.options)
            add(condition.value, Known(present=True, values=values, why="filtered"))
        case ops.Comparison() if not isinstance(condition, NOT_STRICT):
            for left, right, sign in (
                (condition.left, condition.right, type(condition)),
                (condition.right, condition.left, MIRRORED.get(type(condition))),
            ):
                add(left, _compared(sign, right))
        case ops.Between():
            for part in condition.args:
                add(part, Known(present=True, why="filtered"))
    return found


MIRRORED = {
    ops.Equals: ops.Equals,
    ops.NotEquals: ops.NotEquals,
    ops.Greater: ops.Less,
    ops.GreaterEqual: ops.LessEqual,
    ops.Less: ops.Greater,
    ops.LessEqual: ops.GreaterEqual,
}


def _compared(sign: type[ops.Value] | None, other: ops.Value) -> Known:
    """What `x sign other` says of x. A float may be NaN, which some engines find great."""
    said = Known(present=True, why="filtered")
    if not isinstance(other, ops.Literal) or other.value is None:
        return said
    value = other.value
    if sign is ops.Equals:
        said = replace(said, values=frozenset([value]))
    if not other.dtype.is_numeric() or not math.isfinite(value):
        return said
    # Decimals and floats do not mix; the whole numbers around a fraction are true as well.
    if sign in (ops.Equals, ops.Greater, ops.GreaterEqual):
        said = replace(said, low=math.floor(value))
    if sign in (ops.Equals, ops.Less, ops.LessEqual):
        said = replace(said, high=math.ceil(value))
    excludes_zero = {ops.Greater: value >= 0, ops.Less: value <= 0, ops.NotEquals: value == 0}
    return replace(said, nonzero=excludes_zero.get(sign, False))


def _strict_arguments(value: ops.Value) -> tuple[ops.Value, ...]:
    if isinstance(value, ops.Alias):
        return (value.arg,)
    if isinstance(value, STRICT) and not isinstance(value, (*NOT_STRICT, *LENIENT)):
        return arguments(value)
    return ()


def arguments(value: ops.Value) -> tuple[ops.Value, ...]:
    """Arguments that are values; some operations take a tuple of them."""
    flat = [part for arg in value.args for part in (arg if isinstance(arg, tuple) else (arg,))]
    return tuple(arg for arg in flat if isinstance(arg, ops.Value))
