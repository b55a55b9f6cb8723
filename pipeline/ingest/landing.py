"""The landing: one way into the raw tables for everything that is ingested.

    with Landing(engine, "git", ["~/code/app"]) as landing:
        landing.land("git_commits", [{"commit_hash": "…", …}])
        landing.quarantine("log.txt", 7, "not a commit")
    landing.result

One landing is one transaction: all of it is there or nothing. What is there already does not
land again, so the same input twice changes nothing. Every record that comes in is landed,
a duplicate, or quarantined, and `meta.ingests` says how many of each.
"""

import datetime as dt
import hashlib
import uuid
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline import meta
from pipeline.errors import QueryError
from pipeline.ingest.values import clean_text, to_json

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.engines.base import Engine

# What makes two rows the same record, and when it happened. Equal records have equal times, so
# the search for duplicates stays within the times of a batch; databases that know the range of
# their blocks then skip most of a big table.
KEYS = {"git_commits": "commit_hash"}
EXACT = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # DuckDB's times to the microsecond
TIMES = {"git_commits": "commit_timestamp", "copilot_metrics": "date"}

BATCH = 10_000  # rows that are held back before they are written
IN_LIST = 1_000  # keys that are asked for at once where a statement takes no lists
MEMORY = 192  # MiB that DuckDB may use, unless it was given less
MEGABYTES = {"MiB": 1, "GiB": 1 << 10, "TiB": 1 << 20}
EXCERPT = 200  # characters that are kept of a bad record

# Ibis type of a contract's column → kind of value in `meta.NATIVE`; the others have the same
# name in every engine, but for JSON.
KINDS = {"String": "text", "Int64": "integer", "Float64": "float", "Timestamp": "instant"}
# Where a database would write JSON anew, in an order of its own, it is kept as text.
JSON = {"duckdb": "JSON", "postgres": "JSON", "pyspark": "STRING", "bigquery": "STRING"}


# Long texts that seldom repeat: with zstd a DuckDB file is half as big and sooner written than
# with what DuckDB chooses, and read as fast.
ZSTD = {("otel_logs", "attributes")}


@dataclass(frozen=True)
class IngestResult:
    """What became of an input: `rows_in == landed + duplicates + quarantined`.

    Attributes:
        source: otlp, git, copilot or transcripts.
        rows_in: records found in the input, readable or not.
        empty: what holds no record for us and rightly so: spans, points without a value,
            files with nothing new.
        dropped: attributes that were left out because they hold content.
    """

    source: str
    rows_in: int
    landed: int
    duplicates: int
    quarantined: int
    warnings: tuple[str, ...] = ()
    landed_by_table: Mapping[str, int] = field(default_factory=dict)
    empty: int = 0
    dropped: tuple[str, ...] = ()


