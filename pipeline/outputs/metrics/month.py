"""Figures of the month that holds the latest day: that day's cost, the month to date, and its forecast."""

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping

from pipeline.outputs.metrics.expressions import DAYS_FOR_FORECAST, OfMonth
from pipeline.outputs.metrics.rows import Key, Value

DAY = dt.timedelta(days=1)
SHORT = f"fewer than {DAYS_FOR_FORECAST} days with cost"
UNTOLD = "nothing tells what it cost"


def of_month(
    expression: OfMonth, by_day: Mapping[Key, Value], latest: dt.date
) -> dict[Key, tuple[float | None, str | None]]:
    """A figure by key, and why there is none.

    Args:
        expression: which figure.
        by_day: costs by a key whose last part is the day, from the first day ever to the latest one.
        latest: the latest day.
    """
    found: dict[Key, dict[dt.date, float | None]] = defaultdict(dict)
    for (*key, day), cost in by_day.items():
        found[tuple(key)][day] = cost  # type: ignore[assignment]  # a sum, and no date
    return {key: _figure(expression.figure, costs, latest) for key, costs in found.items()}


def _figure(
    figure: str, costs: Mapping[dt.date, float | None], latest: dt.date
) -> tuple[float | None, str | None]:
    known = {day: cost for day, cost in costs.items() if cost}
    if figure == "forecast":
        return _forecast(known, latest)
    if not known and all(cost is None for cost in costs.values()):
        return None, UNTOLD
    first = latest if figure == "day" else latest.replace(day=1)
    return _between(known, first, latest), None


def _forecast(costs: Mapping[dt.date, float], latest: dt.date) -> tuple[float | None, str | None]:
    """The month to date + the average of 7 calendar days, from the first with cost on, × the days left."""
    if len(costs) < DAYS_FOR_FORECAST:
        return None, SHORT
    since = max(latest - 6 * DAY, min(costs))
    average = _between(costs, since, latest) / ((latest - since).days + 1)
    left = calendar.monthrange(latest.year, latest.month)[1] - latest.day
    return _between(costs, latest.replace(day=1), latest) + average * left, None


def _between(costs: Mapping[dt.date, float], first: dt.date, last: dt.date) -> float:
    return sum(cost for day, cost in sorted(costs.items()) if first <= day <= last)
