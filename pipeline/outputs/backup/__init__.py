"""Backups: a database in one file, and back.

A backup is a ZIP archive with `manifest.json`: every table with its number of rows and a checksum over them,
and every other file in the archive with its SHA-256. What these files are depends on the engine. Of DuckDB it
is the database file itself, so that whatever is in it is as it was. Of PostgreSQL it is the rows of each
table in the schemas of ours, in the format of COPY, all read in one snapshot.

Nothing is restored that does not match the manifest, and a restore is there whole or not at all. A backup
holds what its database knows of people, so only its owner can read it.
"""

import os
from pathlib import Path
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.errors import RunError, SetupError, TargetError
from pipeline.outputs.backup.archive import SCHEMAS, Archive, StoredTable, Writer
from pipeline.system.files import not_writable, replacing, sync_folder

__all__ = ["back_up", "restore"]


def back_up(engine: Engine, file: Path) -> list[StoredTable]:
    """Write all of a database into a file, and what it holds.

    Args:
        engine: opened to read only, so that nobody writes to a DuckDB file meanwhile.
        file: where to; a backup that is there is replaced once the new one is whole.

    Raises:
        SetupError: the file is something else, or cannot be written; or the engine has backups of its own.
        RunError: what was written is not what can be read.
    """
    implementation = _implementation(engine)
    place = Path(os.path.realpath(file))
    try:
        is_there = file.exists()
    except OSError as error:
        raise not_writable(file, error) from error
    if is_there:
        with Archive(file):  # anything else is not overwritten
            pass
    with replacing(place) as temporary:
        with Writer(temporary, engine) as writer:
            implementation.back_up(engine, writer, temporary.parent)
        with Archive(temporary) as written:
            if name := written.damaged():
                raise RunError(
                    f"{file} was not written: its {name} cannot be read as it was written. Look after the"
                    " disk, or write to another."
                )
    sync_folder(place.parent)
    return writer.tables


def restore(engine: Engine, file: Path, *, replace: bool = False) -> list[StoredTable]:
    """Bring back what a backup holds; all of it or nothing.

    Args:
        engine: opened to write.
        file: the backup.
        replace: also where the database holds something: all of a DuckDB file, on PostgreSQL the tables in
            the schemas of ours.

    Raises:
        SetupError: the file is no whole backup, not one for this engine, or of a newer release.
        TargetError: the database holds something, or a newer release keeps it.
        RunError: what was restored is not what was backed up.
    """
    implementation = _implementation(engine)
    with Archive(file) as archive:
        manifest = archive.manifest
        if manifest.engine != engine.dialect:
            raise SetupError(
                f"{file} is a backup of {manifest.engine}, and {engine.url} is {engine.dialect}."
                " Restore it into a database of its kind; `aa-pipeline copy` then goes to the other one."
            )
        if (manifest.meta_version or 0) > meta.VERSION:
            raise SetupError(
                f"{file} is of a newer release of aa-pipeline ({manifest.version})."
                " Upgrade with `pip install --upgrade aa-pipeline`."
            )
        meta.refuse_newer(engine, engine.shapes(meta.SCHEMA))
        is_file = engine.dialect == "duckdb"
        standing = [key for key in sorted(engine.kinds()) if is_file or key[0] in SCHEMAS]
        if standing and not replace:
            raise TargetError(
                f"{engine.url} is not empty: it holds {'.'.join(standing[0])}"
                f"{f' and {len(standing) - 1} more' if standing[1:] else ''}. Restore into a new database,"
                " or say --replace: then what it holds is replaced by the backup."
            )
        implementation.restore(engine, archive)
    return manifest.tables


def _implementation(engine: Engine) -> Any:
    """The module for an engine; only the one that is needed imports its driver."""
    if engine.dialect == "duckdb" and getattr(engine, "path", "") != ":memory:":
        from pipeline.outputs.backup import file_copy

        return file_copy
    if engine.dialect == "postgres":
        from pipeline.outputs.backup import rows

        return rows
    raise SetupError(
        f"{engine.url} cannot be backed up or restored: that is for DuckDB files and PostgreSQL. Spark and"
        " BigQuery keep versions of their own, and `aa-pipeline copy` takes raw tables elsewhere."
    )