class Landing:
    """Writes one ingest into `raw` and its account into `meta`.

    Args:
        engine: an open engine.
        source: otlp, git, copilot or transcripts.
        inputs: the paths or addresses that were named.
    """

    def __init__(self, engine: "Engine", source: str, inputs: Sequence[object]) -> None:
        self.engine = engine
        self.source = source
        self.ingest_id = uuid.uuid4().hex
        self._inputs = [clean_text(str(item)) for item in inputs]
        self._started = dt.datetime.now(dt.UTC)
        self._transaction = ExitStack()
        self._shapes: dict[str, dict[str, str]] = {}
        self._next_id: dict[str, int] = {}
        self._waiting: dict[str, list[Mapping[str, Any]]] = {}
        self._bad: list[tuple[Any, ...]] = []
        self._landed: dict[str, int] = {}
        self._duplicates = 0
        self._quarantined = 0
        self._empty = 0
        self._warnings: dict[str, None] = {}  # a set that keeps its order
        self._dropped: set[str] = set()

    def __enter__(self) -> Self:
        """Open the transaction."""
        self._transaction.enter_context(bounded_memory(self.engine))
        self._transaction.enter_context(self.engine.transaction())
        with ExitStack() as on_error:
            on_error.push(self._transaction)
            meta.ensure(self.engine)
            self.engine.create_schema("raw")
            self._shapes = self.engine.shapes("raw")
            on_error.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what waits and the account, then commit; after an error, undo everything."""
        if error is not None:
            self._transaction.__exit__(kind, error, trace)
            return
        with self._transaction:
            result = self.result
            self._flush_quarantine()
            account = {
                "ingest_id": self.ingest_id,
                "started_at": self._started,
                "finished_at": dt.datetime.now(dt.UTC),
                "source": self.source,
                "inputs": "\n".join(self._inputs),
                "rows_in": result.rows_in,
                "landed": result.landed,
                "duplicates": result.duplicates,
                "quarantined": result.quarantined,
            }
            self.engine.append("meta", "ingests", list(account), [tuple(account.values())])

    @property
    def result(self) -> IngestResult:
        """The account so far."""
        for table in list(self._waiting):
            self._flush(table)
        landed = sum(self._landed.values())
        return IngestResult(
            source=self.source,
            rows_in=landed + self._duplicates + self._quarantined,
            landed=landed,
            duplicates=self._duplicates,
            quarantined=self._quarantined,
            warnings=tuple(self._warnings),
            landed_by_table=dict(self._landed),
            empty=self._empty,
            dropped=tuple(sorted(self._dropped)),
        )

    def land(self, table: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Land records in `raw.<table>`.

        Args:
            table: otel_logs, otel_metrics, git_commits or copilot_metrics.
            records: columns of the contract without `id` and `created_at`; what is missing is
                NULL. JSON columns take text or anything that JSON can hold; instants without
                a zone are UTC. Without a `record_hash` the whole record is its identity.
        """
        for record in records:
            waiting = self._waiting.setdefault(table, [])
            waiting.append(record)
            if len(waiting) >= BATCH:
                self._flush(table)

    def land_arrow(self, table: str, rows: "pa.Table") -> None:
        """Land an Arrow table of contract columns, key and time included."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not rows.num_rows:
            return
        self._ensure(table, rows.column_names)
        times = pc.min_max(rows.column(TIMES.get(table, "timestamp"))).as_py()
        keys = rows.column(KEYS.get(table, "record_hash"))
        known = self._known(table, keys, (times["min"], times["max"]))
        if known or pc.count_distinct(keys).as_py() < rows.num_rows:
            rows = rows.filter(pa.array(self._fresh(keys.to_pylist(), known)))
        if not rows.num_rows:
            return
        first = self._take_ids(table, rows.num_rows)
        numbers = array("q", range(first, first + rows.num_rows))
        # Not from a list: with the first one that it is given, Arrow imports pandas.
        ids = pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
        rows = rows.append_column("id", ids)
        append_arrow(self.engine, "raw", table, rows, {"created_at": self._started})

    def quarantine(
        self,
        file: object,
        line: int | None,
        reason: str,
        excerpt: str | None = None,
        count: int = 1,
    ) -> None:
        """Put a bad record aside.

        Args:
            file: where it stands.
            line: the line, from 1; None where there are no lines.
            reason: what is wrong, for a person.
            excerpt: its beginning; never content such as prompts.
            count: how many records this stands for.
        """
        self._quarantined += count
        self._bad.append(
            (
                self.ingest_id,
                self.source,
                clean_text(str(file)),
                line,
                clean_text(reason),
                None if excerpt is None else clean_text(excerpt[:EXCERPT]),
                self._started,
            )
        )
        if len(self._bad) >= BATCH:
            self._flush_quarantine()

    def warn(self, message: str) -> None:
        """Tell the person something; the same message once."""
        self._warnings[message] = None

    def repeat(self, count: int) -> None:
        """Count records that were not read again because they have landed before."""
        self._duplicates += count

    def skip(self, count: int = 1) -> None:
        """Count what holds no record for us and rightly so."""
        self._empty += count

    def drop(self, attributes: Iterable[str]) -> None:
        """Name attributes that were left out because they hold content."""
        self._dropped.update(attributes)

    def _flush(self, table: str) -> None:
        records = self._waiting.pop(table, [])
        if not records:
            return
        columns = list(dict.fromkeys(name for record in records for name in record))
        key = KEYS.get(table, "record_hash")
        if key not in columns:
            columns.append(key)
        shape = self._ensure(table, columns)
        json_columns = {name for name in columns if _is_json(name, shape[name])}
        rows = [[_value(record.get(name), name in json_columns) for name in columns] for record in records]
        position = columns.index(key)
        for row, record in zip(rows, records, strict=True):
            if row[position] is None:
                row[position] = record_hash(table, record)
        keys = [row[position] for row in rows]
        fresh = self._fresh(keys, self._known(table, keys))
        rows = [row for row, new in zip(rows, fresh, strict=True) if new]
        if rows:
            first = self._take_ids(table, len(rows))
            complete = [(number, self._started, *row) for number, row in enumerate(rows, start=first)]
            self.engine.append("raw", table, ["id", "created_at", *columns], complete)

    def _flush_quarantine(self) -> None:
        if self._bad:
            columns = ["ingest_id", "source", "file", "line", "reason", "excerpt", "created_at"]
            self.engine.append("meta", "quarantine", columns, self._bad)
            self._bad = []

    def _fresh(self, keys: list[str], known: set[str]) -> list[bool]:
        """Which keys are new: not in the table, and here for the first time."""
        fresh = []
        for key in keys:
            fresh.append(key not in known)
            known.add(key)
        self._duplicates += fresh.count(False)
        return fresh

    def _known(
        self, table: str, keys: "list[str] | pa.ChunkedArray", times: tuple[Any, Any] | None = None
    ) -> set[str]:
        """Which of the keys the table has."""
        if self._next_id[table] == 1:
            return set()
        engine, key = self.engine, self.engine.quote(KEYS.get(table, "record_hash"))
        sql = f"SELECT {key} FROM {engine.name('raw', table)} WHERE {key} IN "
        within, bounds = "", []
        if times:
            # A table of other origin may hold coarser times.
            column = TIMES.get(table, "timestamp")
            slack = dt.timedelta(days=0 if self._shapes[table][column] in EXACT else 1)
            within = f" AND {engine.quote(column)} BETWEEN ? AND ?"
            bounds = [times[0] - slack, times[1] + slack]
        if engine.dialect == "duckdb" and not isinstance(keys, list):
            import pyarrow as pa

            incoming = pa.table({"key": keys})
            return {row[0] for row in fetch_beside(engine, f"{sql}(FROM incoming){within}", incoming, bounds)}
        if engine.dialect == "duckdb":
            return {row[0] for row in engine.fetch(f"{sql}(SELECT unnest(?)){within}", [keys, *bounds])}
        if not isinstance(keys, list):
            keys = keys.to_pylist()
        known: set[str] = set()
        for start in range(0, len(keys), IN_LIST):
            some = keys[start : start + IN_LIST]
            marks = ", ".join("?" * len(some))
            known.update(row[0] for row in engine.fetch(f"{sql}({marks}){within}", [*some, *bounds]))
        return known

    def _take_ids(self, table: str, count: int) -> int:
        first = self._next_id[table]
        self._next_id[table] += count
        self._landed[table] = self._landed.get(table, 0) + count
        return first

    def _ensure(self, table: str, columns: Sequence[str]) -> dict[str, str]:
        """The table's columns and native types, after making what is missing."""
        shape = self._shapes.get(table)
        if shape is None or not {"id", "created_at", *columns} <= shape.keys():
            make_raw_table(self.engine, table, shape)
            self._shapes = self.engine.shapes("raw")
        if table not in self._next_id:
            name = self.engine.name("raw", table)
            self._next_id[table] = self.engine.fetch(f"SELECT coalesce(max(id), 0) FROM {name}")[0][0] + 1
        return self._shapes[table]


