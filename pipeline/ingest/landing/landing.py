"""The landing: one way into the raw tables for everything that is ingested.

    with Landing(engine, "git", ["~/code/app"]) as landing:
        landing.land("git_commits", [{"commit_hash": "…", …}])
        landing.quarantine("log.txt", 7, "not a commit")
    landing.result

One landing is one transaction: all of it is there or nothing. What is there already does not
land again, so the same input twice changes nothing. Every record that comes in is landed,
a duplicate, or quarantined, and `meta.ingests` says how many of each. Of people who were forgotten
lands what is left of them (see `ingest.forget`), or nothing.
"""

import datetime as dt
import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline.config import SOURCES
from pipeline.engines import meta
from pipeline.engines.base import IN_LIST
from pipeline.engines.forgotten import Forgotten
from pipeline.engines.raw_tables import complete_raw_tables, make_raw_table, modest
from pipeline.ingest.landing.arrow import Summary, append_arrow, fetch_with_arrow, without_people_in
from pipeline.ingest.landing.columns import booleans, integers, texts
from pipeline.ingest.values import clean_text, records, to_json
from pipeline.privacy import database
from pipeline.privacy.rows import Rows
from pipeline.system.pseudonyms import without_people
from pipeline.system.temporary import remove_left

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.engines.base import Engine
    from pipeline.ingest.forget.records import Records
    from pipeline.privacy.pseudonyms import Pseudonyms

# What makes two rows the same record, and when it happened. Equal records have equal times, so
# the search for duplicates stays within the times of a batch; databases that know the range of
# their blocks then skip most of a big table.
KEYS = {"git_commits": "commit_hash"}
EXACT = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # DuckDB's times to the microsecond
TIMES = {"git_commits": "commit_timestamp", "copilot_metrics": "date", "otel_spans": "start_timestamp"}

# The raw tables that an ingest lands in, by its source.
LANDS_IN = {
    "otlp": ("otel_logs", "otel_metrics", "otel_spans"),
    "git": ("git_commits",),
    "copilot": ("copilot_metrics", "otel_logs"),
    "transcripts": ("otel_logs",),
}

Range = tuple[dt.datetime, dt.datetime]

BATCH = 10_000  # rows that are held back before they are written
EXCERPT = 200  # characters that are kept of a bad record
MOST_KINDS = 20  # kinds of usage that is not understood which are named at once


