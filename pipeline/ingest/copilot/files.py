"""The JSON documents of a downloaded file, however they were written down."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pipeline.ingest.files import LONGEST, pieces

# What PowerShell writes when it redirects output.
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Document:
    """A JSON document of a file.

    Attributes:
        line: where it begins, if the file has several documents.
        value: what it holds.
        problem: why it could not be read.
    """

    line: int | None
    value: Any = None
    problem: str | None = None


def read_documents(opened: BinaryIO) -> Iterator[Document]:
    """Documents of a file: one a line, one over all lines, or one after the other.

    A file of lines is read a piece at a time; any other is held in memory.

    Raises:
        OSError: the file could not be read on.
    """
    by_line: bool | None = None
    held = b""
    for piece in pieces(opened):
        text = piece.text or b"\n".join(piece.messages)  # such as telemetry that was named by mistake
        if by_line is None and text.strip():
            by_line = _first_line_is_json(text)
        if by_line:
            yield from _lines(text, piece.first)
        else:
            held += text
        if len(held) > LONGEST:
            yield Document(None, problem=f"the document is longer than {LONGEST >> 20} MB")
            return
        if piece.problem:
            yield Document(None, problem=piece.problem)
    yield from _whole(held)


def _first_line_is_json(text: bytes) -> bool:
    first, _, rest = text.lstrip().partition(b"\n")
    return bool(rest.strip()) and not _document(first, None).problem


def _lines(text: bytes, first: int) -> Iterator[Document]:
    for number, line in enumerate(text.split(b"\n"), start=first):
        if line.strip():
            yield _document(line, number)


def _whole(text: bytes) -> Iterator[Document]:
    if text.startswith(UTF16):
        text = text.decode("utf-16", "replace").encode("utf-8", "replace")
    text = text.removeprefix(codecs.BOM_UTF8)
    if not text.strip():
        return
    document = _document(text, None)
    if not document.problem:
        yield document
        return
    try:
        yield from _one_after_the_other(text.decode())
    except (ValueError, RecursionError):
        lines = list(_lines(text, 1))
        # No line of a damaged document is one itself.
        yield from lines if any(isinstance(line.value, dict) for line in lines) else [document]


def _one_after_the_other(text: str) -> list[Document]:
    """Documents without anything between them: `gh api --paginate` writes pages like that.

    Raises:
        ValueError: there is something between them.
    """
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    found = []
    position, line = 0, 1
    while start := re.compile(r"\S").search(text, position):
        line += text.count("\n", position, start.start())
        value, end = decoder.raw_decode(text, start.start())
        found.append(Document(line, value))
        line += text.count("\n", start.start(), end)
        position = end
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _document(text: bytes, line: int | None) -> Document:
    import orjson

    try:
        return Document(line, orjson.loads(text))
    except orjson.JSONDecodeError as error:
        return Document(line, problem=f"this is no JSON: {error}")
