"""What files of transcripts tell, file by file, until all of them are read."""

import hashlib
import os
import pickle
from array import array
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

MOST_KEPT = 16 << 20  # bytes of files of which what they tell is kept in memory, a third of that

Entry = tuple[str, tuple[Any, ...]]  # of a journal: the method, and what it was given


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
        self._places: dict[Path, int] = {}

    def put(self, file: Path, part: Any) -> None:
        """Keep what a file tells."""
        with suppress(OSError):  # it is gone by now
            self._size += file.stat().st_size
        if self._size <= MOST_KEPT:
            self._kept[file] = part
            return
        self._places[file] = self._opened.seek(0, os.SEEK_END)
        pickle.dump(part, self._opened, pickle.HIGHEST_PROTOCOL)

    def __contains__(self, file: Path) -> bool:
        return file in self._kept or file in self._places

    def take(self, file: Path) -> Any:
        """What a file tells; once."""
        if file in self._kept:
            return self._kept.pop(file)
        self._opened.seek(self._places.pop(file))
        return pickle.load(self._opened)

    @cached_property
    def _opened(self) -> IO[bytes]:
        return self._stack.enter_context(TemporaryFile())  # it is one

    def close(self) -> None:
        """Give the file back."""
        self._stack.close()


class Recorded:
    """A journal whose entries another process makes."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

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
