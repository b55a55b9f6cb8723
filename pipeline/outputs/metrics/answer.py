"""The answer to a question about a metric: values, why some are missing, and what must be known of them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.engines.base import Engine
from pipeline.outputs.marts import check_published, window_start
from pipeline.outputs.metrics.declared import Metric
from pipeline.outputs.metrics.expressions import (
    COST,
    FACTS,
    TIME,
    Expression,
    OfMonth,
    Operand,
    Ratio,
    Sum,
    has_dimension,
    operands,
)
from pipeline.outputs.metrics.grouped import Groups
from pipeline.outputs.metrics.intervals import wilson
from pipeline.outputs.metrics.month import SHORT, of_month
from pipeline.outputs.metrics.question import Question, ask, check_values
from pipeline.outputs.metrics.rows import Key, Period, Rows, Value

UNPRICED = Sum("usage", ("unpriced",), "unpriced tokens")


@dataclass(frozen=True)
class Row:
    """A value of a metric.

    Attributes:
        key: the values of the dimensions.
        value: the number or day; None where there is none.
        reason: why there is none.
        decisions: of how many decisions a share is; None of what is none.
        low: with `high`, between which values all such decisions should lie, in 95 of 100 cases.
    """

    key: Key
    value: Value
    reason: str | None = None
    decisions: int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Answer:
    """All values that were asked for.

    Attributes:
        question: what was asked.
        timezone: in which days begin.
        rows: in the order of time, or the largest first.
        total: the metric of all of it; not the sum of the rows, which may have people in common.
        notes: what must be known of these numbers, in sentences.
    """

    question: Question
    timezone: str
    rows: list[Row]
    total: Row | None
    notes: list[str]

    def labels(self, row: Row) -> dict[str, Any]:
        """What a row is about, by dimension; a month as 2026-11."""
        return {
            dimension: f"{value:%Y-%m}" if dimension == "month" else value
            for dimension, value in zip(self.question.by, row.key, strict=True)
        }

    def document(self, limit: int | None = None) -> dict[str, Any]:
        """The answer as JSON tells it; with a limit, of the first rows only, which it says."""
        metric, period = self.question.metric, self.question.period
        shown = self.rows[:limit]
        notes = list(self.notes)
        if len(shown) < len(self.rows):
            notes.append(f"These are the first {len(shown)} of {len(self.rows)} rows.")
        return {
            "metric": self.question.name,
            "label": metric.label,
            "unit": metric.unit,
            "meaning": metric.meaning,
            "by": [*self.question.by],
            "where": {dimension: [*values] for dimension, values in self.question.where.items()},
            "since": period.since,
            "until": period.until,
            "timezone": self.timezone,
            "rows": [{**self.labels(row), **_told(row)} for row in shown],
            "total": _told(self.total) if self.total else None,
            "row_count": len(self.rows),
            "is_cut": len(shown) < len(self.rows),
            "notes": notes,
        }


def _told(row: Row) -> dict[str, Any]:
    if row.value is None:
        return {"value": None, "reason": row.reason}
    if row.decisions is None:
        return {"value": row.value}
    return {"value": row.value, "decisions": row.decisions, "low": row.low, "high": row.high}


class _Source(Protocol):
    """Where sums come from."""

    period: Period

    def values(self, operand: Operand, by: Sequence[str]) -> dict[Key, Value]: ...

    def known(self, fact: str, dimension: str) -> set[str]: ...


def query_metric(
    engine: Engine,
    name: str,
    *,
    by: str | Sequence[str] = (),
    where: Mapping[str, str | Sequence[str]] | None = None,
    since: dt.date | str | None = None,
    until: dt.date | str | None = None,
    timezone: str = "UTC",
    window_days: int = 90,
    min_group: int = 1,
    is_there: bool = False,
) -> Answer:
    """The values of a metric, as the dashboard computes them.

    Args:
        engine: an open database whose marts are published.
        name: of the metric.
        by: the dimensions that rows are told apart by.
        where: values by dimension that count; everything if empty.
        since: the first day that counts.
        until: the last one.
        timezone: in which the days of the tables begin.
        window_days: how many days of commits and Copilot reports the marts keep.
        min_group: the least number of people behind any figure.
        is_there: whether somebody has looked that the values of `where` are there, if of other metrics only.

    Raises:
        ModelError: a mart is not published.
        SelectionError: there is no such metric, dimension or value, or it is not told.
    """
    check_published(engine)
    question = ask(name, by=by, where=where, since=since, until=until, min_group=min_group)
    metric = question.metric
    period, notes = question.period, []
    if metric.is_windowed or metric.is_of_activity:
        start = window_start(engine, timezone, window_days)
        if start and (period.since or _first_day(engine)) < start:
            kept = f"Commits and Copilot reports are kept for {window_days} days:"
            if metric.is_windowed:
                period = Period(start, period.until)
                notes.append(f"{kept} this is of {start} and later only.")
            else:
                notes.append(f"{kept} before {start} activity is that of sessions and tokens only.")
    if isinstance(metric.expression, OfMonth):
        if period.since:
            notes.append("The month is counted from its first day, and the pace of days before it.")
        period = Period(None, period.until)
    source: _Source
    if min_group > 1:
        source = Groups(engine, min_group, question.where, period)
        notes.append(_few(metric, min_group))
    else:
        source = Rows(engine, question.where, period)
    if not is_there:
        check_values(question, source.known)
    rows = _rows(metric.expression, source, question.by, engine)
    total = None
    if not (min_group > 1 and metric.few == "people"):
        (total,) = _rows(metric.expression, source, (), engine)
    notes += _unpriced(metric, source)
    return Answer(question, timezone, _ordered(rows, question.by) if question.by else rows, total, notes)


def _rows(expression: Expression, source: _Source, by: tuple[str, ...], engine: Engine) -> list[Row]:
    if isinstance(expression, OfMonth):
        last = _days(engine)[1] or dt.date.min
        latest = min(source.period.until or last, last)
        found = of_month(expression, source.values(COST, (*by, "day")), latest)
        if not by and not found:
            found = {(): (None, SHORT) if expression.figure == "forecast" else (0, None)}
        return [Row(key, value, reason) for key, (value, reason) in found.items()]
    if not isinstance(expression, Ratio):
        values = source.values(expression, by)
        return [Row(key, value, _why(expression, value)) for key, value in values.items()]
    below_by = (
        () if expression.of_all else tuple(name for name in by if has_dimension(expression.below, name))
    )
    above = source.values(expression.above, by)
    below = source.values(expression.below, below_by)
    times = expression.times / (_weeks(engine, source.period) if expression.per_week else 1)
    # Who has a part only below has 0 above, if the parts are of the same dimensions.
    keys = dict.fromkeys([*above, *(below if below_by == by else ())])
    places = [by.index(name) for name in below_by]
    rows = []
    for key in keys:
        part, whole = above.get(key, 0), below.get(tuple(key[place] for place in places), 0)
        reason = _why(expression.above, part) or _why(expression.below, whole)
        if reason is None and not whole:
            reason = f"no {expression.below.what}"
        # Both are numbers: of days, which `Latest` gives, there are no ratios.
        value = None if reason else times * part / whole  # type: ignore[operator]
        if value is None or not expression.of_decisions:
            rows.append(Row(key, value, reason))
        else:
            low, high = wilson(part, whole)  # type: ignore[arg-type]
            rows.append(Row(key, value, None, int(whole), times * low, times * high))  # type: ignore[arg-type]
    return rows


def _why(operand: Operand, value: Value) -> str | None:
    """Why a sum is none."""
    if value is not None:
        return None
    if not isinstance(operand, Sum):
        return f"no {operand.what}"
    if operand.figures == ("nano",):
        return "nothing tells what it cost"
    return "commits by people and those of which nobody knows are told together here"


def _ordered(rows: list[Row], by: tuple[str, ...]) -> list[Row]:
    def name(row: Row) -> tuple[Any, ...]:
        return tuple((value is None, str(value)) for value in row.key)

    if any(dimension in TIME for dimension in by):
        return sorted(rows, key=name)

    def largest(row: Row) -> tuple[Any, ...]:
        if isinstance(row.value, dt.date):
            return False, -row.value.toordinal(), name(row)
        return row.value is None, -(row.value or 0), name(row)

    return sorted(rows, key=largest)


def _days(engine: Engine) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day of usage and commits."""
    found = [
        engine.fetch(
            f"SELECT MIN({fact.dimensions['day']}), MAX({fact.dimensions['day']})"
            f" FROM {engine.name('mart', fact.table)}"
        )[0]
        for fact in FACTS.values()
    ]
    first = min((first for first, _ in found if first is not None), default=None)
    return first, max((last for _, last in found if last is not None), default=None)


