"""Pieces of files, read in this process or in helper processes."""

import pickle
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread

from pipeline.ingest.files import InputFile, Piece
from pipeline.ingest.otlp.reader import Batch, read_piece
from pipeline.ingest.otlp.serve import Answer
from pipeline.system.processes import answers_of, end, processors, start_process
from pipeline.system.temporary import temporary_folder

WORTH_HELPERS = 32 << 20  # bytes of input from which helpers are worth their start
MOST_HELPERS = 3
MOST_ASKED = 2  # pieces that a helper has before it; with one it would wait for the next
MOST_WAITING = 3  # pieces per helper that are under way at once

SERVE = "import sys; from pipeline.ingest.otlp.serve import serve; serve(*sys.argv[1:])"


def worth_helpers(size: int) -> bool:
    """Whether an input of that many bytes is read sooner with helpers."""
    return size >= WORTH_HELPERS and processors() > 1


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
    number = min(MOST_HELPERS, processors() - 1)
    with ExitStack() as stack:
        folder = str(stack.enter_context(temporary_folder()))
        try:
            helpers = [stack.enter_context(closing(Helper(folder, include))) for _ in range(number)]
        except OSError:  # no process can be started
            yield from read_in_turn(pieces, include)
            return
        waiting: deque[tuple[InputFile, Piece, Asked | Batch]] = deque()
        for file, piece in pieces:
            free = min(helpers, key=Helper.asked)
            # While the helpers have enough to do, this process reads as well.
            busy = free.asked() >= MOST_ASKED
            waiting.append((file, piece, read_here(file, piece, include) if busy else free.ask(piece)))
            while waiting and (_is_read(waiting[0][2]) or len(waiting) > MOST_WAITING * number):
                yield _collect(*waiting.popleft(), include)
        while waiting:
            yield _collect(*waiting.popleft(), include)


def read_here(file: InputFile, piece: Piece, include: frozenset[str]) -> Batch:
    """Read a piece in this process, where its file is open."""
    if piece.place and file.opened:
        piece = replace(piece, text=piece.place.read_from(file.opened), place=None)
    return read_piece(piece, include)


class Asked:
    """A piece that a helper was asked to read.

    Attributes:
        is_read: set when there is an answer, or there will be none.
        answer: what the helper answered; None if it ended before.
    """

    def __init__(self) -> None:
        self.is_read = Event()
        self.answer: Answer | None = None


class Helper:
    """A process that reads pieces, one after the other.

    Args:
        folder: where it may write files.
        include: names of content attributes to land all the same.
    """

    def __init__(self, folder: str, include: frozenset[str]) -> None:
        self._process = start_process(SERVE, folder, *include)
        self._asked: deque[Asked] = deque()
        self._ended = False
        self._lock = Lock()
        self._pieces: SimpleQueue[Piece | None] = SimpleQueue()
        self._threads = [Thread(target=run, daemon=True) for run in (self._tell, self._listen)]
        for thread in self._threads:
            thread.start()

    def asked(self) -> int:
        """How many pieces it still has before it."""
        return len(self._asked)

    def ask(self, piece: Piece) -> Asked:
        """Have it read a piece."""
        asked = Asked()
        with self._lock:
            self._asked.append(asked)
            if self._ended:
                asked.is_read.set()
        self._pieces.put(piece)
        return asked

    def close(self) -> None:
        """End it, whatever it does."""
        self._pieces.put(None)
        end(self._process, *self._threads)

    def _tell(self) -> None:
        """Hand it pieces, which waits while it reads."""
        assert self._process.stdin
        with suppress(OSError):  # it has ended
            while piece := self._pieces.get():
                pickle.dump(piece, self._process.stdin)
                self._process.stdin.flush()

    def _listen(self) -> None:
        """Take its answers, in the order of the pieces."""
        try:
            for answer in answers_of(self._process):
                self._asked[0].answer = answer
                self._asked.popleft().is_read.set()
        finally:
            with self._lock:
                self._ended = True
                for asked in self._asked:
                    asked.is_read.set()


def _is_read(reading: Asked | Batch) -> bool:
    return isinstance(reading, Batch) or reading.is_read.is_set()


def _collect(
    file: InputFile, piece: Piece, reading: Asked | Batch, include: frozenset[str]
) -> tuple[InputFile, Piece, Batch]:
    import pyarrow as pa

    if isinstance(reading, Batch):
        return file, piece, reading
    reading.is_read.wait()
    if not isinstance(reading.answer, tuple):
        # The file was renamed meanwhile, the disk is full, or the helper was killed.
        return file, piece, read_here(file, piece, include)
    batch, files = reading.answer
    for table, path in files.items():
        with pa.memory_map(path) as source:
            batch.tables[table] = pa.ipc.open_stream(source).read_all()
        Path(path).unlink()
    return file, piece, batch
