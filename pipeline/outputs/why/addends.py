"""What a value adds up from, and what of an expression stays when it is computed from one of these alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import ibis
import ibis.expr.operations as ops

from pipeline.models.operations import Once

IsSummed = Callable[[ops.Field], bool]
Build = Callable[[ops.Value], ops.Value]

# What gives for a sum what it gives for each addend, added up; of rounding as far as it is fine.
WRAPPERS = (ops.Cast, Once, ops.Negate, ops.Alias)
ROUNDING = (ops.Round, ops.Floor, ops.Ceil)


@dataclass(frozen=True)
class Addend:
    """One of the values that add up to another.

    Attributes:
        value: it, as an expression.
        base: the column, or the sum over a window, that it is proportional to; None if there is none.
        build: the value for another one in the place of `base`.
        condition: which rows have it, if it is one of several values of which each row takes one.
    """

    value: ops.Value
    base: ops.Field | ops.WindowFunction | None
    build: Build
    condition: ops.Value | None = None


def addends(value: ops.Value, is_summed: IsSummed) -> list[Addend]:
    """The values that a value adds up from; those that are always 0 or NULL are none.

    Args:
        value: an expression over one row.
        is_summed: whether a column of the row is made of several rows of a table.
    """

    def of(part: ops.Value) -> list[Addend]:
        return addends(part, is_summed)

    match value:
        case ops.Literal(value=None | 0):
            return []
        case ops.Field():
            return [Addend(value, value, lambda base: base)]
        case ops.WindowFunction() if is_running_sum(value):
            return [Addend(value, value, lambda base: base)]
        case ops.Add() | ops.Subtract():
            right = of(value.right)
            if isinstance(value, ops.Subtract):
                right = _wrapped(right, ops.Negate)
            parts = [*of(value.left), *right]
            if all(part.base is not None for part in parts):
                return parts
        case ops.Multiply():
            for side, other in ((value.left, value.right), (value.right, value.left)):
                # Of a sum of rows and a rate, the rate goes along; of two numbers of one row neither.
                is_rate = not fields_of(other) or (_any(side, is_summed) and not _any(other, is_summed))
                parts = of(side) if is_rate else []
                if parts and all(part.base is not None for part in parts):
                    return _wrapped(parts, partial(_times, other))
        case ops.Divide():
            parts = of(value.left)
            if all(part.base is not None for part in parts):
                return _wrapped(parts, lambda part: ops.Divide(part, value.right))
        case ops.IfElse():
            return _chosen(
                [
                    (value.bool_expr, value.true_expr),
                    (_not(value.bool_expr), value.false_null_expr),
                ],
                value,
                of,
            )
        case ops.SearchedCase():
            choices, before = [], None
            for condition, result in zip(value.cases, value.results, strict=True):
                choices.append((_both(before, condition), result))
                before = _both(before, _not(condition))
            return _chosen([*choices, (before, value.default)], value, of)
        case ops.Coalesce():
            choices, before = [], None
            for result in value.arg:
                choices.append((before, result))
                before = _both(before, ops.IsNull(result))
            return _chosen(choices, value, of)
        case ops.NullIf(null_if_expr=ops.Literal(value=0)):
            return of(value.arg)
    if isinstance(value, WRAPPERS):
        return _wrapped(of(value.arg), lambda part: _same(value, part))
    if isinstance(value, ROUNDING):
        parts = of(value.arg)
        if len(parts) == 1 and parts[0].base is not None:
            return _wrapped(parts, lambda part: _same(value, part))
    return [Addend(value, None, lambda base: value)]


def _times(other: ops.Value, part: ops.Value) -> ops.Value:
    return ops.Multiply(part, other)


def _any(value: ops.Value, is_summed: IsSummed) -> bool:
    return any(is_summed(field) for field in fields_in(value)) or bool(
        value.find(ops.WindowFunction, filter=ops.Value)
    )


def is_running_sum(window: ops.WindowFunction) -> bool:
    """Whether a window adds up what stands before a row in one order, up to the row."""
    return (
        isinstance(window.func, ops.Sum)
        and window.func.where is None
        and len(window.order_by) == 1
        and window.order_by[0].ascending
        and (window.start is None or (window.start.preceding is True and window.how == "range"))
        and window.end is not None
        and _is_current(window.end)
    )


def _is_current(boundary: ops.WindowBoundary) -> bool:
    value = boundary.value
    while isinstance(value, ops.Cast):
        value = value.arg
    return isinstance(value, ops.Literal) and value.value == 0


def _chosen(
    choices: list[tuple[ops.Value | None, ops.Value]],
    whole: ops.Value,
    of: Callable[[ops.Value], list[Addend]],
) -> list[Addend]:
    """Values of which each row takes one."""
    found: list[Addend] = []
    taken = [(condition, parts) for condition, result in choices if (parts := of(result))]
    if all(part.base is None for _, parts in taken for part in parts):
        return [Addend(whole, None, lambda base: whole)] if taken else []
    for condition, parts in taken:
        for part in parts:
            found.append(
                Addend(
                    _only(condition, part.value),
                    part.base,
                    partial(_built, partial(_only, condition), part.build),
                    _both(condition, part.condition) if len(taken) > 1 else part.condition,
                )
            )
    return found


def _both(first: ops.Value | None, second: ops.Value | None) -> ops.Value | None:
    if first is None or second is None:
        return second if first is None else first
    return (first.to_expr() & second.to_expr()).op()


def _only(condition: ops.Value | None, value: ops.Value) -> ops.Value:
    if condition is None:
        return value
    return ibis.ifelse(condition.to_expr(), value.to_expr(), ibis.null(value.dtype)).op()


def _not(condition: ops.Value) -> ops.Value:
    return (~condition.to_expr().fill_null(False)).op()


def _wrapped(parts: list[Addend], wrap: Build) -> list[Addend]:
    return [
        Addend(wrap(part.value), part.base, partial(_built, wrap, part.build), part.condition)
        for part in parts
    ]


def _built(wrap: Build, build: Build, base: ops.Value) -> ops.Value:
    return wrap(build(base))


def _same(value: ops.Value, arg: ops.Value) -> ops.Value:
    """The same operation on something else."""
    arguments = dict(zip(value.argnames, value.args, strict=True))
    made: ops.Value = type(value)(**arguments | {"arg": arg})
    return made


def fields_of(value: ops.Value | None) -> list[str]:
    """Names of the columns that a value is computed from, in the order in which they stand there."""
    return [] if value is None else [*dict.fromkeys(field.name for field in fields_in(value))]


def fields_in(value: ops.Value) -> Iterator[ops.Field]:
    yield from value.find(ops.Field, filter=ops.Value)


def swapped(value: ops.Value, old: ops.Relation, new: ops.Relation) -> ops.Value:
    """A value over the columns of a relation, over those of another that has them too."""

    def swap(node: ops.Node, arguments: dict[str, object] | None) -> ops.Node:
        arguments = dict(zip(node.argnames, node.args, strict=True)) | (arguments or {})
        changed = {
            name: new if isinstance(argument, ops.Relation) and argument == old else argument
            for name, argument in arguments.items()
        }
        return node.__recreate__(changed)

    if old == new:
        return value
    found: ops.Value = value.replace(swap, filter=ops.Value)
    return found