def _first_day(engine: Engine) -> dt.date:
    return _days(engine)[0] or dt.date.max


def _weeks(engine: Engine, period: Period) -> float:
    """The weeks of a period as far as there are days; less than one counts as one."""
    first, last = _days(engine)
    if first is None or last is None:
        return 1
    since, until = max(period.since or first, first), min(period.until or last, last)
    return max(1, ((until - since).days + 1) / 7)


def _unpriced(metric: Metric, source: _Source) -> list[str]:
    """What is missing of a cost."""
    if not any(
        isinstance(operand, Sum) and operand.fact == "usage" and operand.figures == ("nano",)
        for operand in operands(metric.expression)
    ):
        return []
    tokens = source.values(UNPRICED, ())[()]
    if not tokens:
        return []
    return [
        f"{tokens:,.0f} tokens have neither a reported cost nor a price: every cost here is that much too"
        " low. A row in seeds/model_prices.csv prices a model."
    ]


def _few(metric: Metric, min_group: int) -> str:
    if metric.few == "people":
        return (
            f"Numbers of people are rounded down to a multiple of {min_group}; where they are fewer, nothing"
            " is said. A week or month is counted whole, whatever part of it is chosen."
        )
    return (
        f"No number here is about fewer than {min_group} people. Smaller groups of a month are folded into"
        " (others), so a name may stand for a part of what is its; days with fewer people are counted with"
        " later ones."
    )
