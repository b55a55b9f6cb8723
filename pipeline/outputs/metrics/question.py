"""What is asked of a metric, held against what it can be asked."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import SelectionError, did_you_mean
from pipeline.outputs.metrics import grouped
from pipeline.outputs.metrics.declared import METRICS, Metric
from pipeline.outputs.metrics.expressions import DIMENSIONS, FACTS, TIME, operands
from pipeline.outputs.metrics.rows import Period

LISTED = "`aa-pipeline metrics list` lists them."


@dataclass(frozen=True)
class Question:
    """A metric, what its rows are told apart by, and which rows count.

    Attributes:
        name: of the metric.
        metric: as it is declared.
        by: dimensions.
        where: values by dimension.
        period: the days that count, as asked.
    """

    name: str
    metric: Metric
    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]]
    period: Period


def ask(
    name: str,
    *,
    by: str | Sequence[str] = (),
    where: Mapping[str, str | Sequence[str]] | None = None,
    since: dt.date | str | None = None,
    until: dt.date | str | None = None,
    min_group: int = 1,
) -> Question:
    """A question that can be answered.

    Args:
        name: of the metric.
        by: the dimensions that rows are told apart by.
        where: values by dimension that count; everything if empty.
        since: the first day that counts.
        until: the last one.
        min_group: the least number of people behind any figure.

    Raises:
        SelectionError: there is no such metric or dimension, or it is not told.
    """
    if name not in METRICS:
        raise SelectionError(f"There is no metric {name}.{did_you_mean(name, METRICS)} {LISTED}")
    metric = METRICS[name]
    dimensions = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    wanted = {
        dimension: (values,) if isinstance(values, str) else tuple(values)
        for dimension, values in (where or {}).items()
    }
    period = Period(_date("since", since), _date("until", until))
    if period.since and period.until and period.since > period.until:
        raise SelectionError("The first day (since) is after the last one (until).")
    for dimension in (*dimensions, *wanted):
        _check_dimension(name, metric, dimension)
    if empty := [dimension for dimension, values in wanted.items() if not values]:
        raise SelectionError(f"No {empty[0]} is named that counts; leave it out, and all count.")
    if min_group > 1:
        _check_told(name, metric, dimensions, wanted, period, min_group)
    return Question(name, metric, dimensions, wanted, period)


def _date(what: str, value: dt.date | str | None) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if value is None or isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise SelectionError(f"{what}: {value!r} is no date, such as 2026-11-01.") from None


def _check_dimension(name: str, metric: Metric, dimension: str) -> None:
    if dimension in metric.dimensions:
        return
    hint = did_you_mean(dimension, metric.dimensions)
    others = [other for other, declared in METRICS.items() if dimension in declared.dimensions]
    if dimension in DIMENSIONS and others:
        hint = f" By {dimension} there are {', '.join(others[:6])}{', …' if len(others) > 6 else ''}."
    raise SelectionError(
        f"{name} cannot be told by {dimension}: its dimensions are {', '.join(metric.dimensions)}.{hint}"
    )


def _check_told(
    name: str,
    metric: Metric,
    by: tuple[str, ...],
    where: Mapping[str, tuple[str, ...]],
    period: Period,
    min_group: int,
) -> None:
    """Refuse what could be about fewer than so many people."""
    here = f"where [privacy] min_group is {min_group}"
    if metric.few == "hidden":
        raise SelectionError(f"{name} is not told {here}: it could be of fewer people.")
    if metric.few == "people":
        whole = len(by) == 1 and (by[0] in TIME or (by[0] == "agent" and period == Period()))
        if where or not whole:
            raise SelectionError(
                f"{name} is told by day, week or month, or by agent over all days, and of nothing less,"
                f" {here}."
            )
        return
    told = {dimension for fact in _facts(metric) for dimension in grouped.DIMENSIONS[fact]}
    for dimension in (*by, *where):
        if dimension not in told:
            there = [known for known in metric.dimensions if known in told]
            raise SelectionError(f"{name} is not told by {dimension} {here}, only by {', '.join(there)}.")


def _facts(metric: Metric) -> dict[str, None]:
    return dict.fromkeys(operand.fact for operand in operands(metric.expression))


def check_values(question: Question, known: Callable[[str, str], set[str]]) -> None:
    """Refuse a value that no row has: its number would be a 0 that says nothing.

    Args:
        question: what is asked.
        known: the values of a dimension in a fact.

    Raises:
        SelectionError: there is no such value.
    """
    for dimension, values in question.where.items():
        if dimension in TIME:
            raise SelectionError(f"Days are chosen with since and until, not with {dimension}.")
        facts = [fact for fact in _facts(question.metric) if dimension in FACTS[fact].dimensions]
        there = {value for fact in facts for value in known(fact, dimension)}
        for value in values:
            if value not in there:
                raise SelectionError(f"There is no {dimension} {value}.{did_you_mean(value, sorted(there))}")
