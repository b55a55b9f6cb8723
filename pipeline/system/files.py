"""Reading what is a file, and writing files that are there whole, or as they were before."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import SetupError
from pipeline.system.temporary import temporary_folder

# That there is no more room: on a disk, in somebody's share of it, in the largest file that one may write.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# That it is somebody else's.
FOREIGN = {errno.EACCES, errno.EPERM, errno.EROFS}

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

    The new file has the owner and the permissions of the old one. What is no plain file (a device, a pipe, a
    link such as /dev/stdout) is written to as it is. What a killed process left goes with the next one.

    Raises:
        SetupError: the folder cannot be made or written, or the disk is full.
    """
    with ExitStack() as stack:
        with _written(file):
            if file.is_symlink() or (file.exists() and not file.is_file()):
                temporary = file
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                folder = stack.enter_context(temporary_folder(file.parent, f".{file.name}."))
                temporary = folder / file.name
        try:
            yield temporary
        except OSError as error:  # others may be of what is read meanwhile
            if error.errno in FULL or temporary == file:
                raise not_writable(file, error) from error
            raise
        if temporary != file:
            with _written(file):
                if file.exists():
                    with suppress(PermissionError):  # to give it away is the right of root
                        _make_alike(temporary, file.stat())
                temporary.replace(file)


@contextmanager
def _written(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise not_writable(file, error) from error


def sync_folder(folder: Path) -> None:
    """Make sure that what was renamed in a folder survives a power cut; not every system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def advice(error: OSError) -> str:
    """What to do where the system refuses something, as a sentence to append; empty if we do not know."""
    if error.errno in FULL:
        return " Make room on that disk, or write to another, and run the command again."
    if error.errno in FOREIGN:
        return " Choose another place, or ask its owner."
    return ""


def write_whole(file: Path, content: bytes) -> None:
    """Write a file in one step; readers see the old content or the new.

    Raises:
        SetupError: it cannot be written.
    """
    with replacing(file) as temporary, _written(file):
        temporary.write_bytes(content)


def write_secret(file: Path, content: bytes) -> None:
    """Like `write_whole`, for its owner alone.

    A file that is there keeps its owner, its mode, and its place behind a link.

    Raises:
        SetupError: it cannot be written.
    """
    with replacing(file.resolve()) as temporary, _written(file):
        temporary.touch(mode=0o600)
        if file.exists():
            _make_alike(temporary, file.stat())
        temporary.write_bytes(content)


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
    file.chmod(stat.S_IMODE(status.st_mode))
    own = file.stat()
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        os.chown(file, status.st_uid, status.st_gid)


def not_writable(file: Path, error: OSError) -> SetupError:
    """The error that says so: what, where, why, and what to do."""
    why = os.strerror(error.errno) if error.errno else error
    return SetupError(f"{file} cannot be written: {why}.{advice(error)}")
