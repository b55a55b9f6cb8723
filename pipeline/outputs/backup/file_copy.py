"""DuckDB: the backup is the database file as it is.

What the next build compares lies in it, down to where the blocks of a raw table are: it goes on as if
nothing had been.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import duckdb

from pipeline.engines.base import Engine
from pipeline.engines.duckdb import DuckDB, open_engine
from pipeline.errors import DatabaseLockedError, RunError, TargetError
from pipeline.outputs.backup.archive import CHUNK, Archive, StoredTable, Writer, counted
from pipeline.system.files import open_file, replacing, sync_folder

NAME = "database.duckdb"


def back_up(engine: DuckDB, writer: Writer, folder: Path) -> None:
    """Copy the file and what is still in the log beside it, and count what is in the copy.

    Args:
        engine: holds the file, so that nobody writes to it; not longer than it is copied.
        writer: of the backup.
        folder: where there is room for a copy.

    Raises:
        RunError: somebody replaced the file meanwhile.
    """
    copy = folder / NAME
    rows = {key: engine.fetch(f"SELECT count(*) FROM {engine.name(*key)}")[0][0] for key in _keys(engine)}
    _copy(engine.path, copy)
    engine.close()
    with open_engine(f"duckdb://{copy}") as copied:  # what the log has goes into the file
        engine.connection = copied.connection  # what Ctrl-C interrupts
        writer.tables += _tables(copied)
        writer.read_meta_version(copied)
        writer.engine_version = duckdb.__version__
    if {(table.schema, table.name): table.rows for table in writer.tables} != rows:
        raise RunError(f"{engine.url} was replaced while it was copied. Run `aa-pipeline backup` again.")
    writer.add(NAME, _read(copy), compressed=False)


def _copy(path: str, copy: Path) -> None:
    log = Path(f"{path}.wal")
    with ExitStack() as files:
        # All are opened before one is closed: with that, this process gives its lock on the file up (fcntl).
        opened = [(files.enter_context(open_file(Path(path))), copy)]
        _keep_writers_off(opened[0][0], path)
        if log.exists():
            opened.append((files.enter_context(open_file(log)), Path(f"{copy}.wal")))
        for source, target in opened:
            with target.open("wb") as written:
                shutil.copyfileobj(source, written, CHUNK)


def _keep_writers_off(opened: BinaryIO, path: str) -> None:
    """Lock a file to read as DuckDB does, which may hold another: that of before `maintain` replaced it."""
    try:
        import fcntl
    except ImportError:  # Windows, where no open file can be replaced
        return
    try:
        fcntl.lockf(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DatabaseLockedError(
            f"{path} was replaced just now, and another process writes to it. Run `aa-pipeline backup` again."
        ) from None


def _keys(engine: Engine) -> list[tuple[str, str]]:
    return [key for key, kind in sorted(engine.kinds().items()) if kind == "table"]


def _tables(engine: Engine) -> list[StoredTable]:
    return [StoredTable(*key, *counted(engine, *key)) for key in _keys(engine)]


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


def restore(engine: DuckDB, archive: Archive) -> None:
    """Put the database of a backup in the place of a file, in one step, once it is found to be whole.

    Args:
        engine: holds the file that is replaced.
        archive: the backup.
    """
    place = Path(os.path.realpath(engine.path))
    with replacing(place) as temporary:
        with temporary.open("wb") as written:
            for chunk in archive.chunks(NAME):
                written.write(chunk)
            written.flush()
            os.fsync(written.fileno())
        _compare(temporary, archive)
        engine.execute("CHECKPOINT")  # a log beside the file would be taken for one of the new file
    sync_folder(place.parent)


def _compare(file: Path, archive: Archive) -> None:
    expected = {(table.schema, table.name): table for table in archive.manifest.tables}
    same_version = archive.manifest.engine_version == duckdb.__version__
    try:
        with open_engine(f"duckdb://{file}", read_only=True) as restored:
            found = {(table.schema, table.name): table for table in _tables(restored)}
    except TargetError as error:  # of a newer DuckDB, say
        raise RunError(f"The database in {archive.file} cannot be opened: {error}") from error
    for key in sorted(expected.keys() | found.keys()):
        one, other = expected.get(key), found.get(key)
        if one is None or other is None or one.rows != other.rows:
            problem = f"{one.rows if one else 'no'} rows, and has {other.rows if other else 'none'}"
        elif same_version and one.checksum != other.checksum:
            problem = f"checksum {one.checksum}, and has {other.checksum}"
        else:
            continue
        raise RunError(f"{archive.file} is corrupted: {'.'.join(key)} had {problem}. Nothing was restored.")
