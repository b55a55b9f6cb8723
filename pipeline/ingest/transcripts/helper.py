"""A helper process that reads files from the last one on, while this one reads from the first one on.

Then it tells those files that share nothing with any that this process has read.
"""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from pipeline.ingest.transcripts.parts import Entry
from pipeline.ingest.transcripts.records import Rows
from pipeline.ingest.transcripts.serve import LEFT, ToRead, ToTell
from pipeline.system.processes import answers_of, end, processors, start_process

WORTH_HELPER = 24 << 20  # bytes of files from which a helper is worth its start

SERVE = "from pipeline.ingest.transcripts.serve import serve; serve()"

# What a file shares with others, and the entries of its journal.
Read = tuple[Sequence[int], list[Entry]]


def is_worth_helper(files: Sequence[Path]) -> bool:
    """Whether files are read sooner with a helper."""
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    return size >= WORTH_HELPER and processors() > 1


class Helper:
    """A process that reads files of an agent, the last one first.

    Args:
        asked: what it is to read.

    Attributes:
        files: those that it has read, of those that it was asked for.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, asked: ToRead) -> None:
        self._wanted = asked.files
        self._folder = asked.folder
        self.files: set[Path] = set()
        self._read: list[Read] = []
        self._answers: SimpleQueue[Any] = SimpleQueue()
        self._stack = ExitStack()
        self._process = start_process(SERVE)
        self._thread = Thread(target=self._speak, args=[asked], daemon=True)
        self._thread.start()

    def has_read(self, count: int) -> bool:
        """Whether it has read so many of its files."""
        return len(self._read) >= count

    def take(self, count: int) -> Iterator[tuple[Path, Read]]:
        """Its first files, and what it has read of them; this process reads the others."""
        found = [*islice(zip(self._wanted, self._read, strict=False), count)]
        self.files = {file for file, _ in found}
        yield from reversed(found)

    def ask(self, what: "ToRead | ToTell") -> None:
        """Have it read files, or tell them."""
        assert self._process.stdin
        # Not as arguments, which everybody on this machine can read.
        with suppress(OSError):  # it has ended
            pickle.dump(what, self._process.stdin)
            self._process.stdin.flush()

    def parts(self, files: Sequence[Path]) -> Iterator[tuple[Path, Any]]:
        """The parts that it was asked for, as far as it lives."""
        for file, place in zip(files, self._next_answers(), strict=False):
            yield file, self._at(place)

    def rows(self, families: int) -> Iterator[tuple[Rows, list[Entry]]]:
        """What a group of so many families tells, with the entries of its journal, as far as it lives."""
        for place, entries in self._next_answers():
            rows = self._at(place)
            yield rows, entries
            families -= rows.families
            if not families:
                return

    def close(self) -> None:
        """End it, whatever it does."""
        end(self._process, self._thread)
        self._stack.close()

    def _speak(self, asked: ToRead) -> None:
        self.ask(asked)
        for answer in answers_of(self._process):
            if answer is None:
                break
            self._read.append(answer)
        for answer in answers_of(self._process):
            self._answers.put(answer)
        self._answers.put(None)

    def _next_answers(self) -> Iterator[Any]:
        while (answer := self._answers.get()) is not None:
            yield answer
        self._answers.put(None)  # it has ended, whoever asks

    @cached_property
    def _left(self) -> IO[bytes]:
        return self._stack.enter_context((self._folder / LEFT).open("rb"))

    def _at(self, place: int) -> Any:
        self._left.seek(place)
        return pickle.load(self._left)
