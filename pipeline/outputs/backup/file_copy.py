"""DuckDB: the backup is the database file as it is.

What the next build compares lies in it, down to where the blocks of a raw table are: it goes on as if
nothing had been.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb

from pipeline.engines import connect
from pipeline.engines.base import Engine
from pipeline.engines.duckdb import DuckDB
from pipeline.errors import RunError
from pipeline.outputs.backup.archive import CHUNK, Archive, StoredTable, Writer, counted
from pipeline.system.files import open_file, replacing

NAME = "database.duckdb"


def back_up(engine: DuckDB, writer: Writer, folder: Path) -> None:
    """Copy the file and what is still in the log beside it, and count what is in the copy.

    Args:
        engine: holds the file, so that nobody writes to it.
        writer: of the backup.
        folder: where there is room for a copy.
    """
    copy = folder / NAME
    log = Path(f"{engine.path}.wal")
    with ExitStack() as files:
        # All are opened before one is closed: with that, this process gives its lock on the file up (fcntl).
        opened = [(files.enter_context(open_file(Path(engine.path))), copy)]
        if log.exists():
            opened.append((files.enter_context(open_file(log)), Path(f"{copy}.wal")))
        for source, target in opened:
            with target.open("wb") as written:
                shutil.copyfileobj(source, written, CHUNK)
    with connect(f"duckdb://{copy}") as copied:  # what the log has goes into the file
        writer.tables += _tables(copied)
        writer.read_meta_version(copied)
        writer.engine_version = duckdb.__version__
    writer.add(NAME, _read(copy), compressed=False)


def _tables(engine: Engine) -> list[StoredTable]:
    tables = [key for key, kind in sorted(engine.kinds().items()) if kind == "table"]
    return [StoredTable(*key, *counted(engine, *key)) for key in tables]


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


def _compare(file: Path, archive: Archive) -> None:
    expected = {(table.schema, table.name): table for table in archive.manifest.tables}
    same_version = archive.manifest.engine_version == duckdb.__version__
    with connect(f"duckdb://{file}", read_only=True) as restored:
        found = {(table.schema, table.name): table for table in _tables(restored)}
    for key in sorted(expected.keys() | found.keys()):
        one, other = expected.get(key), found.get(key)
        if one is None or other is None or one.rows != other.rows:
            problem = f"{one.rows if one else 'no'} rows, and has {other.rows if other else 'none'}"
        elif same_version and one.checksum != other.checksum:
            problem = f"checksum {one.checksum}, and has {other.checksum}"
        else:
            continue
        raise RunError(f"{archive.file} is corrupted: {'.'.join(key)} had {problem}. Nothing was restored.")
