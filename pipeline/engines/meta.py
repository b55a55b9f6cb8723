"""The schema `meta`, the run metadata: what was run, ingested and found.

`ensure` makes it, and upgrades what an older release left.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from pipeline.errors import TargetError

SCHEMA = "meta"
FAILING_ROWS = "audit"  # the schema of what `--store-failures` keeps
VERSION = 1

# Table → column → kind of value; NATIVE says what each engine calls the kind.
TABLES: dict[str, dict[str, str]] = {
    "version": {"version": "integer"},
    # One row per command that wrote to the database; `as_of` is the instant it ran as.
    "runs": {
        "run_id": "text",
        "run_number": "integer",  # counts the runs; clocks may differ, and go back
        "started_at": "instant",
        "finished_at": "instant",
        "command": "text",
        "status": "text",  # as `RunResult.status`
        "as_of": "instant",
        "plan_fingerprint": "text",
        "target": "text",
        "seconds": "float",
        "version": "text",
        "arguments": "text",  # JSON: what `retry` repeats it with
    },
    # One row per run and table that it dealt with; the fingerprint covers code and inputs.
    "run_tables": {
        "run_id": "text",
        "table_schema": "text",
        "table_name": "text",
        "action": "text",
        "reason": "text",
        "row_count": "integer",
        "seconds": "float",
        "fingerprint": "text",
    },
    # One row per run and audit.
    "audit_results": {
        "run_id": "text",
        "table_name": "text",
        "audit": "text",
        "kind": "text",
        "columns": "text",
        "severity": "text",
        "status": "text",  # one of `plan.check_results.STATUSES`
        "failures": "integer",
        "row_count": "integer",
        "tolerance": "text",
        "description": "text",
        "proven": "text",
        "layer": "text",  # of the table
    },
    # At most five rows per failed audit.
    "audit_failures": {
        "run_id": "text",
        "table_name": "text",
        "audit": "text",
        "example": "integer",
        "failing_row": "text",  # JSON
    },
    # One row per run whose results have been rolled up (`run.retention`), and status: how many there were.
    "audit_totals": {
        "run_id": "text",
        "status": "text",
        "audits": "integer",
    },
    # One row per ingest.
    "ingests": {
        "ingest_id": "text",
        "ingest_number": "integer",  # counts the ingests
        "started_at": "instant",
        "finished_at": "instant",
        "source": "text",
        "inputs": "text",
        "rows_in": "integer",
        "landed": "integer",
        "duplicates": "integer",
        "quarantined": "integer",
    },
    # One row per input line or record that could not be landed; agent and kind where it carries usage of a
    # kind that no reader understands.
    "quarantine": {
        "ingest_id": "text",
        "source": "text",
        "file": "text",
        "line": "integer",
        "reason": "text",
        "excerpt": "text",
        "created_at": "instant",
        "agent": "text",
        "kind": "text",
        "records": "integer",  # that it stands for
    },
    # How far each input file has been read.
    "ingest_files": {
        "path": "text",
        "inode": "integer",
        "size": "integer",
        "read_to": "integer",
        "head_hash": "text",
        "updated_at": "instant",
    },
    # One row per file of transcripts that was looked at (`pipeline.ingest.transcripts.memory`).
    "transcript_files": {
        "place": "text",  # below which it was found
        "path": "text",
        "inputs": "text",  # a hash of all places that were looked at with that one
        "readers": "text",  # a hash of the code that read it
        "state": "text",  # of the file, as it was read
        "agent": "text",  # whose it is
        "reason": "text",  # why it is not read, if that is worth a word
        "shared": "text",  # hashes of what other files may tell as well
    },
    # One row per name of a person who was forgotten, as `engines.forgotten` has it; and one for the key.
    "forgotten": {
        "name_hash": "text",
        "stand_in": "text",  # who has what is left of them
        "treatment": "text",  # anonymous or dropped
        "forgotten_at": "instant",
    },
    # What has pseudonyms instead of people (`pipeline.privacy`): raw tables, and what is published.
    "pseudonyms": {
        "what": "text",
        "key_check": "text",  # tells keys apart
        "hidden_to": "integer",  # the id up to which rows have pseudonyms
    },
}

# Tables that a counter keeps in order: its column, and by what rows are in order that an older release wrote.
IN_ORDER = {
    "runs": ("run_number", ("run_id",)),
    "ingests": ("ingest_number", ("started_at", "ingest_id")),
}

NATIVE = {
    "duckdb": {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "float": "DOUBLE",
        "instant": "TIMESTAMPTZ",
    },
    "postgres": {
        "text": "TEXT",
        "integer": "BIGINT",
        "float": "DOUBLE PRECISION",
        "instant": "TIMESTAMPTZ",
    },
    "pyspark": {
        "text": "STRING",
        "integer": "BIGINT",
        "float": "DOUBLE",
        "instant": "TIMESTAMP",
    },
    "bigquery": {
        "text": "STRING",
        "integer": "INT64",
        "float": "FLOAT64",
        "instant": "TIMESTAMP",
    },
}


# Table → column → the engine's own name of its type.
Shapes = Mapping[str, Mapping[str, str]]


class Database(Protocol):
    """What this module asks of an engine."""

    dialect: str
    url: str

    def shapes(self, schema: str) -> dict[str, dict[str, str]]: ...
    def fetch(self, sql: str) -> list[tuple[Any, ...]]: ...
    def fetch_result(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]: ...
    def execute(self, sql: str, params: Any = None) -> int | None: ...
    def append(self, schema: str, table: str, columns: Sequence[str], rows: Sequence[Any]) -> int: ...
    def delete(self, schema: str, table: str, column: str, value: Any) -> None: ...
    def schema_change(self) -> AbstractContextManager[None]: ...
    def create_schema(self, name: str) -> None: ...
    def quote(self, identifier: str) -> str: ...
    def name(self, schema: str, table: str) -> str: ...


def refuse_newer(engine: Database, there: Shapes) -> None:
    """Refuse a database that a newer release keeps; called before anything is written.

    Args:
        engine: the database.
        there: the shapes of its schema `meta`.

    Raises:
        TargetError: says what to do.
    """
    if "version" not in there.get("version", {}):
        return
    ((found,),) = engine.fetch(f"SELECT max(version) FROM {engine.name(SCHEMA, 'version')}")
    if found is not None and found > VERSION:
        raise TargetError(
            f"{engine.url} is kept by a newer release of aa-pipeline: its run metadata has version {found},"
            f" this release knows {VERSION}. Nothing was written. Upgrade with"
            " `pip install --upgrade aa-pipeline`, or use another target."
        )


def ensure(engine: Database) -> Shapes:
    """Make the schema and whatever table or column of it is missing, before the transaction that writes.

    Columns are only ever added, so that an older release can still write its own.

    Returns:
        The shapes of the schema.

    Raises:
        TargetError: a newer release keeps it.
    """
    there = engine.shapes(SCHEMA)
    refuse_newer(engine, there)
    if _is_complete(there):
        return there
    with engine.schema_change():
        _complete(engine, engine.shapes(SCHEMA))  # another process may have done so meanwhile
    return engine.shapes(SCHEMA)


def _is_complete(there: Shapes) -> bool:
    return all(columns.keys() <= there.get(table, {}).keys() for table, columns in TABLES.items())


def _complete(engine: Database, there: Shapes) -> None:
    if not there:
        engine.create_schema(SCHEMA)
    native = NATIVE[engine.dialect]
    for table, columns in TABLES.items():
        name = engine.name(SCHEMA, table)
        if table not in there:
            ddl = ", ".join(f"{engine.quote(c)} {native[kind]}" for c, kind in columns.items())
            engine.execute(f"CREATE TABLE {name} ({ddl})")
            if table == "version":
                engine.execute(f"INSERT INTO {name} VALUES ({VERSION})")
            continue
        for column in columns.keys() - there[table].keys():
            engine.execute(f"ALTER TABLE {name} ADD COLUMN {engine.quote(column)} {native[columns[column]]}")


def newest_first(table: str, columns: Collection[str], alias: str) -> str:
    """What to sort the rows of a table that is in order by.

    Rows without a number are of an older release, and newer than those that have one: see `next_number`.

    Args:
        table: runs or ingests.
        columns: those that it has; an older release made fewer.
        alias: what the table is called in the query.
    """
    number, before = IN_ORDER[table]
    numbered = [f"{alias}.{number} DESC NULLS FIRST"] if number in columns else []
    return ", ".join([*numbered, *(f"{alias}.{name} DESC" for name in before)])


def next_number(engine: Database, table: str) -> int:
    """The number of the next row of a table that is in order, in the transaction that appends it.

    Rows that an older release has left without a number get theirs first.
    """
    number, before = IN_ORDER[table]
    name = engine.name(SCHEMA, table)
    last, unnumbered = engine.fetch(
        f"SELECT coalesce(max({number}), 0), count(*) - count({number}) FROM {name}"
    )[0]
    if unnumbered:
        columns, rows = engine.fetch_result(
            f"SELECT * FROM {name} WHERE {number} IS NULL ORDER BY {', '.join(before)}"
        )
        at = columns.index(number)
        numbered = [(*row[:at], last + nth, *row[at + 1 :]) for nth, row in enumerate(rows, 1)]
        engine.delete(SCHEMA, table, number, None)
        engine.append(SCHEMA, table, columns, numbered)
    return int(last + unnumbered + 1)
