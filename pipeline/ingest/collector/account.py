"""What the tables of a Collector held, on its way to the landing."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pipeline.ingest.collector.records import read_records
from pipeline.ingest.collector.tables import Kind, unknown_columns
from pipeline.ingest.content import ContentFilter
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.otlp.ingest import tell_unread
from pipeline.ingest.otlp.kinds import is_read
from pipeline.ingest.otlp.reader import tables_of
from pipeline.ingest.otlp.rows import Rows
from pipeline.ingest.otlp.unread import Unread
from pipeline.system.gc import gc_paused

ROWS_AT_ONCE = 20_000


class Account:
    """Lands rows of tables, and counts what became of them.

    Args:
        landing: where they land.
        include: content attributes to land all the same.
    """

    def __init__(self, landing: Landing, include: Iterable[str]) -> None:
        self.landing = landing
        self.include = ContentFilter(include).include
        self.unread: dict[str, Unread] = {}
        landing.read_now(is_read)

    def take(self, name: str, kind: Kind, records: Iterable[Mapping[str, Any]]) -> None:
        """Land the rows of a table or file; bounded in memory, however many there are."""
        waiting = iter(records)
        while some := [*islice(waiting, ROWS_AT_ONCE)]:
            rows = Rows(ContentFilter(self.include))
            with gc_paused():
                read_records(kind, some, rows)
                tables, summaries = tables_of(rows)
            for table, found in tables.items():
                self.landing.land_arrow(table, found, summaries[table])
            self.landing.skip(rows.empty)
            self.landing.drop(rows.content.dropped)
            self.unread.setdefault(name, Unread()).take(rows.unread)
            for _, reason in rows.bad:
                self.landing.quarantine(name, None, reason)
            if rows.more_bad:
                reason = f"{rows.more_bad} more rows like those before"
                self.landing.quarantine(name, None, reason, count=rows.more_bad)

    def tell_columns(self, name: str, kind: Kind, columns: Mapping[str, str]) -> None:
        """Say which columns are not read, and which are lacking that would be."""
        if unknown := unknown_columns(kind, columns):
            self.landing.warn(f"{name}: columns that are not known, and not read: {', '.join(unknown)}.")
        if lacking := [column for column in _told(kind) if column not in columns]:
            self.landing.warn(f"{name} lacks columns that are read elsewhere: {', '.join(lacking)}.")

    def finish(self) -> None:
        """Tell of usage that landed and that no model reads."""
        tell_unread(self.landing, self.unread)


def _told(kind: Kind) -> Iterator[str]:
    """Columns that every release of the exporter has."""
    younger = ("event_name", "scope") if not kind.metric else ()
    return (column for name, column in kind.reads.items() if name not in younger)
