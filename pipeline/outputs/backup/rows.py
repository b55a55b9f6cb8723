"""PostgreSQL: the backup is the rows of each table, read in one snapshot and written in one transaction."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.engines import postgres_catalog as catalog
from pipeline.engines import postgres_restored as restored
from pipeline.engines.base import Engine
from pipeline.engines.postgres import Postgres
from pipeline.engines.postgres_comments import STANDING, WHOLE
from pipeline.errors import RunError, SetupError
from pipeline.outputs.backup.archive import SCHEMAS, Archive, StoredColumn, StoredTable, Writer, counted
from pipeline.plan.layers import RAW
from pipeline.plan.render import quote_text

# The name of a type, which is put into a statement: nothing that could be another one.
TYPE = re.compile(r'[\w .]+(\(\d+(, ?\d+)?\))?[\w ]*(\[\])*( COLLATE (\w+\.)?("\w+"|\w+))?')


def back_up(engine: Postgres, writer: Writer, _: Path) -> None:
    """Write the tables of our schemas as they are at one moment; ingests go on meanwhile."""
    with _snapshot(engine):
        writer.read_meta_version(engine)
        for number, (schema, name) in enumerate(catalog.tables(engine, SCHEMAS), 1):
            columns = catalog.columns(engine, schema, name)
            for column, kind in columns.items():
                if not TYPE.fullmatch(kind):
                    raise SetupError(
                        f"{schema}.{name} cannot be backed up: the type {kind} of its column {column} is none"
                        " of PostgreSQL's own. Change the type, or use pg_dump."
                    )
            comments = dict(engine.fetch(STANDING, [engine.name(schema, name)]))
            marker = engine.change_marker(schema, name)
            file = f"{number}.copy"
            writer.add(file, engine.copy_out(schema, name, columns), compressed=True)
            table = StoredTable(
                schema,
                name,
                *counted(engine, schema, name),
                file=file,
                columns=[
                    StoredColumn(column, kind, comments.get(column)) for column, kind in columns.items()
                ],
                comment=comments.get(WHOLE),
                marker=marker,
            )
            writer.tables.append(table)


@contextmanager
def _snapshot(engine: Engine) -> Iterator[None]:
    # Rows that a policy hides from us are an error, never left out.
    engine.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off")
    try:
        yield
    finally:
        engine.rollback()


def restore(engine: Postgres, archive: Archive) -> None:
    """Make the tables of a backup, in one transaction that also compares them.

    A table of the same columns keeps its place, and with it the views, grants and indexes of others.
    """
    for table in archive.manifest.tables:
        if table.schema not in SCHEMAS or not all(TYPE.fullmatch(column.type) for column in table.columns):
            raise SetupError(
                f"{archive.file} is no backup that aa-pipeline made: see {table.schema}.{table.name}."
            )
    if name := archive.damaged():
        raise archive.corrupted(name)
    with engine.transaction():
        stays = _clear(engine, archive.manifest.tables)
        for table in archive.manifest.tables:
            key = table.schema, table.name
            if key not in stays:
                _make(engine, table)
            columns = [column.name for column in table.columns]
            engine.copy_in(*key, columns, archive.chunks(table.file))
            found = counted(engine, *key)
            if found != (table.rows, table.checksum):
                raise RunError(
                    f"{'.'.join(key)} had {table.rows} rows with checksum {table.checksum}, and would have"
                    f" {found[0]} with {found[1]}. Nothing was restored. The backup {archive.file} is"
                    " corrupted, or something changes rows when they are inserted."
                )
            if key not in stays and table.schema == RAW.schema:
                restored.note(engine, *key, stands_for=table.marker)
            engine.execute(f"ANALYZE {engine.name(*key)}")


def _clear(engine: Engine, tables: list[StoredTable]) -> set[tuple[str, str]]:
    """Remove what stands in the place of a backup; the tables that stay, without rows."""
    wanted = {(table.schema, table.name): table for table in tables}
    stays = set()
    for key, kind in sorted(engine.kinds().items()):
        if kind == "view" and key in wanted:
            engine.execute(f"DROP VIEW {engine.name(*key)}")
    for key in catalog.tables(engine, SCHEMAS):
        if key in wanted and catalog.columns(engine, *key) == {c.name: c.type for c in wanted[key].columns}:
            engine.execute(f"DELETE FROM {engine.name(*key)}")
            stays.add(key)
        else:
            engine.execute(f"DROP TABLE {engine.name(*key)}")
    return stays


def _make(engine: Postgres, table: StoredTable) -> None:
    engine.create_schema(table.schema)
    name = engine.name(table.schema, table.name)
    columns = ", ".join(f"{engine.quote(column.name)} {column.type}" for column in table.columns)
    engine.execute(f"CREATE TABLE {name} ({columns})")
    engine.index((table.schema, table.name), [column.name for column in table.columns])
    comments = {f"TABLE {name}": table.comment}
    comments |= {f"COLUMN {name}.{engine.quote(column.name)}": column.comment for column in table.columns}
    for what, text in comments.items():
        if text is not None:
            engine.execute(f"COMMENT ON {what} IS {quote_text(text, engine.dialect)}")
