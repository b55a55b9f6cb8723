"""What is known of a column's values from the expression that makes it, one rule per operation."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import ibis.expr.operations as ops

from pipeline.compile.analysis.column_properties import (
    ANYTHING,
    FINITE,
    MAYBE_NAN,
    NULL,
    ORDERED,
    Known,
    both,
    either_one,
)
from pipeline.compile.analysis.conditions import NOT_STRICT, STRICT, arguments, implied
from pipeline.models import operations


@dataclass
class Scope:
    """Where an expression is evaluated.

    Attributes:
        column: what is known of a column of a relation.
        refined: what a condition says of expressions.
        filled: a reduction sees at least one row.
    """

    column: Callable[[ops.Relation, str], Known]
    refined: Mapping[ops.Value, Known] = field(default_factory=dict)
    filled: bool = False

    def where(self, *conditions: ops.Value) -> "Scope":
        """The same scope where the conditions are true."""
        refined = dict(self.refined)
        for condition in conditions:
            for value, known in implied(condition).items():
                refined[value] = refined.get(value, ANYTHING).also(known)
        return replace(self, refined=refined)


PARTS = {ops.ExtractHour: (0, 23), ops.ExtractMinute: (0, 59), ops.DayOfWeekIndex: (0, 6)}

COUNTS = (ops.Count, ops.CountStar, ops.CountDistinct, ops.CountDistinctStar)


def known(value: ops.Value, scope: Scope) -> Known:
    """What holds of every value that an expression gives in a scope."""
    found = _rule(value, scope)
    if value in scope.refined:
        found = found.also(scope.refined[value])
    if not value.dtype.is_floating():
        found = replace(found, number=FINITE)
    return found


def _rule(value: ops.Value, scope: Scope) -> Known:
    def of(other: ops.Value) -> Known:
        return known(other, scope)

    match value:
        case ops.Alias() | ops.SortKey() | operations.Once():
            return of(value.args[0])
        case ops.Field():
            return scope.column(value.rel, value.name)
        case ops.Literal():
            return _literal(value)
        case operations.AsOf():
            return Known(present=True, why="the run's instant")
        case ops.Cast():
            return _cast(value, of(value.arg))
        case ops.Coalesce():
            return _first_present([of(arg) for arg in value.arg])
        case ops.NullIf():
            return _null_if(value, of(value.arg))
        case ops.IfElse():
            yes = known(value.true_expr, scope.where(value.bool_expr))
            return replace(yes.either(of(value.false_null_expr)), why="its cases")
        case ops.SearchedCase():
            results = [
                known(result, scope.where(condition))
                for condition, result in zip(value.cases, value.results, strict=True)
            ]
            return _one_of([*results, of(value.default)], "its cases")
        case ops.SimpleCase():
            return _one_of([of(arg) for arg in (*value.results, value.default)], "its cases")
        case ops.Greatest() | ops.Least():
            return _extreme(value, [of(arg) for arg in value.arg])
        case ops.Clip():
            return _clip(value, scope)
        case ops.IsNull() | ops.NotNull():
            return Known(present=True, why="a test for presence")
        case ops.InValues():
            every = [of(value.value), *map(of, value.options)]
            return Known(present=all(each.present for each in every))
        case ops.RankBase():
            return Known(present=True, low=0, why="a row number")
        case ops.Reduction():
            return _reduction(value, scope)
        case ops.WindowFunction():
            return _window(value, scope)
        case ops.Divide():
            return _divide(of(value.left), of(value.right))
        case ops.Modulus():
            return _modulus(of(value.left), of(value.right))
    if isinstance(value, STRICT) and not isinstance(value, NOT_STRICT):
        return _strict(value, scope)
    return ANYTHING


def _literal(value: ops.Literal) -> Known:
    if value.value is None:
        return NULL
    low = high = None
    if value.dtype.is_numeric():
        if not math.isfinite(value.value):
            return Known(present=True)
        # Decimals and floats do not mix; the whole numbers around a fraction are true as well.
        low, high = math.floor(value.value), math.ceil(value.value)
    return Known(
        present=True,
        low=low,
        high=high,
        nonzero=low is not None and value.value != 0,
        number=FINITE,
        values=frozenset([value.value]) if value.dtype.is_string() else None,
        why="a literal",
    )


def _cast(value: ops.Cast, arg: Known) -> Known:
    source, target = value.arg.dtype, value.to
    if source.is_string() and target.is_string():
        return arg
    if not (source.is_numeric() or source.is_boolean()) or not target.is_numeric():
        # A cast between dates and instants keeps presence; what a text spells may be nothing.
        keeps = source.is_temporal() and (target.is_temporal() or target.is_string())
        keeps |= source.is_numeric() and target.is_string()
        return Known(present=arg.present and keeps, why=arg.why, assumes=arg.assumes)
    if source.is_boolean():
        arg = replace(arg, low=0, high=1)
    exact = arg.number == FINITE and not target.is_integer() and not target.is_decimal()
    if source.is_integer() and target.is_integer():
        exact = True
    return Known(
        present=arg.present,
        # Rounding never leaves an interval whose ends are whole; other ends only keep their sign.
        low=arg.low if exact and _whole(arg.low) else 0 if arg.not_negative else None,
        high=arg.high if exact and _whole(arg.high) else None,
        nonzero=arg.nonzero and exact,
        number=arg.number,
        why=arg.why,
        assumes=arg.assumes,
    )


def _first_present(args: list[Known]) -> Known:
    """Of a coalesce: one of the arguments, present if any of them is."""
    together = _one_of(args, next((arg.why for arg in args if arg.present), args[0].why))
    sure = [arg for arg in args if arg.present]
    if not sure:
        return together
    why = "a literal where nothing else is" if sure[-1].why == "a literal" else sure[-1].why
    return replace(together, present=True, why=why)


def _one_of(args: Iterable[Known], why: str) -> Known:
    first, *others = args
    for other in others:
        first = first.either(other)
    return replace(first, why=why, numbers_rows_of=None)


def _null_if(value: ops.NullIf, arg: Known) -> Known:
    other = value.null_if_expr
    zero = isinstance(other, ops.Literal) and other.dtype.is_numeric() and other.value == 0
    return replace(arg.optional(), nonzero=arg.nonzero or zero)


def _extreme(value: ops.Value, args: list[Known]) -> Known:
    """Of greatest and least. Engines disagree on NULLs: only presence of all is presence."""
    result = replace(_one_of(args, args[0].why), values=None, nonzero=False)
    sure = [arg for arg in args if arg.present]
    if isinstance(value, ops.Greatest):
        lows = [arg.low for arg in sure if arg.low is not None]
        return replace(result, low=max(lows, default=result.low))
    highs = [arg.high for arg in sure if arg.high is not None]
    return replace(result, high=min(highs, default=result.high))


def _clip(value: ops.Clip, scope: Scope) -> Known:
    arg = known(value.arg, scope)
    bounds = [bound for bound in (value.lower, value.upper) if bound is not None]
    if not all(isinstance(bound, ops.Literal) for bound in bounds):
        return ANYTHING
    low = value.lower.value if value.lower is not None else None
    high = value.upper.value if value.upper is not None else None
    return Known(
        present=arg.present,
        low=either_one(max, arg.low, low) if high is None else low,
        high=either_one(min, arg.high, high) if low is None else high,
        number=arg.number,
        why="clipped",
        assumes=arg.assumes,
    )


def _divide(left: Known, right: Known) -> Known:
    """By zero, engines answer NULL, infinity, NaN or an error."""
    sure = right.nonzero and left.number == FINITE and right.number == FINITE
    positive = sure and left.not_negative and right.not_negative
    return Known(
        present=sure and left.present and right.present,
        low=0 if positive else None,
        number=ORDERED if sure else MAYBE_NAN,
        why="a quotient of numbers that are not negative" if positive else "",
        assumes=left.assumes | right.assumes,
    )


def _modulus(left: Known, right: Known) -> Known:
    if not (left.not_negative and right.low is not None and right.low > 0):
        return ANYTHING
    high = right.high - 1 if right.high is not None and _whole(right.high) else None
    return Known(
        present=left.present and right.present,
        low=0,
        high=high,
        why=left.why,
        assumes=left.assumes | right.assumes,
    )


def _strict(value: ops.Value, scope: Scope) -> Known:
    args = [known(arg, scope) for arg in arguments(value)]
    result = Known(
        present=all(arg.present for arg in args),
        why=next((arg.why for arg in args if arg.why), ""),
        assumes=frozenset().union(*(arg.assumes for arg in args)),
    )
    match value:
        case ops.Add() if value.dtype.is_numeric():
            left, right = args
            same_sign = left.not_negative and right.not_negative
            finite = left.number == right.number == FINITE
            ordered = finite or (same_sign and min(left.number, right.number) >= ORDERED)
            return replace(
                result,
                low=both(lambda a, b: a + b, left.low, right.low),
                high=both(lambda a, b: a + b, left.high, right.high),
                number=ORDERED if ordered else MAYBE_NAN,
            )
        case ops.Subtract() if value.dtype.is_numeric():
            left, right = args
            return replace(
                result,
                low=both(lambda a, b: a - b, left.low, right.high),
                high=both(lambda a, b: a - b, left.high, right.low),
                number=ORDERED if left.number == right.number == FINITE else MAYBE_NAN,
            )
        case ops.Multiply() if value.dtype.is_numeric():
            left, right = args
            finite = left.number == right.number == FINITE
            positive = finite and left.not_negative and right.not_negative
            return replace(result, low=0 if positive else None, number=ORDERED if finite else MAYBE_NAN)
        case ops.Abs() | ops.StringLength():
            return replace(result, low=0, number=args[0].number)
        case ops.Round() | ops.Floor() | ops.Ceil():
            return replace(result, low=0 if args[0].not_negative else None, number=args[0].number)
    if type(value) in PARTS:
        low, high = PARTS[type(value)]
        return replace(result, low=low, high=high)
    return result


def _reduction(value: ops.Reduction, scope: Scope) -> Known:
    """Of an aggregate over the rows of a group, of a frame or of a whole table."""
    if isinstance(value, COUNTS):
        every_row = isinstance(value, ops.CountStar) and scope.filled and value.where is None
        return Known(present=True, low=1 if every_row else 0, why="a count")
    if not isinstance(value, ops.Sum | ops.Mean | ops.Max | ops.Min | ops.ArgMax | ops.ArgMin):
        return ANYTHING
    inner = scope if value.where is None else scope.where(value.where)
    arg = known(value.arg, inner)
    sees_rows = scope.filled and value.where is None
    if isinstance(value, ops.ArgMax | ops.ArgMin):
        sees_rows = sees_rows and known(value.key, inner).present
    arg = replace(arg, present=arg.present and sees_rows, numbers_rows_of=None)
    if not isinstance(value, ops.Sum | ops.Mean):
        return arg
    summand_is_exact = not value.arg.dtype.is_floating()
    ordered = summand_is_exact or (arg.not_negative and arg.number >= ORDERED)
    return Known(
        present=arg.present,
        low=0 if arg.not_negative else None,
        number=FINITE if summand_is_exact else ORDERED if ordered else MAYBE_NAN,
        why="a sum of values that are not negative" if arg.not_negative else arg.why,
        assumes=arg.assumes,
    )


def _window(value: ops.WindowFunction, scope: Scope) -> Known:
    func = value.func
    if isinstance(func, ops.RowNumber):
        group = frozenset(value.group_by)
        return Known(present=True, low=0, numbers_rows_of=group, why="a row number")
    if isinstance(func, ops.RankBase):
        return known(func, scope)
    if isinstance(func, ops.Reduction):
        return known(func, replace(scope, filled=_frame_has_its_row(value)))
    return ANYTHING


def _frame_has_its_row(window: ops.WindowFunction) -> bool:
    def zero(boundary: ops.WindowBoundary) -> bool:
        return isinstance(boundary.value, ops.Literal) and boundary.value.value == 0

    start, end = window.start, window.end
    starts = start is None or start.preceding or zero(start)
    ends = end is None or not end.preceding or zero(end)
    return starts and ends


def _whole(number: float | None) -> bool:
    return number is not None and abs(number) < 2**53 and number == int(number)