def record_hash(table: str, record: Mapping[str, Any]) -> str:
    """The identity of a record: the same content has the same hash, wherever it stood."""
    content = {name: _plain(value) for name, value in record.items() if value is not None}
    text = to_json([table, content])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def make_raw_table(engine: "Engine", table: str, shape: Mapping[str, str] | None) -> None:
    """Make a raw table as its contract says, or add the columns that it lacks.

    Args:
        engine: an open engine with a schema `raw`.
        table: its name, such as otel_logs.
        shape: the columns that are there; None if the table is not.
    """
    from schemas import raw

    contract = getattr(raw, "Raw" + "".join(word.title() for word in table.split("_")))
    native = meta.NATIVE[engine.dialect]
    fields = contract.to_schema().columns
    definitions = {}
    for name, ibis_type in contract.columns().items():
        kind = type(ibis_type).__name__
        is_json = (fields[name].metadata or {}).get("json")
        same = native.get(KINDS.get(kind, ""), kind.upper())
        definitions[name] = JSON[engine.dialect] if is_json else same
        if engine.dialect == "duckdb" and (table, name) in ZSTD:
            definitions[name] += " USING COMPRESSION zstd"
    if shape is None:
        columns = ", ".join(f"{engine.quote(name)} {kind}" for name, kind in definitions.items())
        engine.execute(f"CREATE TABLE {engine.name('raw', table)} ({columns})")
        return
    for name, kind in definitions.items():
        if name not in shape:
            engine.execute(f"ALTER TABLE {engine.name('raw', table)} ADD COLUMN {engine.quote(name)} {kind}")


