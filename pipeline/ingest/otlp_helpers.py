"""Pieces of files, read in this process or by helpers: other processes beside it."""

import os
import sys
import tempfile
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from pipeline.ingest.files import InputFile, Piece
from pipeline.ingest.otlp_reader import Batch, read_piece

WORTH_HELPERS = 32 << 20  # bytes of input from which helpers are worth their start
MOST_HELPERS = 3
MOST_WAITING = 3  # pieces per helper that are under way at once

# What a helper read, and the files in which its tables are.
Spilled = tuple[Batch, dict[str, str]]


def worth_helpers(size: int) -> bool:
    """Whether helpers would make an input of that many bytes sooner read."""
    return size >= WORTH_HELPERS and _processors() > 1


def read_in_turn(
    pieces: Iterable[tuple[InputFile, Piece]], include: frozenset[str]
) -> Iterator[tuple[InputFile, Piece, Batch]]:
    """Read pieces of files in this process."""
    for file, piece in pieces:
        yield file, piece, read_here(file, piece, include)


def read_by_helpers(
    pieces: Iterable[tuple[InputFile, Piece]], include: frozenset[str]
) -> Iterator[tuple[InputFile, Piece, Batch]]:
    """Have helpers read pieces of files, and give them in their order."""
    helpers = min(MOST_HELPERS, _processors() - 1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # Started afresh rather than forked: the database's threads do not survive a fork.
        pool = ProcessPoolExecutor(helpers, get_context("spawn"), _start_light)
        try:
            waiting: deque[tuple[InputFile, Piece, Future[Spilled]]] = deque()
            for file, piece in pieces:
                # While the helpers have enough to do, this process reads as well.
                if sum(not future.done() for _, _, future in waiting) > helpers:
                    future: Future[Spilled] = Future()
                    future.set_result((read_here(file, piece, include), {}))
                else:
                    future = pool.submit(_read_there, piece, include, folder)
                waiting.append((file, piece, future))
                while waiting and (waiting[0][2].done() or len(waiting) > MOST_WAITING * helpers):
                    yield _collect(*waiting.popleft(), include)
            while waiting:
                yield _collect(*waiting.popleft(), include)
        finally:
            # They end while the caller goes on.
            pool.shutdown(wait=False, cancel_futures=True)


def read_here(file: InputFile, piece: Piece, include: frozenset[str]) -> Batch:
    """Read a piece in this process, where its file is open."""
    if piece.place and file.opened:
        piece = replace(piece, text=piece.place.read_from(file.opened), place=None)
    return read_piece(piece, include)


def _start_light() -> None:
    """Keep Arrow from importing NumPy, most of the time that a helper would take to start."""
    sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]


def _read_there(piece: Piece, include: frozenset[str], folder: str) -> Spilled:
    """Read a piece in a helper.

    Tables come back in files: what comes through a pipe is received in small parts, each of
    which waits for the Python code that runs meanwhile in the process that receives it.
    """
    import pyarrow as pa

    batch = read_piece(piece, include)
    files = {}
    for table, rows in batch.tables.items():
        files[table] = str(Path(folder, uuid.uuid4().hex))
        with pa.OSFile(files[table], "wb") as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
    return replace(batch, tables={}), files


def _collect(
    file: InputFile, piece: Piece, future: "Future[Spilled]", include: frozenset[str]
) -> tuple[InputFile, Piece, Batch]:
    import pyarrow as pa

    try:
        batch, files = future.result()
    except OSError:  # the file was renamed meanwhile, or the disk is full
        return file, piece, read_here(file, piece, include)
    for table, path in files.items():
        with pa.memory_map(path) as source:
            batch.tables[table] = pa.ipc.open_stream(source).read_all()
        Path(path).unlink()
    return file, piece, batch


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
