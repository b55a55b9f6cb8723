"""What is known of a value from the expression that computes it, one rule per operation."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import ibis.expr.operations as ops

from pipeline.compile.analysis.properties import ANYTHING, Column, one_of
from pipeline.models import operations

# Present if all of their arguments are, on every engine.
STRICT = (
    ops.Comparison,
    ops.And,
    ops.Or,
    ops.Not,
    ops.Between,
    ops.InValues,
    ops.Greatest,
    ops.Least,
    ops.Clip,
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
# Of these, what is present may have an argument that is not: FALSE AND NULL, 5 BETWEEN NULL AND 3,
# on some engines the greater of 5 and NULL, and what is joined to a NULL text.
LENIENT = (
    ops.And,
    ops.Or,
    ops.Between,
    ops.InValues,
    ops.Greatest,
    ops.Least,
    ops.Clip,
    ops.StringConcat,
    ops.IdenticalTo,
)
# Of floats that are infinite they may make NaN.
ARITHMETIC = (ops.Add, ops.Subtract, ops.Multiply)
COUNTS = (ops.Count, ops.CountStar, ops.CountDistinct, ops.CountDistinctStar)


@dataclass(frozen=True)
class Scope:
    """Where an expression is evaluated.

    Attributes:
        column: what is known of a column of a relation.
        present: expressions that a condition says are not NULL.
        filled: a reduction sees at least one row.
    """

    column: Callable[[ops.Relation, str], Column]
    present: frozenset[ops.Value] = frozenset()
    filled: bool = False

    def where(self, *conditions: ops.Value) -> "Scope":
        """The same scope where the conditions are true."""
        return replace(self, present=self.present.union(*map(present_where, conditions)))


def known(value: ops.Value, scope: Scope) -> Column:
    """What holds of every value that an expression gives in a scope."""
    found = _rule(value, scope)
    if value in scope.present:
        found = replace(found, present=True, why="filtered to be present")
    return found if value.dtype.is_floating() else replace(found, number=True)


def _rule(value: ops.Value, scope: Scope) -> Column:
    def of(other: ops.Value) -> Column:
        return known(other, scope)

    match value:
        case ops.Alias() | ops.SortKey() | operations.Once():
            return of(value.args[0])
        case ops.Field():
            return scope.column(value.rel, value.name)
        case ops.Literal():
            not_a_number = isinstance(value.value, float) and math.isnan(value.value)
            return Column(value.value is not None, not not_a_number, "a literal")
        case operations.AsOf():
            return Column(True, True, "the run's instant")
        case ops.Cast():
            return _cast(value, of(value.arg))
        case ops.Coalesce():
            return _first_present([of(arg) for arg in value.arg])
        case ops.NullIf():
            return of(value.arg).optional()
        case ops.IfElse():
            yes = known(value.true_expr, scope.where(value.bool_expr))
            return one_of([yes, of(value.false_null_expr)], "its cases")
        case ops.SearchedCase():
            cases = zip(value.cases, value.results, strict=True)
            results = [known(result, scope.where(condition)) for condition, result in cases]
            return one_of([*results, of(value.default)], "its cases")
        case ops.SimpleCase():
            return one_of([of(arg) for arg in (*value.results, value.default)], "its cases")
        case ops.IsNull() | ops.NotNull():
            return Column(True, True, "a test for presence")
        case ops.IdenticalTo():
            return ANYTHING
        case ops.RankBase():
            return Column(True, True, "a row number")
        case ops.Reduction():
            return _reduction(value, scope)
        case ops.WindowFunction(func=ops.RankBase()):
            return of(value.func)
        case ops.WindowFunction(func=ops.Reduction()):
            return known(value.func, replace(scope, filled=_frame_has_its_row(value)))
        case ops.Divide() if _nonzero(value.right):
            return of(value.left)
        case ops.Modulus() if _nonzero(value.right):
            return replace(of(value.left), number=False)
    if isinstance(value, STRICT):
        found = one_of(map(of, _arguments(value)))
        return replace(found, number=found.number and not isinstance(value, ARITHMETIC))
    return ANYTHING


def _cast(value: ops.Cast, arg: Column) -> Column:
    source, target = value.arg.dtype, value.to
    keeps = (
        (source.is_string() and target.is_string())
        or ((source.is_numeric() or source.is_boolean()) and (target.is_numeric() or target.is_string()))
        or (source.is_temporal() and (target.is_temporal() or target.is_string()))
    )
    # What a text spells may be nothing.
    return arg if keeps else ANYTHING


def _first_present(args: list[Column]) -> Column:
    """Of a coalesce: one of the arguments, present if any of them is. A NaN is not replaced."""
    together = one_of(args)
    sure = [arg for arg in args if arg.present]
    if not sure:
        return together
    why = "a literal where nothing else is" if sure[-1].why == "a literal" else sure[-1].why
    return replace(together, present=True, why=why)


def _nonzero(value: ops.Value) -> bool:
    """Whether a number is known not to be zero: by zero, engines answer NULL, infinity, NaN or an error."""
    return isinstance(value, ops.Literal) and bool(value.value) and math.isfinite(value.value)


def _reduction(value: ops.Reduction, scope: Scope) -> Column:
    """Of an aggregate over the rows of a group, of a frame or of a whole table."""
    if isinstance(value, COUNTS):
        return Column(True, True, "a count")
    if not isinstance(value, ops.Sum | ops.Mean | ops.Max | ops.Min | ops.ArgMax | ops.ArgMin):
        return ANYTHING
    # What a condition says of one row, it does not say of the others.
    every_row = replace(scope, present=frozenset())
    arg = known(value.arg, every_row)
    sees_rows = scope.filled and value.where is None
    if isinstance(value, ops.ArgMax | ops.ArgMin):
        sees_rows = sees_rows and known(value.key, every_row).present
    adds_floats = isinstance(value, ops.Sum | ops.Mean) and value.arg.dtype.is_floating()
    return replace(arg, present=arg.present and sees_rows, number=arg.number and not adds_floats)


def _frame_has_its_row(window: ops.WindowFunction) -> bool:
    def zero(boundary: ops.WindowBoundary) -> bool:
        return isinstance(boundary.value, ops.Literal) and boundary.value.value == 0

    start, end = window.start, window.end
    starts = start is None or start.preceding or zero(start)
    ends = end is None or not end.preceding or zero(end)
    return starts and ends


def present_where(condition: ops.Value) -> Iterator[ops.Value]:
    """The expressions that are not NULL wherever a condition is true."""
    match condition:
        case ops.And():
            yield from present_where(condition.left)
            yield from present_where(condition.right)
        case ops.NotNull():
            yield from _with_parts(condition.arg)
        case ops.Not(ops.IsNull()):
            yield from _with_parts(condition.arg.arg)
        case ops.InValues():
            yield from _with_parts(condition.value)
        case ops.IdenticalTo():
            return
        case ops.Comparison() | ops.Between():
            for part in condition.args:
                yield from _with_parts(part)


def _with_parts(value: ops.Value) -> Iterator[ops.Value]:
    """An expression that is present, and what of it then is."""
    yield value
    if isinstance(value, ops.Alias) or (isinstance(value, STRICT) and not isinstance(value, LENIENT)):
        for part in _arguments(value):
            yield from _with_parts(part)


def _arguments(value: ops.Value) -> list[ops.Value]:
    """Arguments that are values; some operations take a tuple of them."""
    flat = [part for arg in value.args for part in (arg if isinstance(arg, tuple) else (arg,))]
    return [arg for arg in flat if isinstance(arg, ops.Value)]
