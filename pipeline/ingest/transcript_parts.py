"""What files of transcripts tell, file by file: kept until all are read, and read by a helper process.

A helper imports this, and little else: so it lies beside the room, which imports an engine.
"""

import hashlib
import pickle
import signal
import sys
from array import array
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from pipeline.agents import readers
from pipeline.agents.events import PartReader
from pipeline.system.gc import gc_paused
from pipeline.system.processes import answering

MOST_KEPT = 16 << 20  # bytes of files of which what they tell is kept in memory, a third of that
PARTS = "parts"  # the file in which a helper leaves what it has read


def hashes_of(shared: Iterable[str], key: bytes) -> Sequence[int]:
    """Ids that files share, in eight bytes each."""
    digests = (
        hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
        for name in shared
    )
    return array("Q", b"".join(digests))


class Parts:
    """What files tell, until all of them are read: of many, most of it is in files."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._kept: dict[Path, Any] = {}
        self._size = 0
        self._places: dict[Path, tuple[IO[bytes], int]] = {}
        self._own: IO[bytes] | None = None

    def put(self, file: Path, part: Any) -> None:
        """Keep what a file tells."""
        with suppress(OSError):  # it is gone by now
            self._size += file.stat().st_size
        if self._size <= MOST_KEPT:
            self._kept[file] = part
            return
        own = self._own = self._own or self._stack.enter_context(TemporaryFile())  # noqa: SIM115 # it is one
        self._places[file] = own, own.tell()
        pickle.dump(part, own, pickle.HIGHEST_PROTOCOL)

    def put_all(self, folder: Path, places: Iterable[tuple[Path, int]]) -> None:
        """Know where a helper has left what files tell."""
        left = self._stack.enter_context((folder / PARTS).open("rb"))
        self._places |= {file: (left, place) for file, place in places}

    def take(self, file: Path) -> Any:
        """What a file tells; once."""
        if file in self._kept:
            return self._kept.pop(file)
        opened, place = self._places.pop(file)
        opened.seek(place)
        return pickle.load(opened)

    def close(self) -> None:
        """Give the files back."""
        self._stack.close()


class Recorded:
    """A journal whose entries another process makes."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, tuple[Any, ...]]] = []

    def quarantine(self, *entry: Any) -> None:
        self.entries.append(("quarantine", entry))

    def not_understood(self, *entry: Any) -> None:
        self.entries.append(("not_understood", entry))

    def repeat(self, count: int) -> None:
        self.entries.append(("repeat", (count,)))

    def skip(self, count: int = 1) -> None:
        self.entries.append(("skip", (count,)))

    def warn(self, message: str) -> None:
        self.entries.append(("warn", (message,)))


def serve() -> None:
    """Read the files that are named on standard input, and answer where what they tell is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked ends this process
    answers = answering()
    agent, folder, key, files = pickle.load(sys.stdin.buffer)
    reader = readers()[agent]
    assert isinstance(reader, PartReader)
    with gc_paused(), (Path(folder) / PARTS).open("wb") as left:
        for file in files:
            journal = Recorded()
            part = reader.read(file, journal)
            place = left.tell()
            pickle.dump(part, left, pickle.HIGHEST_PROTOCOL)
            left.flush()
            pickle.dump((place, hashes_of(part.shared, key), journal.entries), answers)
            answers.flush()
