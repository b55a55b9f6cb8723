"""Rows on their way into the raw tables: in batches, each record once."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

from pipeline.engines.base import IN_LIST
from pipeline.engines.raw_tables import make_raw_table
from pipeline.ingest.landing.arrow import (
    Summary,
    append_arrow,
    append_columns,
    fetch_with_arrow,
    is_worth_arrow,
)
from pipeline.ingest.landing.columns import booleans, integers, texts
from pipeline.ingest.landing.identity import key_of, record_hash
from pipeline.ingest.landing.people import People
from pipeline.ingest.values import clean_text, to_json
from pipeline.plan.raw_tables import time_column

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.engines.base import Engine

EXACT = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # DuckDB's times to the microsecond

BATCH = 5_000  # rows that are held back before they are written

NONE = type(None)

Range = tuple[dt.datetime, dt.datetime]


class RawRows:
    """Writes records that the raw tables have not; in the caller's transaction.

    Args:
        engine: an open engine.
        people: what lands of records about them.
        created_at: when the rows landed.

    Attributes:
        landed: how many rows, by table.
        duplicates: records that were there.
        left_out: records of which nothing is left.
    """

    def __init__(self, engine: "Engine", people: People, created_at: dt.datetime) -> None:
        self.engine = engine
        self.people = people
        self.created_at = created_at
        self.landed: Counter[str] = Counter()
        self.duplicates = 0
        self.left_out = 0
        self._shapes = engine.shapes("raw")
        self._next_id: dict[str, int] = {}
        self._ranges: dict[str, Range] = {}
        self._waiting: dict[str, list[Mapping[str, Any]]] = {}
        self._waiting_columns: dict[str, dict[str, list[Any]]] = {}
        self._held: dict[str, list[tuple[pa.Table, Summary]]] = {}

    def land(self, table: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Land records; see `Landing.land`."""
        waiting = self._waiting.setdefault(table, [])
        for record in records:
            waiting.append(record)
            if len(waiting) >= BATCH:
                self._flush(table)
                waiting = self._waiting.setdefault(table, [])

    def land_columns(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Land records by columns; see `Landing.land_columns`."""
        if not self.people.let_all_be:
            names, rows = [*columns], zip(*columns.values(), strict=True)
            self.land(table, (dict(zip(names, row, strict=True)) for row in rows))
            return
        waiting = self._waiting_columns.setdefault(table, {name: [] for name in columns})
        for name, values in columns.items():
            waiting[name] += values
        if len(waiting[key_of(table)]) >= BATCH:
            self._flush_columns(table)

    def land_arrow(self, table: str, rows: "pa.Table", summary: Summary) -> None:
        """Land an Arrow table; see `Landing.land_arrow`."""
        held = self._held.setdefault(table, [])
        held.append((rows, summary))
        if sum(rows.num_rows for rows, _ in held) >= BATCH:
            self._flush_arrow(table)

    def flush(self) -> None:
        """Write what is held back."""
        for table in [*self._waiting]:
            self._flush(table)
        for table in [*self._waiting_columns]:
            self._flush_columns(table)
        for table in [*self._held]:
            self._flush_arrow(table)

    def _flush(self, table: str) -> None:
        told = self._waiting.pop(table)
        records = self.people.left(table, told)
        self.left_out += len(told) - len(records)
        if not records:
            return
        names = dict.fromkeys(name for record in records for name in record)
        columns = {name: [record.get(name) for record in records] for name in names}
        key = key_of(table)
        if None in columns.get(key, [None]):
            columns[key] = [record.get(key) or record_hash(table, record) for record in records]
        self._write(table, columns)

    def _flush_columns(self, table: str) -> None:
        self._write(table, self._waiting_columns.pop(table))

    def _write(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write the rows that are new of columns, that of the key among them."""
        self._ensure(table)
        columns = {name: _stored(values) for name, values in columns.items()}
        keys = list(columns[key_of(table)])
        fresh = self._fresh(keys, self._known(table, keys))
        if not all(fresh):
            columns = {name: [*compress(values, fresh)] for name, values in columns.items()}
        if count := sum(fresh):
            self._ranges.pop(table, None)  # these may be of any time
            first = self._take_ids(table, count)
            columns = {"id": [*range(first, first + count)], **columns}
            common = {"created_at": self.created_at}
            append_columns(self.engine, "raw", table, columns, self._shapes[table], common)

    def _flush_arrow(self, table: str) -> None:
        import pyarrow as pa

        held = self._held.pop(table)
        told = pa.concat_tables(rows for rows, _ in held)
        rows = self.people.left_in(table, told)
        self.left_out += told.num_rows - rows.num_rows
        if not rows.num_rows:
            return
        summary = Summary.of_all(summary for _, summary in held)
        times = summary.oldest, summary.newest
        self._ensure(table)
        keys = rows.column(key_of(table))
        known = set() if self._apart(table, *times) else self._known(table, keys, times)
        if known or not summary.all_different:
            rows = rows.filter(booleans(self._fresh(keys.to_pylist(), known)))
        if not rows.num_rows:
            return
        self._widen(table, *times)
        first = self._take_ids(table, rows.num_rows)
        rows = rows.append_column("id", integers(range(first, first + rows.num_rows)))
        append_arrow(self.engine, "raw", table, rows, {"created_at": self.created_at})

    def _fresh(self, keys: list[str], known: set[str]) -> list[bool]:
        """Which keys are new: not in the table, and here for the first time."""
        fresh = []
        for key in keys:
            fresh.append(key not in known)
            known.add(key)
        self.duplicates += fresh.count(False)
        return fresh

    def _known(
        self,
        table: str,
        keys: "list[str] | pa.ChunkedArray",
        times: tuple[dt.datetime, dt.datetime] | None = None,
    ) -> set[str]:
        """Which of the keys the table has."""
        if self._next_id[table] == 1:
            return set()
        engine, key = self.engine, self.engine.quote(key_of(table))
        sql = f"SELECT {key} FROM {engine.name('raw', table)} WHERE {key} IN "
        within, bounds = "", []
        if times:
            # Equal records have equal times, so the search for duplicates stays within the times of a batch;
            # databases that know the range of their blocks then skip most of a big table. A table of other
            # origin may hold coarser times.
            column = time_column(table)
            slack = dt.timedelta(days=0 if self._shapes[table][column] in EXACT else 1)
            within = f" AND {engine.quote(column)} BETWEEN ? AND ?"
            bounds = [times[0] - slack, times[1] + slack]
        if is_worth_arrow(engine, len(keys)):
            import pyarrow as pa

            if isinstance(keys, list):
                keys = texts(keys)
            incoming = pa.table({"key": keys})
            return {
                row[0] for row in fetch_with_arrow(engine, f"{sql}(FROM incoming){within}", incoming, bounds)
            }
        if not isinstance(keys, list):
            keys = keys.to_pylist()
        if engine.dialect == "duckdb":
            return {row[0] for row in engine.fetch(f"{sql}(SELECT unnest(?)){within}", [keys, *bounds])}
        known: set[str] = set()
        for start in range(0, len(keys), IN_LIST):
            some = keys[start : start + IN_LIST]
            marks = ", ".join("?" * len(some))
            known.update(row[0] for row in engine.fetch(f"{sql}({marks}){within}", [*some, *bounds]))
        return known

    def _apart(self, table: str, low: dt.datetime, high: dt.datetime) -> bool:
        """Whether all that the table has is known to be older or newer."""
        if table not in self._ranges:
            return False
        oldest, newest = self._ranges[table]
        return high < oldest or newest < low

    def _widen(self, table: str, low: dt.datetime, high: dt.datetime) -> None:
        """Extend the known range of times of a table that was empty when the ingest began."""
        if self._next_id[table] == 1:
            self._ranges[table] = low, high
        elif table in self._ranges:
            oldest, newest = self._ranges[table]
            self._ranges[table] = min(low, oldest), max(high, newest)

    def _take_ids(self, table: str, count: int) -> int:
        first = self._next_id[table]
        self._next_id[table] += count
        self.landed[table] += count
        return first

    def _ensure(self, table: str) -> None:
        """Make a table that is missing."""
        if table not in self._shapes:
            make_raw_table(self.engine, table)
            self._shapes = self.engine.shapes("raw")
        if table not in self._next_id:
            name = self.engine.name("raw", table)
            self._next_id[table] = self.engine.fetch(f"SELECT coalesce(max(id), 0) FROM {name}")[0][0] + 1


def _stored(values: Sequence[Any]) -> Sequence[Any]:
    """The values of a column as a database takes them."""
    kinds = {*map(type, values)}
    if kinds <= {str, NONE}:
        together = "".join(filter(None, values))
        if together.isascii() and "\x00" not in together:
            return values
    if kinds == {dt.datetime} and all(value.tzinfo for value in values):
        return values
    return [*map(_value, values)]


def _value(value: Any) -> Any:
    """A value as a database takes it: objects and lists as JSON, instants with their zone."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict | list):
        return to_json(value)
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    return value
