"""Reading what is a file, and writing files that are there whole, or as they were before."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import SetupError

# What is no file, though it has a name: reading it may never end, or do something.
OTHERS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_file(path: Path, buffering: int = -1) -> BinaryIO:
    """Open a file to read its bytes, and nothing that is none.

    Raises:
        OSError: it cannot be read, or is a pipe, a device or a socket.
    """
    check_file(path.stat())
    # Whatever has taken its place meanwhile does not keep us waiting.
    opened = open(path, "rb", buffering, opener=_without_waiting)  # noqa: SIM115 the caller closes it
    try:
        check_file(os.fstat(opened.fileno()))
    except OSError:
        opened.close()
        raise
    return opened


def check_file(status: os.stat_result) -> None:
    """Refuse what is neither a file nor a folder.

    Raises:
        OSError: says what it is.
    """
    if other := OTHERS.get(stat.S_IFMT(status.st_mode)):
        raise OSError(f"it is {other}, no file")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A temporary path in the same folder to write to; it replaces `file` if nothing is raised.

    What is no plain file (a device, a pipe, a link such as /dev/stdout) is written to as it is.

    Raises:
        SetupError: the folder cannot be made or written.
    """
    if file.is_symlink() or (file.exists() and not file.is_file()):
        yield file
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise _not_writable(file, error) from error
    with folder:
        temporary = Path(folder.name) / file.name
        yield temporary
        try:
            temporary.replace(file)
        except OSError as error:
            raise _not_writable(file, error) from error


def write_whole(file: Path, content: bytes) -> None:
    """Write a file in one step; readers see the old content or the new.

    Raises:
        SetupError: it cannot be written.
    """
    with replacing(file) as temporary:
        try:
            temporary.write_bytes(content)
        except OSError as error:
            raise _not_writable(file, error) from error


def write_secret(file: Path, content: bytes) -> None:
    """Like `write_whole`, for its owner alone.

    A file that is there keeps its owner, its mode, and its place behind a link.

    Raises:
        SetupError: it cannot be written.
    """
    with replacing(file.resolve()) as temporary:
        try:
            temporary.touch(mode=0o600)
            if file.exists():
                _make_alike(temporary, file.stat())
            temporary.write_bytes(content)
        except OSError as error:
            raise _not_writable(file, error) from error


@contextmanager
def changing_alone(file: Path) -> Iterator[None]:
    """Read a file and replace it while no other process of ours does."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        # The folder is locked: the file itself is replaced, and one more file would stay.
        descriptor = os.open(file.resolve().parent, os.O_RDONLY)
    except OSError:  # reading or writing the file says what is wrong
        yield
        return
    try:
        with suppress(OSError):  # not every file system can
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make_alike(file: Path, status: os.stat_result) -> None:
    own = file.stat()
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        os.chown(file, status.st_uid, status.st_gid)
    file.chmod(stat.S_IMODE(status.st_mode))


def _not_writable(file: Path, error: OSError) -> SetupError:
    return SetupError(f"{file} cannot be written: {error.strerror}.")
