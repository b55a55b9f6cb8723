"""From pieces of files to Arrow tables."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.ingest.content import ContentFilter
from pipeline.ingest.files import LONGEST, Piece
from pipeline.ingest.landing.arrow import Summary
from pipeline.ingest.landing.columns import chosen, encoded_json, floats, integers, same, texts
from pipeline.ingest.otlp.json import read_document
from pipeline.ingest.otlp.rows import COMMON_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, Rows
from pipeline.ingest.otlp.strict import read_line
from pipeline.ingest.otlp.unread import Unread
from pipeline.ingest.values import clean
from pipeline.system.compressed import ZSTD
from pipeline.system.gc import gc_paused

if TYPE_CHECKING:
    import pyarrow as pa

# A line that begins with one of these goes on with the document before it.
GOES_ON = (b" ", b"\t", b"}", b"]")
NUL = re.compile(rb"\\u0000")  # found twice as fast as the bytes themselves


@dataclass
class Batch:
    """What one piece held.

    Attributes:
        tables: raw table → its rows.
        summaries: raw table → what is known of them.
        bad: (line or message, reason) of what was put aside.
        more_bad: how many more there were.
        usage: usage that landed, and that no model reads.
        lines: how many lines of text there were.
        unread: bytes at the end that may be the beginning of a document still being written.
        unread_line: the line where they begin.
        unread_reason: why they could not be read.
    """

    tables: "dict[str, pa.Table]"
    summaries: dict[str, Summary]
    bad: list[tuple[int, str]]
    more_bad: int
    empty: int
    documents: int
    dropped: set[str]
    usage: Unread
    lines: int
    unread: int = 0
    unread_line: int = 0
    unread_reason: str = ""


def read_piece(piece: Piece, include: frozenset[str]) -> Batch:
    """Read a piece into Arrow tables. Raises OSError if its place is no longer there."""
    with gc_paused():  # a quarter of the time
        return _read_piece(piece, include)


def _read_piece(piece: Piece, include: frozenset[str]) -> Batch:

    rows = Rows(ContentFilter(include))
    lines, unread = 0, (0, 0, "")
    text = piece.place.read() if piece.place else piece.text
    if text:
        lines, unread = _read_text(text, piece, rows)
    for number, message in enumerate(piece.messages, start=piece.first):
        try:
            read_document(parse_message(message), number, rows)
        except ValueError as error:
            rows.put_aside(number, f"message {number}: {error}")
    tables, summaries = tables_of(rows)
    return Batch(
        tables,
        summaries,
        rows.bad,
        rows.more_bad,
        rows.empty,
        rows.documents,
        rows.content.dropped,
        rows.unread,
        lines,
        *unread,
    )


def tables_of(rows: Rows) -> "tuple[dict[str, pa.Table], dict[str, Summary]]":
    """The rows of each raw table, and what is known of them."""
    tables: dict[str, pa.Table] = {}
    summaries: dict[str, Summary] = {}
    if rows.logs:
        logs, summaries["otel_logs"] = _table(rows.logs, LOG_COLUMNS, rows.common)
        tables["otel_logs"] = logs.append_column("source", same("otlp", logs.num_rows))
    if rows.metrics:
        tables["otel_metrics"], summaries["otel_metrics"] = _table(rows.metrics, METRIC_COLUMNS, rows.common)
    if rows.spans:
        tables["otel_spans"], summaries["otel_spans"] = _table(
            rows.spans, SPAN_COLUMNS, rows.common, time="start_timestamp"
        )
    return tables, summaries


def parse_json(text: bytes | bytearray) -> Any:
    """A JSON document, read as leniently as can be.

    NUL before it, raw control characters, NaN, halves of surrogate pairs and broken UTF-8 are
    taken; what databases refuse is replaced.

    Raises:
        ValueError: it is no JSON document.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason = f"{error.msg} at character {error.pos}"
    import json

    decoder = json.JSONDecoder(strict=False)
    lenient = text.lstrip(b"\0").decode("utf-8-sig", "replace").strip()
    try:
        return clean(decoder.decode(lenient))
    except ValueError:
        raise ValueError(f"no JSON: {reason}") from None
    except RecursionError:
        raise ValueError("no JSON that we read: it is nested too deeply") from None


def parse_message(message: bytes) -> Any:
    """An export that came alone: JSON or protobuf, compressed with zstd or not.

    Raises:
        ValueError: it is neither.
    """
    if message.startswith(ZSTD):
        import zstandard

        try:
            reader = zstandard.ZstdDecompressor().stream_reader(message)
            message = reader.read(LONGEST + 1)
        except zstandard.ZstdError as error:
            raise ValueError(f"the compressed data is damaged: {error}") from error
        if len(message) > LONGEST:
            raise ValueError(f"it unpacks to more than {LONGEST >> 20} MB")
    if message.lstrip()[:1] in (b"{", b"["):
        return clean(parse_json(message))
    if not message:
        return {}
    from pipeline.ingest.otlp.protobuf import decode

    return clean(decode(message))


def _read_text(text: bytes, piece: Piece, rows: Rows) -> tuple[int, tuple[int, int, str]]:
    """Read JSON documents, one a line or pretty-printed.

    Returns how many lines there are, and what is left unread at the end.
    """
    # NUL is legal in JSON and refused by databases; it is rare, so look for it once.
    has_nul = NUL.search(text) is not None
    lines = text.split(b"\n")
    terminated = lines[-1] == b""
    position, count = 0, len(lines)
    while position < count:
        start = position
        line = lines[position]
        position += 1
        if not has_nul and read_line(line, piece.first + start, rows):
            continue
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            if not line.strip():
                continue
            while position < count and lines[position].startswith(GOES_ON):
                position += 1
            whole = b"\n".join(lines[start:position])
            try:
                document = parse_json(whole)
            except ValueError as error:
                at_end = not any(line.strip() for line in lines[position:])
                if piece.last and at_end and _may_go_on(whole, terminated):
                    unread = len(b"\n".join(lines[start:]))
                    return count - 1, (unread, piece.first + start, str(error))
                rows.put_aside(piece.first + start, str(error))
                continue
        read_document(clean(document) if has_nul else document, piece.first + start, rows)
    return count - 1, (0, 0, "")


def _may_go_on(text: bytes, terminated: bool) -> bool:
    """Whether a document at the end of a file may still be being written."""
    pretty = text.split(b"\n", 1)[0].strip() in (b"{", b"[")
    return not terminated or (pretty and not text.rstrip().endswith((b"\n}", b"\n]")))


def _table(
    rows: list[tuple[Any, ...]],
    columns: dict[str, str],
    common: Iterable[tuple[str | None, ...]],
    time: str = "timestamp",
) -> "tuple[pa.Table, Summary]":
    """Rows as an Arrow table, in which what many have in common is stored once."""
    import pyarrow as pa

    columns_of: dict[str, Callable[[Any], pa.Array]] = {
        "instant": lambda values: integers(values, pa.timestamp("us", "UTC")),
        "integer": integers,
        "float": floats,
        "text": texts,
        "json": encoded_json,
    }
    *values, numbers = zip(*rows, strict=True)
    arrays = {
        name: columns_of[kind](items) for (name, kind), items in zip(columns.items(), values, strict=True)
    }
    for name, items in zip(COMMON_COLUMNS, zip(*common, strict=True), strict=True):
        arrays[name] = chosen(numbers, items)
    by_name = dict(zip(columns, values, strict=True))
    return pa.table(arrays), Summary.of(by_name["record_hash"], by_name[time])