@contextmanager
def bounded_memory(engine: "Engine") -> Iterator[None]:
    """Keep DuckDB from holding what it writes to a file in memory as well."""
    if engine.dialect != "duckdb" or getattr(engine, "path", None) == ":memory:":
        yield
        return
    before = str(engine.fetch("SELECT current_setting('memory_limit')")[0][0])
    amount, unit = before.split()
    if float(amount) * MEGABYTES.get(unit, 0) <= MEMORY:
        yield
        return
    engine.execute(f"SET memory_limit = '{MEMORY} MiB'")
    try:
        yield
    finally:
        engine.execute(f"SET memory_limit = '{before}'")


def append_arrow(
    engine: "Engine",
    schema: str,
    table: str,
    incoming_rows: "pa.Table",
    common: Mapping[str, Any] | None = None,
) -> None:
    """Add the rows of an Arrow table; DuckDB reads it in place.

    Args:
        engine: an open engine.
        schema: where the table is.
        table: its name.
        incoming_rows: the rows.
        common: further columns, with the value that all of the rows have.
    """
    common = common or {}
    own = incoming_rows.column_names
    columns = [*common, *own]
    if engine.dialect != "duckdb":
        values = [incoming_rows.column(name).to_pylist() for name in own]
        rows = [(*common.values(), *row) for row in zip(*values, strict=True)]
        engine.append(schema, table, columns, rows)
        return
    names = ", ".join(map(engine.quote, columns))
    selected = ", ".join(["?"] * len(common) + list(map(engine.quote, own)))
    sql = f"INSERT INTO {engine.name(schema, table)} ({names}) SELECT {selected} FROM incoming"
    fetch_beside(engine, sql, incoming_rows, list(common.values()))


def fetch_beside(
    engine: "Engine", sql: str, incoming: "pa.Table", parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """The rows of a query of DuckDB that reads an Arrow table in place, as `incoming`."""
    import duckdb

    try:
        # Found by the name of the variable: a registered table would stay in memory until the
        # transaction ends.
        rows: list[tuple[Any, ...]] = engine.connection.execute(sql, parameters).fetchall()  # type: ignore[attr-defined]
    except duckdb.Error as error:
        raise QueryError(f"DuckDB refused rows: {error}") from error
    return rows


def _is_json(name: str, native: str) -> bool:
    return native.lower() in ("json", "jsonb") or name in (
        "attributes",
        "resource_attributes",
        "language_breakdown",
    )


def _value(value: Any, is_json: bool) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if is_json and value is not None:
        return to_json(value)
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    return value


def _plain(value: Any) -> Any:
    """A value of which equal ones give equal JSON."""
    if isinstance(value, dt.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return zoned.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
