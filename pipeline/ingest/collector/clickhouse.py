"""`ingest clickhouse`: what the OpenTelemetry Collector has written into ClickHouse.

How far a table was read is kept in `meta.ingest_files`: the time of its newest row. The next ingest goes on a
day before that, as records arrive late; what is there already does not land again. Where older rows have come
since, which their number tells, the table is read whole.
"""

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import IngestError
from pipeline.ingest.collector.account import Account
from pipeline.ingest.collector.server import ClickHouse, quoted, quoted_text
from pipeline.ingest.collector.tables import LOOKUP, Kind, kind_of
from pipeline.ingest.landing.landing import LANDS_IN, IngestResult, Landing

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

SOURCE = "clickhouse"
OVERLAP = 86_400 * 10**9  # nanoseconds
OURS = "otel"  # how tables of the exporter begin, unless they are configured otherwise
COLUMNS = """
SELECT c.table AS table, c.name AS name, c.type AS type, t.engine AS engine
FROM system.columns AS c JOIN system.tables AS t ON c.database = t.database AND c.table = t.name
WHERE c.database = {} AND c.default_kind != 'ALIAS' ORDER BY c.table, c.position
"""


@dataclass(frozen=True)
class Mark:
    """How far a table was read.

    Attributes:
        newest: the time of its newest row, in nanoseconds.
        older: how many rows there were that the next ingest does not read again.
    """

    newest: int
    older: int

    @property
    def since(self) -> int:
        """Where the next ingest begins."""
        return self.newest - OVERLAP


def ingest_clickhouse(
    engine: "Engine",
    url: str,
    *,
    include: Iterable[str] = (),
    pseudonyms: "Pseudonyms | None" = None,
) -> IngestResult:
    """Land what is new in the tables of the Collector's exporter, whatever they are called.

    Args:
        engine: an open engine.
        url: of the server, and the database there.
        include: names of content attributes to land all the same, such as `prompt`.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        SetupError: the URL is none, or a name in `include` is no content attribute.
        IngestError: the server cannot be read, or has no table of the exporter; nothing landed.
    """
    server = ClickHouse(url)
    with Landing(engine, SOURCE, [server.shown], pseudonyms) as landing:
        account = Account(landing, include)
        tables = _tables(server, landing)
        anything_landed = _anything_landed(engine)
        for table, (kind, columns) in tables.items():
            place = landing.place(f"{server.shown}/{table}")
            account.tell_columns(table, kind, columns)
            before = _mark(engine, place) if anything_landed else None
            if before and _rows(server, table, kind, before.since) > before.older:
                landing.warn(f"{table} has rows that came later than a day: it is read whole.")
                before = None
            # Before it is read: what comes meanwhile is among what the next ingest looks at.
            mark = _now(server, table, kind)
            if mark is None:
                landing.skip()
                continue
            account.take(table, kind, _records(server, table, kind, columns, before))
            _remember(engine, place, mark)
        account.finish()
    return landing.result


def _tables(server: ClickHouse, landing: Landing) -> dict[str, tuple[Kind, dict[str, str]]]:
    """Tables of the exporter by name, with their kind and the types of their columns."""
    shapes: dict[str, dict[str, str]] = {}
    for row in server.rows(COLUMNS.format(quoted_text(server.database))):
        if not row["engine"].endswith("View"):
            shapes.setdefault(row["table"], {})[row["name"]] = row["type"]
    found = {}
    for table, columns in shapes.items():
        if kind := kind_of(columns):
            found[table] = kind, columns
        elif table.startswith(OURS) and not columns.keys() >= LOOKUP:
            landing.warn(f"{table} is no table of logs, metrics or traces that we know, and is not read.")
    if not found:
        there = ", ".join([*shapes][:5]) or "none that this user may see"
        raise IngestError(
            f"{server.shown} has no table of the Collector's exporter for ClickHouse (otel_logs,"
            f" otel_metrics_sum, otel_traces …). Its tables are: {there}. Name the database in the URL."
        )
    return found


def _records(
    server: ClickHouse, table: str, kind: Kind, columns: Mapping[str, str], before: Mark | None
) -> Iterator[dict[str, Any]]:
    """What is read of a table, from where the last ingest stopped."""
    read = [
        f"{_value(quoted(column), columns[column])} AS {quoted(name)}"
        for name, column in kind.reads.items()
        if column in columns
    ]
    since = f" WHERE t.{quoted(kind.time)} >= {_instant(before.since)}" if before else ""
    # Named with its table, as a column may be called like what is read of another one.
    return server.rows(f"SELECT {', '.join(read)} FROM {quoted(table)} AS t{since}")


def _value(column: str, kind: str) -> str:
    return _nanoseconds(f"t.{column}") if kind.startswith("DateTime") else f"t.{column}"


def _nanoseconds(instant: str) -> str:
    return f"toUnixTimestamp64Nano(toDateTime64({instant}, 9))"


def _instant(nanoseconds: int) -> str:
    return f"fromUnixTimestamp64Nano(toInt64({nanoseconds}))"


def _now(server: ClickHouse, table: str, kind: Kind) -> Mark | None:
    """How far a table goes; None if it has no rows."""
    newest = _nanoseconds(f"max(t.{quoted(kind.time)})")
    (row,) = server.rows(f"SELECT {newest} AS newest, count() AS n FROM {quoted(table)} AS t")
    if not row["n"]:
        return None
    newest_now = min(int(row["newest"]), time.time_ns())  # a clock may be wrong
    return Mark(newest_now, _rows(server, table, kind, newest_now - OVERLAP))


def _rows(server: ClickHouse, table: str, kind: Kind, before: int) -> int:
    """How many rows of a table are older than an instant."""
    older = f"t.{quoted(kind.time)} < {_instant(before)}"
    (row,) = server.rows(f"SELECT count() AS n FROM {quoted(table)} AS t WHERE {older}")
    return int(row["n"])


def _anything_landed(engine: "Engine") -> bool:
    """Whether there is a row to show for what was read before."""
    shapes = engine.shapes("raw")
    return any(
        engine.fetch(f"SELECT 1 FROM {engine.name('raw', table)} LIMIT 1")
        for table in LANDS_IN[SOURCE]
        if table in shapes
    )


def _mark(engine: "Engine", place: str) -> Mark | None:
    found = engine.fetch("SELECT read_to, size FROM meta.ingest_files WHERE path = ?", [place])
    return Mark(*found[0]) if found else None


def _remember(engine: "Engine", place: str, mark: Mark) -> None:
    engine.delete("meta", "ingest_files", "path", place)
    columns = ["path", "size", "read_to", "updated_at"]
    engine.append(
        "meta", "ingest_files", columns, [(place, mark.older, mark.newest, dt.datetime.now(dt.UTC))]
    )
