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
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline.config import SOURCES
from pipeline.engines import meta
from pipeline.engines.raw_tables import complete_raw_tables, modest
from pipeline.ingest.landing.arrow import Summary
from pipeline.ingest.landing.people import People
from pipeline.ingest.landing.raw_rows import RawRows
from pipeline.ingest.values import clean_text, records
from pipeline.system.temporary import remove_left

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

# The raw tables that an ingest lands in, by its source.
LANDS_IN = {
    "otlp": ("otel_logs", "otel_metrics", "otel_spans"),
    "clickhouse": ("otel_logs", "otel_metrics", "otel_spans"),
    "parquet": ("otel_logs", "otel_metrics", "otel_spans"),
    "git": ("git_commits", "git_survival", "pull_request_commits"),
    "copilot": ("copilot_metrics", "copilot_seats", "otel_logs"),
    "transcripts": ("otel_logs",),
    "github": ("pull_requests", "pull_request_commits"),
    "gitlab": ("pull_requests", "pull_request_commits"),
    "billing": ("billing",),
}

BATCH = 10_000  # bad records that are held back before they are written
EXCERPT = 200  # characters that are kept of a bad record
# How a reason says which field of records that landed no model reads.
NOT_READ = re.compile(r"\((.*)\) has landed, and no model reads it")
MOST_KINDS = 20  # kinds of usage that is not understood which are named at once


@dataclass(frozen=True)
class IngestResult:
    """What became of an input: `rows_in == landed + duplicates + quarantined`.

    Attributes:
        source: otlp, clickhouse, parquet, git, copilot, transcripts, github, gitlab or billing.
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
        source: otlp, clickhouse, parquet, git, copilot, transcripts, github, gitlab or billing.
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
        self.source = source
        self.ingest_id = uuid.uuid4().hex
        self._inputs = [clean_text(str(item)) for item in inputs]
        self._started = dt.datetime.now(dt.UTC)
        self._transaction = ExitStack()
        self._people = People(pseudonyms)
        self._bad: list[dict[str, Any]] = []
        self._repeated = 0
        self._quarantined = 0
        self._empty = 0
        self._warnings: dict[str, None] = {}  # a set that keeps its order
        self._dropped: set[str] = set()
        self._not_understood: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        """Make what is missing, and open the transaction."""
        remove_left()  # by an ingest that was killed
        with ExitStack() as on_error:
            on_error.push(self._transaction)
            self._transaction.enter_context(modest(self.engine))
            meta.ensure(self.engine)
            self._people.refuse_others(self.engine)
            complete_raw_tables(self.engine, LANDS_IN.get(self.source, SOURCES))
            self._transaction.enter_context(self.engine.transaction())
            self.engine.create_schema("raw")
            self._people.begin(self.engine)
            self._rows = RawRows(self.engine, self._people, self._started)
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
            self._people.end(self.engine, self._rows.landed)
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
        rows = self._rows
        rows.flush()
        landed, duplicates = rows.landed.total(), rows.duplicates + self._repeated
        return IngestResult(
            source=self.source,
            rows_in=landed + duplicates + self._quarantined,
            landed=landed,
            duplicates=duplicates,
            quarantined=self._quarantined,
            warnings=(*self._warnings, *_not_counted(self._not_understood)),
            landed_by_table=dict(rows.landed),
            empty=self._empty + rows.left_out,
            dropped=tuple(sorted(self._dropped)),
            not_counted=self._not_understood.total(),
            ingest_id=self.ingest_id,
        )

    def land(self, table: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Land records in `raw.<table>`.

        Args:
            table: one of `config.SOURCES`.
            records: columns of the contract without `id` and `created_at`; what is missing is
                NULL. JSON columns take text or anything that JSON can hold; instants without
                a zone are UTC. Without a `record_hash` the whole record is its identity.
        """
        self._rows.land(table, records)

    def land_columns(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Land records that are given column by column, the key among them, and JSON as text.

        All that are landed so in one table have the same columns.
        """
        self._rows.land_columns(table, columns)

    def land_arrow(self, table: str, rows: "pa.Table", summary: Summary) -> None:
        """Land an Arrow table of contract columns, key and time included.

        All tables that are landed in one table of the database have the same columns.
        """
        self._rows.land_arrow(table, rows, summary)

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
        self._bad.append(self._people.put_aside(row))
        if len(self._bad) >= BATCH:
            self._flush_quarantine()

    def not_understood(self, file: object, line: int | None, agent: str, kind: str, found: str) -> None:
        """Put aside a record of a kind that no reader knows, which carries usage in its field `found`.

        The person is told how many there are of each kind.
        """
        kind = self._people.kind(kind)
        reason = f"a record of {agent} of kind {kind} carries usage ({found}) that no reader understands"
        self.quarantine(file, line, reason, agent=agent, kind=kind)
        self._not_understood[agent, kind] += 1

    def not_read(self, file: object, agent: str, kind: str, found: str, number: int) -> None:
        """Note that records landed which carry usage in a field `found` that no model reads."""
        kind = self._people.kind(kind)
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

    def read_now(self, is_read: Callable[[str, str], bool]) -> None:
        """Forget what was noted by `not_read` of records that landed before, and that models read by now.

        Args:
            is_read: whether models read a field of records of a kind.
        """
        table = self.engine.name(meta.SCHEMA, "quarantine")
        told = self.engine.fetch(
            f"SELECT DISTINCT kind, reason FROM {table} WHERE source = ? AND agent IS NOT NULL", [self.source]
        )
        for kind, reason in told:
            found = NOT_READ.search(reason)
            if found and is_read(kind, found[1]):
                self.engine.delete(meta.SCHEMA, "quarantine", "reason", reason)

    def place(self, file: object) -> str:
        """How run metadata calls a file or another input."""
        return self._people.place(clean_text(str(file)))

    def as_landed(self, table: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """What of a record that is nobody's own lands: with pseudonyms, and without who was forgotten."""
        return self._people.left(table, [record])[0]

    def warn(self, message: str) -> None:
        """Tell the person something; the same message once."""
        self._warnings[self._people.sentence(message)] = None

    def repeat(self, count: int) -> None:
        """Count records that were not read again because they have landed before."""
        self._repeated += count

    def skip(self, count: int = 1) -> None:
        """Count what holds no record for us and rightly so."""
        self._empty += count

    def drop(self, attributes: Iterable[str]) -> None:
        """Name attributes that were left out because they hold content."""
        self._dropped.update(attributes)

    def _flush_quarantine(self) -> None:
        if self._bad:
            columns = list(meta.TABLES["quarantine"])
            self.engine.append("meta", "quarantine", columns, [tuple(row.values()) for row in self._bad])
            self._bad = []


def _not_counted(by_kind: Counter[tuple[str, str]]) -> Iterator[str]:
    """A sentence per agent and kind of records whose usage is not understood, the most frequent first."""
    for (agent, kind), number in by_kind.most_common(MOST_KINDS):
        carry = "carries" if number == 1 else "carry"
        what = f"{records(number)} of {agent} of kind {kind} {carry} usage"
        yield f"{what} that is not understood; it is not counted."
    if len(by_kind) > MOST_KINDS:
        yield f"{len(by_kind) - MOST_KINDS:,} more kinds of usage are not counted: see meta.quarantine."
