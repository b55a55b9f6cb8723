"""Temporary folders that do not outlive their process for long, even if it is killed.

A folder is in use as long as its process holds a lock on it, which the system gives back however the process
ends. Its number says less: another process may have it by now, or one in another container.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = r"aa-pipeline-\d+-.+"  # the process that made it, for people who find one


@contextmanager
def temporary_folder(parent: Path | None = None, prefix: str = "") -> Iterator[Path]:
    """A new folder of our own, gone at the end; those that killed processes left go first.

    Args:
        parent: where to make it; otherwise where the system has temporary files.
        prefix: what its name begins with.

    Raises:
        OSError: there is no place for one.
    """
    remove_left(parent, prefix)
    folder, lock = _make(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _unlock(lock)


def _make(parent: Path | None, prefix: str) -> tuple[Path, int | None]:
    """A folder, and what holds its lock; None where there are no such locks."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=f"{prefix}aa-pipeline-{os.getpid()}-"))
        # Until it is locked, another process may take it for one that was left.
        with suppress(BlockingIOError, FileNotFoundError):
            lock = _lock(folder)
            if folder.exists():
                return folder, lock
            _unlock(lock)


def remove_left(parent: Path | None = None, prefix: str = "") -> None:
    """Remove the folders of this user whose processes are gone; see `temporary_folder`."""
    name = re.compile(re.escape(prefix) + NAME)
    with suppress(OSError), os.scandir(parent or tempfile.gettempdir()) as entries:
        for entry in entries:
            with suppress(OSError):  # locked, or gone by now
                if name.fullmatch(entry.name) and _is_own_folder(entry):
                    _remove(Path(entry.path))


def _is_own_folder(entry: "os.DirEntry[str]") -> bool:
    is_own = hasattr(os, "getuid") and entry.stat(follow_symlinks=False).st_uid == os.getuid()
    return is_own and entry.is_dir(follow_symlinks=False)


def _remove(folder: Path) -> None:
    lock = _lock(folder)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        _unlock(lock)


def _lock(folder: Path) -> int | None:
    """Take the lock of a folder; None where there are no such locks.

    Raises:
        BlockingIOError: another process has it.
        OSError: there is no such folder.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            raise
        return None
    return lock


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)
