"""What of the dashboard is shown where nobody chooses it in the page: days, people, agents and projects."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from pipeline.engines.base import Engine
from pipeline.errors import SelectionError, did_you_mean
from pipeline.outputs.metrics import query_metric

DAYS = 30
# The filters of the page, and of which metrics' rows their values are.
FILTERS = {
    "developer": ("sessions", "commits"),
    "agent": ("sessions", "assisted_commits"),
    "project": ("commits",),
}


@dataclass(frozen=True)
class Chosen:
    """The filters of the page.

    Attributes:
        first: the first day; None where there are no days at all.
        last: the last one.
        earliest: the first day that there is.
        where: values by developer, agent and project that count; everything if empty.
    """

    first: dt.date | None
    last: dt.date | None
    earliest: dt.date | None
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def fragment(self, view: str) -> str:
        """The end of the page's address: `cost?from=2026-11-01&to=2026-11-22&agents=codex`."""
        query = {"from": self.first, "to": self.last} if self.first else {}
        lists = {f"{dimension}s": [*values] for dimension, values in self.where.items()}
        return f"{view}?{urlencode(query | lists, doseq=True)}"


def choose(
    engine: Engine,
    since: dt.date | None = None,
    until: dt.date | None = None,
    where: Mapping[str, Sequence[str]] | None = None,
    *,
    timezone: str = "UTC",
    window_days: int = 90,
    min_group: int = 1,
) -> Chosen:
    """Filters that the page has: 30 days, unless more are asked for, within those that there are.

    Args:
        engine: an open database whose marts are published.
        since: the first day.
        until: the last one.
        where: values by developer, agent and project that count; everything if empty.
        timezone: in which days begin.
        window_days: how many days of commits and Copilot reports the marts keep.
        min_group: the least number of people behind any figure.

    Raises:
        ModelError: a mart is not published.
        SelectionError: there is no such day, developer, agent or project, or it is not told.
    """

    def known(metric: str, dimension: str) -> set[object]:
        answer = query_metric(
            engine,
            metric,
            by=dimension,
            timezone=timezone,
            window_days=window_days,
            min_group=min_group,
        )
        return {key for row in answer.rows if (key := row.key[0]) is not None}

    for dimension, values in (where or {}).items():
        if dimension not in FILTERS:
            raise SelectionError(f"The dashboard is chosen by {', '.join(FILTERS)}, not by {dimension}.")
        there = {str(value) for metric in FILTERS[dimension] for value in known(metric, dimension)}
        for value in values:
            if value not in there:
                raise SelectionError(f"There is no {dimension} {value}.{did_you_mean(value, sorted(there))}")
    found = (day for metric in ("sessions", "commits") for day in known(metric, "day"))
    days = [day for day in found if isinstance(day, dt.date)]
    if not days:
        return Chosen(None, None, None)
    earliest, latest = min(days), max(days)
    last = min(until or latest, latest)
    first = max(since or last - dt.timedelta(days=DAYS - 1), earliest)
    if first > last:
        raise SelectionError(
            f"There is nothing of these days: the first one is {earliest}, the last {latest}."
        )
    return Chosen(first, last, earliest, where or {})