@dataclass(frozen=True)
class IngestResult:
    """What became of an input: `rows_in == landed + duplicates + quarantined`.

    Attributes:
        source: otlp, git, copilot or transcripts.
        rows_in: records found in the input, readable or not.
        empty: what holds no record for us and rightly so: points without a value,
            files with nothing new.
        dropped: attributes that were left out because they hold content.
        not_counted: records, landed or quarantined, whose usage no reader or model understands.
        ingest_id: the ingest in `meta`.
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
    not_counted: int = 0
    ingest_id: str = field(default="", compare=False)


class Landing:
    """Writes one ingest into `raw` and its account into `meta`.

    Args:
        engine: an open engine.
        source: otlp, git, copilot or transcripts.
        inputs: the paths or addresses that were named.
        pseudonyms: what lands instead of people; None lets them be.
    """

    def __init__(
        self,
        engine: "Engine",
        source: str,
        inputs: Sequence[object],
        pseudonyms: "Pseudonyms | None" = None,
    ) -> None:
        self.engine = engine
        self.pseudonyms = pseudonyms
        self._hidden = Rows(pseudonyms) if pseudonyms else None
        self.source = source
        self.ingest_id = uuid.uuid4().hex
        self._inputs = [clean_text(str(item)) for item in inputs]
        self._started = dt.datetime.now(dt.UTC)
        self._transaction = ExitStack()
        self._shapes: dict[str, dict[str, str]] = {}
        self._next_id: dict[str, int] = {}
        self._ranges: dict[str, Range] = {}
        self._waiting: dict[str, list[Mapping[str, Any]]] = {}
        self._held: dict[str, list[tuple[pa.Table, Summary]]] = {}
        self._bad: list[dict[str, Any]] = []
        self._landed: dict[str, int] = {}
        self._duplicates = 0
        self._quarantined = 0
        self._empty = 0
        self._warnings: dict[str, None] = {}  # a set that keeps its order
        self._dropped: set[str] = set()
        self._not_understood: Counter[tuple[str, str]] = Counter()
        self._forgetting: Records | None = None

    def __enter__(self) -> Self:
        """Make what is missing, and open the transaction."""
        remove_left()  # by an ingest that was killed
        with ExitStack() as on_error:
            on_error.push(self._transaction)
            self._transaction.enter_context(modest(self.engine))
            meta.ensure(self.engine)
            database.refuse_other_key(self.engine, self._hidden)
            complete_raw_tables(self.engine, LANDS_IN.get(self.source, SOURCES))
            self._transaction.enter_context(self.engine.transaction())
            self.engine.create_schema("raw")
            if self._hidden:
                database.hide(self.engine, self._hidden)
            self._shapes = self.engine.shapes("raw")
            if forgotten := Forgotten.of(self.engine):
                from pipeline.ingest.forget.records import Records

                self._forgetting = Records(forgotten)
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
            if self._hidden:
                for table in self._next_id:
                    database.note_landed(self.engine, self._hidden, table)
            account = {
                "ingest_id": self.ingest_id,
                "ingest_number": meta.next_number(self.engine, "ingests"),
                "started_at": self._started,
                "finished_at": dt.datetime.now(dt.UTC),
                "source": self.source,
                "inputs": "\n".join(map(self.place, self._inputs)),
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
        for table in list(self._held):
            self._flush_arrow(table)
        landed = sum(self._landed.values())
        return IngestResult(
            source=self.source,
            rows_in=landed + self._duplicates + self._quarantined,
            landed=landed,
            duplicates=self._duplicates,
            quarantined=self._quarantined,
            warnings=(*self._warnings, *_not_counted(self._not_understood)),
            landed_by_table=dict(self._landed),
            empty=self._empty,
            dropped=tuple(sorted(self._dropped)),
            not_counted=self._not_understood.total(),
            ingest_id=self.ingest_id,
        )

    def land(self, table: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Land records in `raw.<table>`.

        Args:
            table: otel_logs, otel_metrics, otel_spans, git_commits or copilot_metrics.
            records: columns of the contract without `id` and `created_at`; what is missing is
                NULL. JSON columns take text or anything that JSON can hold; instants without
                a zone are UTC. Without a `record_hash` the whole record is its identity.
        """
        for record in map(self._without_people(table), records):
            waiting = self._waiting.setdefault(table, [])
            waiting.append(record)
            if len(waiting) >= BATCH:
                self._flush(table)

    def land_arrow(self, table: str, rows: "pa.Table", summary: Summary) -> None:
        """Land an Arrow table of contract columns, key and time included.

        All tables that are landed in one table of the database have the same columns.
        """
        if self._hidden:
            rows = without_people_in(table, rows, self._hidden)
        held = self._held.setdefault(table, [])
        held.append((rows, summary))
        if sum(rows.num_rows for rows, _ in held) >= BATCH:
            self._flush_arrow(table)

    def _flush_arrow(self, table: str) -> None:
        import pyarrow as pa

        held = self._held.pop(table)
        rows = pa.concat_tables(rows for rows, _ in held)
        if self._forgetting:
            rows = self._without_forgotten(table, rows)
        if not rows.num_rows:
            return
        summary = Summary.of_all(summary for _, summary in held)
        times = summary.oldest, summary.newest
        self._ensure(table)
        keys = rows.column(KEYS.get(table, "record_hash"))
        known = set() if self._apart(table, *times) else self._known(table, keys, times)
        if known or not summary.all_different:
            rows = rows.filter(booleans(self._fresh(keys.to_pylist(), known)))
        if not rows.num_rows:
            return
        self._widen(table, *times)
        first = self._take_ids(table, rows.num_rows)
        rows = rows.append_column("id", integers(range(first, first + rows.num_rows)))
        append_arrow(self.engine, "raw", table, rows, {"created_at": self._started})

    def quarantine(
        self,
        file: object,
        line: int | None,
        reason: str,
        excerpt: str | None = None,
        count: int = 1,
        agent: str | None = None,
        kind: str | None = None,
        has_landed: bool = False,
    ) -> None:
        """Put a bad record aside.

        Args:
            file: where it stands.
            line: the line, from 1; None where there are no lines.
            reason: what is wrong, for a person.
            excerpt: its beginning; never content such as prompts.
            count: how many records this stands for.
            agent: whose record it is, where it carries usage of a kind that no reader understands.
            kind: what kind of record that is.
            has_landed: whether they landed all the same.
        """
        self._quarantined += 0 if has_landed else count
        row: dict[str, Any] = {
            "ingest_id": self.ingest_id,
            "source": self.source,
            "file": clean_text(str(file)),
            "line": line,
            "reason": clean_text(reason),
            "excerpt": None if excerpt is None else clean_text(excerpt[:EXCERPT]),
            "created_at": self._started,
            "agent": None if agent is None else clean_text(agent[:EXCERPT]),
            "kind": None if kind is None else clean_text(kind[:EXCERPT]),
            "records": count,
        }
        if self._hidden:
            row = database.put_aside(row, self._hidden)
        if self._forgetting:
            row |= {name: self._said(row[name]) for name in ("file", "reason", "excerpt") if row[name]}
        self._bad.append(row)
        if len(self._bad) >= BATCH:
            self._flush_quarantine()

    def not_understood(self, file: object, line: int | None, agent: str, kind: str, found: str) -> None:
        """Put aside a record of a kind that no reader knows, which carries usage in its field `found`.

        The person is told how many there are of each kind.
        """
        kind = database.kind_of(kind, self._hidden) if self._hidden else kind
        reason = f"a record of {agent} of kind {kind} carries usage ({found}) that no reader understands"
        self.quarantine(file, line, reason, agent=agent, kind=kind)
        self._not_understood[agent, kind] += 1

    def not_read(self, file: object, agent: str, kind: str, found: str, number: int) -> None:
        """Note that records landed which carry usage in a field `found` that no model reads."""
        kind = database.kind_of(kind, self._hidden) if self._hidden else kind
        reason = f"usage of {agent} in {kind} ({found}) has landed, and no model reads it: {records(number)}"
        self.quarantine(file, None, reason, count=number, agent=agent, kind=kind, has_landed=True)
        self._not_understood[agent, kind] += number

    def read_again(self, files: Iterable[object]) -> None:
        """Forget what was put aside of files that are read from their beginning: it is told anew."""
        names = {self.place(file) for file in files}
        table = self.engine.name(meta.SCHEMA, "quarantine")
        told = self.engine.fetch(f"SELECT DISTINCT file FROM {table} WHERE source = ?", [self.source])
        for (file,) in told:
            if file in names:
                self.engine.delete(meta.SCHEMA, "quarantine", "file", file)

    def place(self, file: object) -> str:
        """How run metadata calls a file or another input."""
        name = clean_text(str(file))
        return self._said(self.pseudonyms.file(name) if self.pseudonyms else name)

    def _said(self, text: str) -> str:
        return self._forgetting.texts.clean_own(text) if self._forgetting else text

    def warn(self, message: str) -> None:
        """Tell the person something; the same message once."""
        self._warnings[without_people(message) if self._hidden else message] = None

    def repeat(self, count: int) -> None:
        """Count records that were not read again because they have landed before."""
        self._duplicates += count

    def skip(self, count: int = 1) -> None:
        """Count what holds no record for us and rightly so."""
        self._empty += count

    def drop(self, attributes: Iterable[str]) -> None:
        """Name attributes that were left out because they hold content."""
        self._dropped.update(attributes)

    def _without_people(self, table: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        """What makes of a record the one that lands; its identity is that of the record as it was told."""
        hidden, key = self._hidden, KEYS.get(table, "record_hash")
        if hidden is None:
            return lambda record: record
        return lambda record: hidden.record(
            table, {**record, key: record.get(key) or record_hash(table, record)}
        )

    def _flush(self, table: str) -> None:
        records = self._waiting.pop(table, [])
        if self._forgetting:
            records = [*self._left_of(table, records, self._forgetting)]
        if not records:
            return
        columns = list(dict.fromkeys(name for record in records for name in record))
        key = KEYS.get(table, "record_hash")
        if key not in columns:
            columns.append(key)
        self._ensure(table)
        rows = [[_value(record.get(name)) for name in columns] for record in records]
        position = columns.index(key)
        for row, record in zip(rows, records, strict=True):
            if row[position] is None:
                row[position] = record_hash(table, record)
        keys = [row[position] for row in rows]
        fresh = self._fresh(keys, self._known(table, keys))
        rows = [row for row, new in zip(rows, fresh, strict=True) if new]
        if rows:
            self._ranges.pop(table, None)  # these may be of any time
            first = self._take_ids(table, len(rows))
            complete = [(number, self._started, *row) for number, row in enumerate(rows, start=first)]
            self.engine.append("raw", table, ["id", "created_at", *columns], complete)

    def _left_of(
        self, table: str, records: Iterable[Mapping[str, Any]], forgetting: "Records"
    ) -> Iterator[Mapping[str, Any]]:
        """What is left of records where people were forgotten."""
        key = KEYS.get(table, "record_hash")
        for record in records:
            # Which record it is does not depend on who is forgotten.
            known = record if record.get(key) else {**record, key: record_hash(table, record)}
            left = forgetting.clean(table, known)
            if left is None:
                self.skip()
            else:
                yield left

    def _without_forgotten(self, table: str, rows: "pa.Table") -> "pa.Table":
        """The same of an Arrow table."""
        assert self._forgetting
        names = [field.name for field in rows.schema if _is_text(field.type)]
        values = zip(*(rows.column(name).to_pylist() for name in names), strict=True)
        records = [dict(zip(names, row, strict=True)) for row in values]
        cleaned = [self._forgetting.clean(table, record) for record in records]
        if all(left is record for left, record in zip(cleaned, records, strict=True)):
            return rows
        rows = rows.filter(booleans([left is not None for left in cleaned]))
        some = [left for left in cleaned if left is not None]
        self.skip(len(cleaned) - len(some))
        for name in dict.fromkeys(name for left in some for name in left):
            column = texts([left.get(name) for left in some])
            if name in names:
                rows = rows.set_column(rows.column_names.index(name), name, column)
            else:
                rows = rows.append_column(name, column)
        return rows

    def _flush_quarantine(self) -> None:
        if self._bad:
            columns = list(meta.TABLES["quarantine"])
            self.engine.append("meta", "quarantine", columns, [tuple(row.values()) for row in self._bad])
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
        self,
        table: str,
        keys: "list[str] | pa.ChunkedArray",
        times: tuple[dt.datetime, dt.datetime] | None = None,
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
            return {
                row[0] for row in fetch_with_arrow(engine, f"{sql}(FROM incoming){within}", incoming, bounds)
            }
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
        self._landed[table] = self._landed.get(table, 0) + count
        return first

    def _ensure(self, table: str) -> None:
        """Make a table that is missing."""
        if table not in self._shapes:
            make_raw_table(self.engine, table)
            self._shapes = self.engine.shapes("raw")
        if table not in self._next_id:
            name = self.engine.name("raw", table)
            self._next_id[table] = self.engine.fetch(f"SELECT coalesce(max(id), 0) FROM {name}")[0][0] + 1


def _not_counted(by_kind: Counter[tuple[str, str]]) -> Iterator[str]:
    """A sentence per agent and kind of records whose usage is not understood, the most frequent first."""
    for (agent, kind), number in by_kind.most_common(MOST_KINDS):
        carry = "carries" if number == 1 else "carry"
        what = f"{records(number)} of {agent} of kind {kind} {carry} usage"
        yield f"{what} that is not understood; it is not counted."
    if len(by_kind) > MOST_KINDS:
        yield f"{len(by_kind) - MOST_KINDS:,} more kinds of usage are not counted: see meta.quarantine."


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    plain = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    plain = plain.value_type if pa.types.is_dictionary(plain) else plain
    return bool(pa.types.is_string(plain) or pa.types.is_null(plain))


def record_hash(table: str, record: Mapping[str, Any]) -> str:
    """The identity of a record: the same content has the same hash, wherever it stood."""
    content = {name: _plain(value) for name, value in record.items() if value is not None}
    text = to_json([table, content])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _value(value: Any) -> Any:
    """A value as a database takes it: objects and lists as JSON, instants with their zone."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict | list):
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
