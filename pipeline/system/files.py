"""Writing files that are there whole, or as they were before."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import SetupError


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


def _not_writable(file: Path, error: OSError) -> SetupError:
    return SetupError(f"{file} cannot be written: {error.strerror}.")
