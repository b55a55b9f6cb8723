"""Giving the free space of a DuckDB file back, which DuckDB itself only uses again.

The file is copied whole into a new one, which then takes its name. Meanwhile it is open to read: nobody
writes, and others read on. A process that is killed leaves the file as it was, and a copy that the next one
removes.

    one who opens the file          this process
    looks which file it is
                                    the new file takes the name, and the old one is let go
    locks what it has opened
    looks again, and opens the new file

So nobody writes into a file that has lost its name (see `duckdb.open_engine`). Programs that do not look
twice, such as BI tools, have microseconds to do so in.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import QueryError
from pipeline.system.files import sync_folder

if TYPE_CHECKING:
    from pipeline.engines.duckdb import DuckDB

SUFFIX = ".compacting"
NEW = "aa_compacted"  # what the new file is called within DuckDB
VERSION = re.compile(r"v\d+(\.\d+)+")
ROOM = 1.1  # times what is used, that must be free on the disk


def rewrite(engine: "DuckDB", row_group: int, copy_bytes: int) -> str | None:
    """Copy a file into a new one that takes its place; why that was not done, or None.

    Args:
        engine: has the file open to read only.
        row_group: rows that are written together.
        copy_bytes: bytes that the copy will take.

    Raises:
        QueryError: DuckDB cannot copy what is in it; the file is as it was.
    """
    file = Path(os.path.realpath(engine.path))
    with _alone_in(file.parent) as alone:
        if not alone:
            return "another process rewrites a file of the same folder"
        new = file.with_name(file.name + SUFFIX)
        _remove(new)
        if Path(f"{file}.wal").exists():
            return "a process that wrote to it was killed just now"
        if shutil.disk_usage(file.parent).free < copy_bytes * ROOM:
            return f"the disk has less room than the {copy_bytes:,} bytes that a copy takes"
        try:
            _copy(engine, new, row_group)
            shutil.copystat(file, new)
            _give_to_owner_of(file, new)
            new.replace(file)
        except OSError as error:
            return f"the copy could not take its place ({error.strerror})"
        finally:
            _remove(new)
        sync_folder(file.parent)
    return None


def remove_left(path: str) -> None:
    """Remove the copy of a process that was killed while it rewrote this file."""
    file = Path(os.path.realpath(path))
    with _alone_in(file.parent) as alone:
        if alone:
            _remove(file.with_name(file.name + SUFFIX))


def _copy(engine: "DuckDB", new: Path, row_group: int) -> None:
    """Everything of the file: tables with their order and compression, views, indexes, comments."""
    ((name, storage),) = engine.fetch(
        "SELECT database_name, tags['storage_version'] FROM duckdb_databases()"
        " WHERE database_name = current_database()"
    )
    # Whoever could open the old file can open the new one.
    version = VERSION.search(str(storage))
    options = ["TYPE duckdb", f"ROW_GROUP_SIZE {row_group}"]
    options += [f"STORAGE_VERSION '{version[0]}'"] if version else []
    path = str(new).replace("'", "''")
    engine.execute(f"ATTACH '{path}' AS {NEW} ({', '.join(options)})")
    try:
        engine.execute(f"COPY FROM DATABASE {engine.quote(name)} TO {NEW}")
        engine.execute(f"CHECKPOINT {NEW}")
        if _counts(engine, name) != _counts(engine, NEW):
            raise QueryError(f"The copy of {engine.path} is not the same; the file stays as it was.")
    finally:
        engine.execute(f"DETACH {NEW}")


def _counts(engine: "DuckDB", database: str) -> list[tuple[str, str, int]]:
    """How many rows each table of an attached database has."""
    tables = engine.fetch(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL", [database]
    )
    return [
        (schema, table, engine.fetch(f"SELECT count(*) FROM {_full(engine, database, schema, table)}")[0][0])
        for schema, table in tables
    ]


def _full(engine: "DuckDB", *names: str) -> str:
    return ".".join(map(engine.quote, names))


@contextmanager
def _alone_in(folder: Path) -> Iterator[bool]:
    """Whether no other process rewrites a file there: two of the same file would undo what came between.

    A lock on the file itself would not do: to let go of it ends DuckDB's, too.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where no open file can be replaced anyway
        yield True
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(lock)


def _give_to_owner_of(file: Path, new: Path) -> None:
    if hasattr(os, "chown"):
        status = file.stat()
        if (status.st_uid, status.st_gid) != (new.stat().st_uid, new.stat().st_gid):
            os.chown(new, status.st_uid, status.st_gid)


def _remove(new: Path) -> None:
    for path in (new, Path(f"{new}.wal")):
        path.unlink(missing_ok=True)
