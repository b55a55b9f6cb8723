"""Files of transcripts, as text and as JSON, however they were encoded and compressed."""

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.agents.events import Journal
from pipeline.system.compressed import check_packed, head, unpacked
from pipeline.system.files import open_file

HEAD = 1 << 16  # bytes that are looked at to tell what a file is
BUFFER = 1 << 17  # bytes that are read at once
LONGEST_LINE = 1 << 28
LARGEST_DOCUMENT = 1 << 28  # a small compressed file may hold any amount

UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Sample:
    """How a file begins, as UTF-8 text."""

    path: Path
    head: bytes

    @classmethod
    def of(cls, path: Path) -> "Sample":
        """The beginning of a file.

        Raises:
            OSError: it cannot be read, or its compressed data is damaged or unpacks to too much.
        """
        check_packed(path)
        with closing(open_text(path)) as opened:
            return cls(path, opened.read(HEAD))

    @property
    def name(self) -> str:
        """The file's name without the ending that says how it is compressed."""
        return plain_name(self.path)

    @property
    def first_line(self) -> bytes:
        """The first line, or as much of it as was read."""
        return self.head.split(b"\n", 1)[0]

    @property
    def is_json(self) -> bool:
        """Whether it begins as an object or a list does."""
        return self.head[:4096].lstrip()[:1] in (b"{", b"[")


def plain_name(file: Path) -> str:
    """A file's name without the ending that says how it is compressed."""
    return file.name.removesuffix(".zst").removesuffix(".gz")


def open_text(file: Path) -> BinaryIO:
    """A file as UTF-8 without a byte order mark, decompressed if it is zstd or gzip.

    What is neither text nor compressed text, such as a database, is given as it is.

    Raises:
        OSError: it cannot be read, or is no file; reading on raises it too, where compressed data is damaged
            or unpacks to more than the limit.
    """
    opened = unpacked(open_file(file, BUFFER))
    start = head(opened)
    if start.startswith(UTF8_MARK):
        opened.read(len(UTF8_MARK))
    elif start.startswith(UTF16_MARKS):
        return io.BufferedReader(_Recoded(opened))
    return opened


def json_lines(file: Path, journal: Journal) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with one per line, and the lines' numbers.

    Lines that are no JSON objects are quarantined. A last line without an end is left for the
    next ingest, unless it is complete: somebody is still writing it.
    """
    try:
        with closing(open_text(file)) as opened:
            number = 0
            while line := opened.readline(LONGEST_LINE):
                number += 1
                if line.isspace():
                    continue
                try:
                    value = json_value(line)
                except ValueError:
                    if line.endswith(b"\n") or number == 1:
                        journal.quarantine(file, number, "the line is not JSON")
                    continue
                if isinstance(value, dict):
                    yield number, value
                else:
                    journal.quarantine(file, number, "the line is not a JSON object")
    except OSError as error:
        journal.warn(f"{file} could not be read: {error.strerror or error}.")


def json_file(file: Path, journal: Journal) -> Any:
    """The content of a JSON file; None, and the file quarantined, if it is none."""
    try:
        with closing(open_text(file)) as opened:
            content = opened.read(LARGEST_DOCUMENT + 1)
        if len(content) <= LARGEST_DOCUMENT:
            return json_value(content)
        journal.quarantine(file, None, f"the file is larger than {LARGEST_DOCUMENT >> 20} MiB")
    except ValueError:
        journal.quarantine(file, None, "the file is not JSON")
    except OSError as error:
        journal.warn(f"{file} could not be read: {error.strerror or error}.")
    return None


def json_text(value: Any) -> Any:
    """What a text of JSON holds; None if it is none."""
    try:
        return json_value(value) if isinstance(value, str | bytes) else None
    except ValueError:
        return None


def json_value(written: str | bytes) -> Any:
    """What JSON holds, and what JavaScript and Python take for it.

    They cut texts in the middle of a character, which leaves half of a surrogate pair, and write NaN: the
    numbers beside it count all the same. Half a character becomes `?`, as do broken bytes; NaN becomes None.

    Raises:
        ValueError: it is no JSON.
    """
    import orjson

    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        pass
    import json

    lenient = written if isinstance(written, str) else written.decode("utf-8", "replace")
    try:
        value = json.loads(lenient, parse_constant=lambda name: None)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


class _Recoded(io.RawIOBase):
    """Text in UTF-16 as UTF-8."""

    def __init__(self, opened: BinaryIO) -> None:
        self._text = io.TextIOWrapper(opened, encoding="utf-16", errors="replace", newline="")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = self._text.read(len(buffer)).encode("utf-8", "replace")
        found, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._text.close()
        super().close()
