"""Input files: finding them, opening them, cutting them into pieces, knowing where to go on."""

import glob
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.system import compressed
from pipeline.system.compressed import ZSTD, CompressedError, check_packed, is_compressed, unpacked
from pipeline.system.files import open_file

STDIN = "-"
# In a folder, files with one of these among their suffixes are read (`otel.json.1`, `x.pb.zst`).
SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".otlp", ".pb", ".proto", ".binpb", ".gz", ".zst"})

PROTOBUF_START = b"\n"  # tag of field 1, a message: how every OTLP export begins
JSON_STARTS = (b"{", b"[")

PIECE = 4 << 20  # bytes that are handed on at once
EDGE = 1 << 20  # bytes in which the start of a document is looked for
GARBAGE = 32 << 20  # bytes without the start of a document after which a line's end will do
LONGEST = 256 << 20  # bytes of the longest document that is read
SAMPLE = 4096  # bytes at either end by which a file is known again


@dataclass(frozen=True)
class Place:
    """Where the text of a piece stands, so that another process can read it there.

    Attributes:
        path: the file, as long as it has this inode.
        begin: its first byte.
        end: the byte after its last.
    """

    path: Path
    inode: int
    begin: int
    end: int

    def read(self) -> bytes:
        """The text. Raises OSError, also if the path leads to another file by now."""
        with self.path.open("rb") as opened:
            return self.read_from(opened)

    def read_from(self, opened: BinaryIO) -> bytes:
        """The text, from the file that is open."""
        if os.fstat(opened.fileno()).st_ino != self.inode:
            raise FileNotFoundError
        return os.pread(opened.fileno(), self.end - self.begin, self.begin)


@dataclass(frozen=True)
class Piece:
    """A part of a file that can be read by itself.

    Attributes:
        first: number of its first line or message, from 1; 1 if it was not read yet.
        text: JSON documents, one a line or pretty-printed; empty if there are messages.
        place: where the text stands, if it was not read yet.
        messages: exports that were framed by their length, each JSON or protobuf.
        end: where it ends in the file, in bytes after decompression.
        last: whether the file ends here.
        problem: why the bytes before `end` could not be read.
        cut_off: what is wrong with the bytes after `end`, where the file ends too early.
    """

    first: int
    end: int
    text: bytes = b""
    place: Place | None = None
    messages: tuple[bytes, ...] = ()
    last: bool = False
    problem: str | None = None
    cut_off: str | None = None


@dataclass
class InputFile:
    """A file, or standard input, while it is read.

    Attributes:
        name: how a person knows it.
        path: where it is; None for standard input.
        opened: its bytes, as they are on disk.
        inode: which file it is, whatever its name; 0 if it cannot be read on later.
        compressed: whether all of it is.
        start: where this ingest began to read.
        lines: how many lines stand in the pieces that were not numbered.
        known: whether it held anything that we know.
    """

    name: str
    path: Path | None
    opened: BinaryIO | None = None
    inode: int = 0
    compressed: bool = False
    start: int = 0
    lines: int = 0
    known: bool = False

    def open(self) -> BinaryIO:
        """Open the file.

        Raises:
            OSError: it cannot be read, is a pipe, a device or a socket, or unpacks to too much.
        """
        if self.path:
            check_packed(self.path)
        opened = open_file(self.path, 1 << 20) if self.path else sys.stdin.buffer
        status = os.fstat(opened.fileno()) if self.path else None
        if status and stat.S_ISREG(status.st_mode):
            self.inode = status.st_ino & (2**63 - 1)
        self.compressed = is_compressed(_head(opened))
        self.opened = opened
        return opened

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.opened and self.path:
            self.opened.close()
        self.opened = None

    def size(self) -> int:
        """Bytes on disk; 0 if nobody knows."""
        try:
            if self.opened and self.path:
                return os.fstat(self.opened.fileno()).st_size
            return self.path.stat().st_size if self.path else 0
        except OSError:
            return 0


