"""What is in a table: a few of its rows, and of each column how many values it has and where they lie."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import isfinite
from typing import Any

from pipeline.engines.base import Engine
from pipeline.plan import PlanColumn, PlanTable
from pipeline.plan.check_results import mask

# Elsewhere every look is a job that takes its time, or has its price.
QUICK = ("duckdb", "postgres")
# Of larger tables so many rows are looked at: which, the database chooses.
MOST_ROWS = 100_000
SAMPLE = 5
BARS = 10

# Columns that name a person; an alias is another name of one where it stands beside them.
PEOPLE = frozenset({"developer_id", "login", "user_id", "owner"})

NUMBERS = ("int", "uint", "float", "decimal")
TIMES = ("date", "timestamp")
TEXTS = ("string", "boolean")


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds, of the rows that were looked at.

    Attributes:
        nulls: rows without a value.
        distinct: values that differ; None where the database cannot compare them.
        low, high: the least and the greatest number or time; None of other types.
        bars: rows in each of `BARS` parts of the same width, from `low` to `high`; empty of other types, and
            where all values are one.
    """

    nulls: int
    distinct: int | None = None
    low: Any = None
    high: Any = None
    bars: tuple[int, ...] = ()


@dataclass(frozen=True)
class TableProfile:
    """What a table holds.

    Attributes:
        looked_at: how many of its rows were looked at.
        is_part: whether it has more.
        columns: by name.
        rows: the first few by its key, without what says who a person is or what they wrote.
    """

    looked_at: int
    is_part: bool
    columns: dict[str, ColumnProfile] = field(default_factory=dict)
    rows: list[list[Any]] = field(default_factory=list)


def profile(engine: Engine, table: PlanTable) -> TableProfile | None:
    """What a stored table holds, by a few queries; None where a look is slow or has a price.

    Raises:
        QueryError: the table cannot be read.
    """
    if engine.dialect not in QUICK:
        return None
    names = {column.name: engine.quote(column.name) for column in table.columns}
    looked_at = f"(SELECT {', '.join(names.values())} FROM {table.relation} LIMIT {MOST_ROWS}) AS looked_at"
    measures = [measure for column in table.columns for measure in _measures(column, names[column.name])]
    count, *found = engine.fetch(f"SELECT {', '.join(['COUNT(*)', *measures])} FROM {looked_at}")[0]
    columns = {
        column.name: ColumnProfile(count - filled, distinct, low, high)
        for column, (filled, distinct, low, high) in zip(table.columns, batched(found, 4), strict=True)
    }
    order = ", ".join(names[name] for name in table.key)
    ordered = f" ORDER BY {order}" if order else ""
    rows = engine.fetch(f"SELECT * FROM {looked_at}{ordered} LIMIT {SAMPLE}")
    more = f"SELECT COUNT(*) FROM (SELECT 1 FROM {table.relation} LIMIT {MOST_ROWS + 1}) AS counted"
    return TableProfile(
        looked_at=count,
        is_part=count == MOST_ROWS and engine.fetch(more)[0][0] > MOST_ROWS,
        columns=_with_bars(engine, looked_at, columns, names),
        rows=[[_masked(name, value, names) for name, value in zip(names, row, strict=True)] for row in rows],
    )


def _masked(column: str, value: Any, columns: Collection[str]) -> Any:
    """A value without what says who a person is or what they wrote; of a person's name, its first letter."""
    names_somebody = column in PEOPLE or (column == "alias" and not PEOPLE.isdisjoint(columns))
    if names_somebody and isinstance(value, str) and "@" not in value:
        return f"{value[:1]}***"
    return mask(column, value)


def _measures(column: PlanColumn, name: str) -> list[str]:
    """Values, different values, the least and the greatest; NULL for what a type does not have."""
    has_range = column.type.startswith((*NUMBERS, *TIMES))
    can_be_compared = has_range or column.type.startswith(TEXTS)
    return [
        f"COUNT({name})",
        f"COUNT(DISTINCT {name})" if can_be_compared else "NULL",
        *((f"MIN({name})", f"MAX({name})") if has_range else ("NULL", "NULL")),
    ]


def _with_bars(
    engine: Engine, looked_at: str, columns: dict[str, ColumnProfile], names: dict[str, str]
) -> dict[str, ColumnProfile]:
    """The columns with their bars, all of them by one query."""
    counts: list[str] = []
    edges: list[Any] = []
    with_bars: list[str] = []
    for name, column in columns.items():
        if between := _edges(column):
            with_bars.append(name)
            quoted = names[name]
            counts.append(f"COUNT(CASE WHEN {quoted} < ? THEN 1 END)")
            counts += [f"COUNT(CASE WHEN {quoted} >= ? AND {quoted} < ? THEN 1 END)"] * (BARS - 2)
            counts.append(f"COUNT(CASE WHEN {quoted} >= ? THEN 1 END)")
            edges += [edge for edge in between for _ in range(2)]
    if not with_bars:
        return columns
    found = batched(engine.fetch(f"SELECT {', '.join(counts)} FROM {looked_at}", edges)[0], BARS)
    bars = dict(zip(with_bars, found, strict=True))
    return {name: replace(column, bars=bars.get(name, ())) for name, column in columns.items()}


def _edges(column: ColumnProfile) -> list[Any]:
    """Where one bar ends and the next begins; none where all values are one, or have no distance."""
    low, high = column.low, column.high
    if low is None:
        return []
    if isinstance(low, int | float | Decimal):
        low, high = float(low), float(high)
    elif not isinstance(low, dt.datetime):  # of days: a bar may begin within one
        low, high = (dt.datetime.combine(day, dt.time()) for day in (low, high))
    width = (high - low) / BARS
    if not width or (isinstance(width, float) and not isfinite(width)):
        return []
    return [low + width * number for number in range(1, BARS)]


def batched(values: Sequence[Any], size: int) -> Iterator[tuple[Any, ...]]:
    """Values in groups of a size: `itertools.batched`, which Python 3.11 does not have."""
    return zip(*[iter(values)] * size, strict=True)
