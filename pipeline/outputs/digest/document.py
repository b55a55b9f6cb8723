"""What a digest says: figures of a week with those of the week before, and tables of what they consist of."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.engines.base import Engine
from pipeline.errors import SelectionError
from pipeline.outputs.metrics import METRICS, Answer, query_metric
from pipeline.outputs.metrics.expressions import Ratio
from pipeline.outputs.metrics.intervals import Day, change_of_ratio
from pipeline.outputs.metrics.rows import Period, Rows, Value

WEEK = dt.timedelta(days=7)
FIGURES = (
    *("cost", "assisted_commits", "cost_per_commit", "developers", "sessions", "tokens", "cache_hit_rate"),
    "unpriced_tokens",
)
# Title, dimension, and the metrics that stand in columns; the first orders the rows.
TABLES = (
    ("By agent", "agent", ("cost", "sessions", "tokens", "assisted_commits", "cost_per_commit")),
    ("By model", "model", ("cost", "tokens", "cache_hit_rate")),
    ("By project", "project", ("assisted_commits", "assisted_lines", "committed_cost")),
)
MOST_ROWS = 10
COUNTED = ("count", "tokens")


@dataclass(frozen=True)
class Chance:
    """Between which changes to a ratio chance leaves that of a week, in 95 of 100 cases; 0.1 is 10 % more.

    Attributes:
        low: the least one.
        high: the greatest one.
        days: how many days with anything the week has, and the week before.
    """

    low: float
    high: float
    days: tuple[int, int]


@dataclass(frozen=True)
class Figure:
    """A metric of the week.

    Attributes:
        metric: its name.
        value: None where there is none.
        before: of the week before.
        reason: why there is no value.
        chance: of a ratio that has a value in both weeks.
        decisions: of how many decisions a share is, and between which values all such should lie.
    """

    metric: str
    value: Value
    before: Value = None
    reason: str | None = None
    chance: Chance | None = None
    decisions: tuple[int, float, float] | None = None


@dataclass(frozen=True)
class Table:
    """Metrics of the week by something.

    Attributes:
        title: its heading.
        by: the dimension.
        metrics: names of the columns.
        rows: what it is about, and the values.
        left_out: how many further rows there are.
    """

    title: str
    by: str
    metrics: tuple[str, ...]
    rows: list[tuple[str, tuple[Value, ...]]]
    left_out: int = 0


@dataclass(frozen=True)
class Digest:
    """A week.

    Attributes:
        monday: its first day.
        timezone: in which its days begin.
        notes: what must be known of these numbers, in sentences.
    """

    monday: dt.date
    timezone: str
    figures: list[Figure]
    tables: list[Table]
    notes: list[str] = field(default_factory=list)

    @property
    def sunday(self) -> dt.date:
        """Its last day."""
        return self.monday + WEEK - dt.timedelta(days=1)

    def document(self) -> dict[str, Any]:
        """All of it as JSON tells it."""
        return {
            "week": f"{self.monday:%G-W%V}",
            "since": self.monday,
            "until": self.sunday,
            "timezone": self.timezone,
            "figures": [
                {
                    "metric": figure.metric,
                    "label": METRICS[figure.metric].label,
                    "unit": METRICS[figure.metric].unit,
                    "value": figure.value,
                    "before": figure.before,
                    **({"reason": figure.reason} if figure.value is None else {}),
                    **(
                        {
                            "change_low": figure.chance.low,
                            "change_high": figure.chance.high,
                            "days": [*figure.chance.days],
                        }
                        if figure.chance
                        else {}
                    ),
                }
                for figure in self.figures
            ],
            "tables": [
                {
                    "title": table.title,
                    "by": table.by,
                    "rows": [
                        {table.by: name, **dict(zip(table.metrics, values, strict=True))}
                        for name, values in table.rows
                    ],
                    "left_out": table.left_out,
                }
                for table in self.tables
            ],
            "notes": self.notes,
        }


def read_digest(
    engine: Engine, monday: dt.date, *, timezone: str = "UTC", window_days: int = 90, min_group: int = 1
) -> Digest:
    """The digest of a week.

    Args:
        engine: an open database whose marts are published.
        monday: the week's first day.
        timezone: in which the days of the tables begin.
        window_days: how many days of commits and Copilot reports the marts keep.
        min_group: the least number of people behind any figure; what has fewer is left out.

    Raises:
        ModelError: a mart is not published.
    """

    def ask(metric: str, first: dt.date, by: tuple[str, ...] = ()) -> Answer | None:
        try:
            return query_metric(
                engine,
                metric,
                by=by,
                since=first,
                until=first + WEEK - dt.timedelta(days=1),
                timezone=timezone,
                window_days=window_days,
                min_group=min_group,
            )
        except SelectionError:  # not told of groups
            return None

    figures: list[Figure] = []
    notes: dict[str, None] = {}
    for metric in FIGURES:
        now = ask(metric, monday)
        if now is None or now.total is None:
            continue
        before = ask(metric, monday - WEEK)
        was = before.total.value if before and before.total else None
        chance = _chance(engine, metric, monday) if min_group == 1 else None  # whose days are put together
        figures.append(Figure(metric, now.total.value, was, now.total.reason, chance))
        notes |= dict.fromkeys(now.notes)
    names = dict(
        engine.fetch(f"SELECT agent_type, agent_display_name FROM {engine.name('mart', 'dim_agents')}")
    )
    tables = []
    for title, by, metrics in TABLES:
        answers = {metric: ask(metric, monday, (by,)) for metric in metrics}
        known = names if by == "agent" else {}
        if table := table_of(title, by, answers, names=known, most=MOST_ROWS, min_group=min_group):
            tables.append(table)
    return Digest(monday, timezone, figures, tables, [*notes])


def table_of(
    title: str,
    by: str,
    answers: Mapping[str, Answer | None],
    *,
    names: Mapping[str, str],
    most: int,
    min_group: int,
) -> Table | None:
    """Answers by one dimension, side by side; None without rows.

    Args:
        title: the heading.
        by: the dimension.
        answers: by metric, in the order of the columns; what is not told is left out.
        names: what to call values of the dimension.
        most: how many rows at most.
        min_group: the least number of people behind any figure.
    """
    there = {metric: _values(answer) for metric, answer in answers.items() if answer}
    # Of what has no row there is none; where groups are small, it may be of too few people.
    none = {metric: 0 for metric in there if min_group == 1 and METRICS[metric].unit in COUNTED}
    rows = _rows(there, none, names)
    return Table(title, by, tuple(there), rows[:most], max(0, len(rows) - most)) if rows else None


def _chance(engine: Engine, metric: str, monday: dt.date) -> Chance | None:
    """What chance leaves of the change of a ratio; None for what is only counted."""
    expression = METRICS[metric].expression
    if not isinstance(expression, Ratio):
        return None
    now, before = (_days(engine, expression, first) for first in (monday, monday - WEEK))
    found = change_of_ratio(now, before)
    return Chance(*found, (len(now), len(before))) if found else None


def _days(engine: Engine, ratio: Ratio, first: dt.date) -> list[Day]:
    """What each day of a week, on which there was anything, adds to both sums."""
    rows = Rows(engine, {}, Period(first, first + WEEK - dt.timedelta(days=1)))
    above, below = (rows.values(part, ("day",)) for part in (ratio.above, ratio.below))
    days = ((above.get(day, 0), below.get(day, 0)) for day in above | below)
    return [(part, whole) for part, whole in days if part is not None and whole is not None]  # type: ignore[misc]


def _values(answer: Answer) -> dict[Any, Value]:
    return {row.key[0]: row.value for row in answer.rows}


def _rows(
    columns: Mapping[str, Mapping[Any, Value]], none: Mapping[str, int], names: Mapping[str, str]
) -> list[tuple[str, tuple[Value, ...]]]:
    """A row for each thing that any column knows; the largest of the first column come first."""
    keys = dict.fromkeys(key for values in columns.values() for key in values)
    # No dictionary: two may have one name.
    rows = [
        (
            "unknown" if key is None else str(names.get(key, key)),
            tuple(values.get(key, none.get(metric)) for metric, values in columns.items()),
        )
        for key in keys
    ]

    def order(row: tuple[str, tuple[Value, ...]]) -> tuple[list[tuple[bool, float]], str]:
        name, values = row
        return [(value is None, -value if isinstance(value, int | float) else 0) for value in values], name

    return sorted(((name, values) for name, values in rows if any(values)), key=order)