def find_files(paths: Sequence[str], warn: Callable[[str], None]) -> tuple[list[InputFile], list[str]]:
    """The files behind paths, folders, globs and `-`, each once; and what is wrong with the rest.

    Args:
        paths: as a person gave them.
        warn: told of each thing inside a folder that is not read.

    Returns:
        the files, and a sentence for each path that leads to none.
    """
    files: dict[str, InputFile] = {}
    problems = []
    for given in map(str, paths):
        if given == STDIN:
            files.setdefault(STDIN, InputFile("standard input", None))
            continue
        try:
            found = _expand(given)
            for path in found:
                inside = [path] if not path.is_dir() else list(_walk(path, warn))
                if path.is_dir() and not inside:
                    problems.append(f"{path} holds no file that ends in .json, .jsonl, .pb, …")
                for file in inside:
                    files.setdefault(os.path.realpath(file), InputFile(str(file), file))
        except (OSError, ValueError) as error:
            problems.append(f"{given}: {_said(error)}")
            continue
        if not found:
            problems.append(f"{given}: there is no such file or folder")
    return list(files.values()), problems


def _expand(given: str) -> list[Path]:
    path = Path(given).expanduser()
    if os.path.lexists(path):
        path.stat()  # raises for a link to nowhere or in a circle
        return [path]
    if glob.has_magic(given):
        # Path.glob takes no absolute patterns
        return [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
    return []


def _walk(folder: Path, warn: Callable[[str], None]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        warn(f"{error.filename} was left out: {_said(error)}.")

    others = 0
    for root, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        for name in sorted(folders + names):
            path = Path(root, name)
            if path.is_symlink():
                warn(f"{path} was left out: symbolic links inside a folder are not followed.")
            elif name in folders or name.startswith("."):
                continue
            elif not SUFFIXES.isdisjoint(path.suffixes):
                if path.is_file():
                    yield path
                else:
                    warn(f"{path} was left out: it is no regular file.")
            else:
                others += 1
    if others:
        warn(
            f"{others} file(s) in {folder} were left out, because their names do not end in"
            " .json, .jsonl, .ndjson, .otlp, .pb, .gz or .zst. Name them to have them read."
        )


def fingerprint(opened: BinaryIO, read_to: int) -> str:
    """What a file that was read up to `read_to` is known by, when it has grown."""
    opened.seek(0)
    digest = hashlib.blake2b(opened.read(min(SAMPLE, read_to)), digest_size=16)
    opened.seek(max(0, read_to - SAMPLE))
    digest.update(opened.read(min(SAMPLE, read_to)))
    opened.seek(0)
    return digest.hexdigest()


def lines_before(path: Path, offset: int) -> int:
    """How many lines a file has before an offset."""
    lines = 0
    with path.open("rb") as opened:
        while offset > 0 and (block := opened.read(min(PIECE, offset))):
            lines += block.count(b"\n")
            offset -= len(block)
    return lines


def pieces(opened: BinaryIO, start: int = 0) -> Iterator[Piece]:
    """Cut a stream into pieces; the last one says so.

    Args:
        opened: the bytes, from the beginning; compressed streams are recognised.
        start: where to begin; only for a file that is not compressed.

    Raises:
        OSError: the file could not be read on; the pieces before it are good.
    """
    stream = unpacked(opened)
    head = _head(stream)
    framed = _is_framed(head)
    whole = not framed and head.startswith(PROTOBUF_START) and not _is_text(head)
    if start:
        stream.seek(start)
    if framed:
        return _frames(stream, start)
    if whole:
        return _whole(stream)
    return _documents(stream, start)


def places(opened: BinaryIO, path: Path, start: int) -> Iterator[Piece]:
    """Like `pieces`, but those of a plain file of lines are not read yet.

    The last piece is, and so is what follows an edge without the start of a document.
    """
    status = os.fstat(opened.fileno())
    while _is_text(_head(opened)) and start + PIECE < status.st_size:
        edge = os.pread(opened.fileno(), EDGE, start + PIECE)
        cut = edge.find(b"\n{")
        if cut < 0:
            break
        end = start + PIECE + cut + 1
        yield Piece(1, end, place=Place(path, status.st_ino, start, end))
        start = end
    yield from pieces(opened, start)


def _documents(stream: BinaryIO, start: int) -> Iterator[Piece]:
    """Pieces of text, cut before the start of a document."""
    waiting = b""
    first, end = 1, start
    problem = None
    while True:
        try:
            block = stream.read(PIECE)
        except CompressedError as error:
            block, problem = b"", str(error)
        if not block:
            break
        new = max(0, len(waiting) - 1)  # before it there is none, or it would have been cut
        waiting += block
        cut = waiting.rfind(b"\n{", new)
        if cut < 0:
            cut = waiting.rfind(b"\n[", new)
        if cut < 0 and len(waiting) > GARBAGE:
            cut = waiting.rfind(b"\n")
        if cut >= 0:
            text, waiting = waiting[: cut + 1], waiting[cut + 1 :]
            end += len(text)
            yield Piece(first, end, text=text)
            first += text.count(b"\n")
        elif len(waiting) > LONGEST:
            end += len(waiting)
            rest, waiting = _skip_line(stream)
            end += rest
            yield Piece(first, end, problem=f"longer than {LONGEST >> 20} MB")
            first += 1
    end += len(waiting)
    yield Piece(first, end, text=waiting, last=True, problem=problem)


def _skip_line(stream: BinaryIO) -> tuple[int, bytes]:
    """How many bytes of the line were left, and what was read of the next one."""
    skipped = 0
    while block := stream.read(PIECE):
        cut = block.find(b"\n")
        if cut >= 0:
            return skipped + cut + 1, block[cut + 1 :]
        skipped += len(block)
    return skipped, b""


def _frames(stream: BinaryIO, start: int) -> Iterator[Piece]:
    """Messages that each follow their length in four bytes."""
    first, end, size = 1, start, 0
    messages: list[bytes] = []
    problem = cut_off = None
    while True:
        try:
            prefix = _read_exactly(stream, 4)
            length = int.from_bytes(prefix, "big")
            if length > LONGEST:
                problem = f"message {first + len(messages)} claims to be {length} bytes long"
                break
            message = _read_exactly(stream, length) if len(prefix) == 4 else b""
        except CompressedError as error:
            problem = str(error)
            break
        if not prefix:
            break
        if len(prefix) < 4 or len(message) < length:
            cut_off = f"message {first + len(messages)} is cut off"
            break
        messages.append(message)
        size += length
        end += 4 + length
        if size >= PIECE:
            yield Piece(first, end, messages=tuple(messages))
            first += len(messages)
            messages, size = [], 0
    yield Piece(first, end, messages=tuple(messages), last=True, problem=problem, cut_off=cut_off)


def _whole(stream: BinaryIO) -> Iterator[Piece]:
    """One protobuf export without a frame."""
    message = _read_exactly(stream, LONGEST + 1)
    if len(message) > LONGEST:
        yield Piece(1, len(message), last=True, problem=f"longer than {LONGEST >> 20} MB")
    else:
        yield Piece(1, len(message), messages=(message,), last=True)


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    """That many bytes, fewer only at the end of the stream."""
    parts = []
    while length > 0 and (block := stream.read(min(length, PIECE))):
        parts.append(block)
        length -= len(block)
    return b"".join(parts)


def _head(stream: BinaryIO) -> bytes:
    try:
        return compressed.head(stream)
    except CompressedError:
        return b""


def _is_text(head: bytes) -> bool:
    return head.lstrip().startswith(JSON_STARTS)


def _is_framed(head: bytes) -> bool:
    length = int.from_bytes(head[:4], "big")
    starts = (ZSTD, PROTOBUF_START, *JSON_STARTS)
    return 0 < length <= LONGEST and head[4:].startswith(starts) and not _is_text(head)


def _said(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
