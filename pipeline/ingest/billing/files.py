"""What a file of a bill holds: JSON documents, in which numbers stay decimals, or a table of CSV."""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any, BinaryIO

from pipeline.ingest.billing.lines import Unusable
from pipeline.ingest.files import LONGEST, pieces

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # what PowerShell writes when it redirects output
DELIMITERS = ",;\t"
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
START = re.compile(r"\S")


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


def table(text: str) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
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
