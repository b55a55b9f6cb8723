"""The spool: received exports as files of JSON lines, until the database has them.

A line is on the disk before its sender is told so. Files that are complete are landed and
removed; whatever a crash leaves behind is landed at the next start, or by hand with
`ingest otlp FOLDER`. The folder is for its owner alone: exports may hold prompts.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

from pipeline.errors import SetupError
from pipeline.system.files import sync_folder

SUFFIX = ".jsonl"
LOCK = "in-use"
LARGEST_FILE = 64 << 20  # bytes after which a new file is begun


class Spool:
    """A folder of files with received exports; one process at a time.

    Args:
        folder: made if it is missing.

    Raises:
        SetupError: the folder cannot be written, or another process uses it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = threading.Lock()
        self._current: FileIO | None = None
        self._count = 0
        self._waiting = 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (folder / LOCK).open("wb")
        except OSError as error:
            raise SetupError(
                f"The spool folder {folder} cannot be written: {error.strerror}."
                " Choose another one with --spool."
            ) from error
        self._take_folder()
        self._measure()

    def append(self, lines: Iterable[bytes]) -> None:
        """Add an export in one or more lines, and return when it is on the disk.

        Raises:
            OSError: it could not be written; nothing of it is kept.
        """
        with self._guard:
            file = self._current or self._begin()
            before = file.tell()
            try:
                for line in lines:
                    _write(file, line)
                    _write(file, b"\n")
                os.fsync(file.fileno())
            except OSError:
                self._undo(file, before)
                raise
            self._waiting += file.tell() - before
            if file.tell() >= LARGEST_FILE:
                self._finish()

    def complete(self) -> list[Path]:
        """The files that nobody writes to any more, oldest first; the current one is finished."""
        with self._guard:
            self._finish()
            self._measure()
            return sorted(self.folder.glob(f"*{SUFFIX}"))

    def remove(self, files: Iterable[Path]) -> None:
        """Remove files that the database has."""
        for path in files:
            path.unlink(missing_ok=True)
        with self._guard:
            self._measure()

    def size(self) -> int:
        """Bytes that wait; counted as they change, since each request asks and there may be many files."""
        return self._waiting

    def age(self) -> float:
        """Seconds for which the oldest file has waited; 0 if none does."""
        oldest = now = time.time()
        for path in self.folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):
                oldest = min(oldest, path.stat().st_mtime)
        return now - oldest

    def close(self) -> None:
        """Finish the current file and let others use the folder."""
        with self._guard:
            self._finish()
        self._lock.close()

    def _begin(self) -> FileIO:
        self._count += 1
        name = f"{time.time_ns():020}-{self._count:06}{SUFFIX}"
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # Without a buffer: what was taken back would be written from there once there is room again.
        self._current = FileIO(descriptor, "wb")
        sync_folder(self.folder)
        return self._current

    def _finish(self) -> None:
        if self._current:
            with contextlib.suppress(OSError):
                self._current.close()
            self._current = None

    def _measure(self) -> None:
        self._waiting = 0
        for path in self.folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):
                self._waiting += path.stat().st_size

    def _undo(self, file: FileIO, size: int) -> None:
        """Take back what was half written; if even that fails, go on in another file."""
        with contextlib.suppress(OSError):
            os.ftruncate(file.fileno(), size)
        self._finish()

    def _take_folder(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows: there the open file itself is a lock
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise SetupError(
                f"The spool folder {self.folder} is in use by another receiver."
                " Stop that one, or choose another folder with --spool."
            ) from error


def _write(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
