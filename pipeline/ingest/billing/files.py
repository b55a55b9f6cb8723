"""What a file of a bill holds: JSON documents, in which numbers stay decimals, or a table, CSV or Parquet."""

import codecs
import csv
import datetime as dt
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any, BinaryIO

from pipeline.ingest.billing.lines import Unusable
from pipeline.ingest.files import LONGEST, pieces
from pipeline.system.compressed import head

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # what PowerShell writes when it redirects output
DELIMITERS = ",;\t"
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
START = re.compile(r"\S")
PARQUET = b"PAR1"

Table = tuple[list[str], Iterator[tuple[int, dict[str, Any]]]]


def read_text(opened: BinaryIO) -> str:
    """All of a file, whatever it was compressed with.

    Raises:
        OSError: it could not be read on.
        Unusable: it is too long, or no text.
    """
    held = bytearray()
    for piece in pieces(opened):
        held += piece.text or b"\n".join(piece.messages)
        if len(held) > LONGEST:
            raise Unusable(f"it is longer than {LONGEST >> 20} MB: ask for fewer days at once")
        if piece.problem:
            raise Unusable(piece.problem)
    data = bytes(held)
    try:
        return data.decode("utf-16" if data.startswith(UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("it is no UTF-8 text") from None


def documents(text: str) -> Iterator[tuple[int, Any]]:
    """JSON documents, one after the other, and the lines where they begin.

    Raises:
        Unusable: something is no JSON, with its line.
    """
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
    position, line, counted = 0, 1, 0
    while start := START.search(text, position):
        line += text.count("\n", counted, start.start())
        counted = start.start()
        try:
            value, position = decoder.raw_decode(text, start.start())
        except json.JSONDecodeError as error:
            raise Unusable(f"line {error.lineno} is no JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise Unusable(f"the document at line {line} is no JSON: {error}") from None
        yield line, value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def is_parquet(opened: BinaryIO) -> bool:
    """Whether a file is Parquet, by its first bytes."""
    return head(opened).startswith(PARQUET)


def parquet(opened: BinaryIO) -> Table:
    """A table of Parquet: its columns in lower case, its rows as JSON would have them, and their numbers.

    Raises:
        Unusable: it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(opened if opened.seekable() else BytesIO(opened.read()))
    except (pa.ArrowException, OSError) as error:
        raise Unusable(f"it is no Parquet: {error}") from None
    columns = [name.lower() for name in file.schema_arrow.names]

    def read() -> Iterator[tuple[int, dict[str, Any]]]:
        number = 0
        try:
            for batch in file.iter_batches():
                for row in batch.to_pylist(maps_as_pydicts="lossy"):
                    number += 1
                    yield number, dict(zip(columns, map(_plain, row.values()), strict=True))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Unusable(f"it cannot be read after row {number}: {error}") from None

    return columns, read()


def _plain(value: Any) -> Any:
    """A value as JSON would have it: numbers as they are written, moments as text."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def table(text: str) -> Table:
    """A table of CSV: its columns, and its rows with the lines where they end.

    The delimiter is what the first line has most of; beside semicolons, commas are decimal points.
    """
    first = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    try:
        while not columns:
            columns = ["_".join(name.lower().split()) for name in next(reader)]
    except (StopIteration, csv.Error):
        return [], iter(())
    return columns, _rows(reader, columns, delimiter == ";")


def _rows(reader: Any, columns: list[str], has_decimal_commas: bool) -> Iterator[tuple[int, dict[str, str]]]:
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unusable(f"line {reader.line_num} is no CSV: {error}") from None
        if not values:
            continue
        if len(values) != len(columns):
            raise Unusable(f"line {reader.line_num} has {len(values)} fields, the first line {len(columns)}")
        if has_decimal_commas:
            values = [
                value.replace(",", ".") if DECIMAL_COMMA.fullmatch(value) else value for value in values
            ]
        yield reader.line_num, dict(zip(columns, values, strict=True))
