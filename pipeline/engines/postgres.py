"""PostgreSQL, spoken to through psycopg.

A build is one transaction of one snapshot. How it is published stands in `postgres_publish`, how it waits for
others in `postgres_locks`.
"""

import json
import os
import re
import socket
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from pipeline.config import redact
from pipeline.engines.base import ROW, Engine, Kind, check_options
from pipeline.engines.postgres_locks import NEEDS_ALL_OF, milliseconds, patiently
from pipeline.engines.postgres_publish import PublishesInPlace
from pipeline.engines.postgres_restored import of_before
from pipeline.errors import DatabaseLockedError, QueryError, TargetError
from pipeline.plan.layers import LAYERS, MARTS

# What a target's options may say.
OPTIONS = {
    "readers": 'roles that may read the schema mart, such as ["dashboard"]',
    "statement_timeout": 'the longest that one statement may take, such as "10min"',
    "connect_timeout": "seconds to wait for the server, such as 10",
}
CONNECT_TIMEOUT = 10  # seconds
OLDEST = 15  # major version; older ones lack functions that the models use

# One writer at a time. The number is the letters "aa-pipel", as good as any other.
LOCK = 0x61612D706970656C
SECONDS_BETWEEN_TRIES = 0.1

ROWS_PER_WRITE = 1_000
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\ufffd"})

# What the system says to a server whose share of a disk is used up.
NO_ROOM = re.compile("Disk quota exceeded|File too large")
WORK_MEM = 64  # MB that a sort or a hash table takes before it goes to disk, unless the server allows more
# Compiling queries of this size to machine code takes longer than it saves.
# Of tables that it has just seen for the first time, and of parts of a query, PostgreSQL expects so
# few rows that it joins them by sorting and comparing all pairs; hashing is never much slower.
SESSION = f"""
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET jit = off;
SET enable_mergejoin = off;
SELECT set_config('work_mem', '{WORK_MEM}MB', false)
FROM pg_settings WHERE name = 'work_mem' AND CAST(setting AS bigint) < {WORK_MEM} * 1024
"""
# A server that has gone is noticed after a minute, even where nobody closes the connection.
KEEPALIVE: dict[str, Any] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

PARAMETER = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(\?)")

# PostgreSQL has a function that tells whether a text is JSON from release 16 on.
JSON_OR_NULL = "meta.json_or_null"
CREATE_JSON_OR_NULL = r"""
CREATE SCHEMA IF NOT EXISTS meta;
CREATE OR REPLACE FUNCTION meta.json_or_null(document text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL RESTRICTED AS $function$
BEGIN
    -- No text of PostgreSQL can hold a NUL.
    document := replace(document, '\u0000', '\ufffd');
    PERFORM document::jsonb;
    RETURN document;
EXCEPTION WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION meta.json_or_null IS 'The text if it is JSON, else NULL; made by aa-pipeline.'
"""


class Postgres(PublishesInPlace):
    """A PostgreSQL database."""

    dialect = "postgres"

    def __init__(self, connection: Any, url: str, wait: float, readers: Sequence[str] = ()) -> None:
        super().__init__()
        self.connection = connection
        self.url = redact(url)
        self.wait = wait
        self.readers = readers

    def close(self) -> None:
        self.connection.close()

    def fetch_result(
        self, sql: str, params: Sequence[Any] | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        cursor = self._run(sql, params)
        if cursor.description is None:
            return [], []
        with self._errors():
            return [column.name for column in cursor.description], cursor.fetchall()

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> int | None:
        if alone := NEEDS_ALL_OF.match(sql):
            self.patiently(self.redirected(sql), [alone[1]], alone=True)
            return None
        count: int = self._run(sql, params).rowcount
        return None if count < 0 else count

    def patiently(self, sql: str, tables: Collection[str], *, alone: bool) -> None:
        with self._errors():
            patiently(self.connection, self.wait, sql, tables, alone=alone)

    def _run(self, sql: str, params: Sequence[Any] | None) -> Any:
        if JSON_OR_NULL in sql:
            self._ensure_json_or_null()
        sql = self.redirected(sql)
        with self._errors():
            cursor = psycopg.RawCursor(self.connection)
            return cursor.execute(_numbered(sql) if params else sql, params or None)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turns what the driver raises into one paragraph."""
        try:
            yield
        except psycopg.Error as error:
            raise QueryError(self._explain(error)) from error

    def _explain(self, error: psycopg.Error) -> str:
        if self.connection.closed:
            return (
                f"The connection to {self.url} was lost: {_one_line(error)}."
                " What was under way has not been published; run the command again."
            )
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return (
                f"The user {self.connection.info.user} lacks a right: {_one_line(error)}. Grant it"
                " (the builder owns the schemas raw, staging, intermediate, mart and meta, or may"
                " create them), or use another user in the target's URL."
            )
        if isinstance(error, psycopg.errors.QueryCanceled):
            return (
                f"PostgreSQL stopped a statement: {_one_line(error)}. The target's option"
                " statement_timeout, or the server's, says how long one may take."
            )
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return (
                f"Somebody else holds a row or table that this needs; waited {self.wait:g} s:"
                f" {_one_line(error)}. Nothing was published. Let that transaction end (pg_locks shows it),"
                " or try again with a longer --wait."
            )
        if isinstance(error, psycopg.errors.DiskFull) or NO_ROOM.search(str(error)):
            return (
                f"The disk of the PostgreSQL server is full: {_one_line(error)}. Nothing was published. Make"
                " room on that disk, and run the command again."
            )
        return f"PostgreSQL refused a statement: {_one_line(error)}."

    def _ensure_json_or_null(self) -> None:
        """Make the function that tells JSON from other text, where it is not there."""
        if self._run("SELECT to_regproc('meta' || '.json_or_null') IS NULL", None).fetchone()[0]:
            with self._errors():
                if self.in_transaction():
                    self.connection.execute(CREATE_JSON_OR_NULL)
                else:
                    # A session that only reads may still make this.
                    self.connection.execute(f"BEGIN READ WRITE; {CREATE_JSON_OR_NULL}; COMMIT")

    # Transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, over one snapshot; only one process writes at a time.

        Raises:
            DatabaseLockedError: another process still writes after `wait` seconds.
        """
        self._lock()
        try:
            # The snapshot is taken after the lock: what the last writer left is in it.
            # Rows that a policy hides from us are an error, never left out of what is read and replaced.
            self.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL row_security = off;"
                f" SET LOCAL lock_timeout = {milliseconds(self.wait)}"
            )
            try:
                yield
                self.publish_all()
                self.execute("COMMIT")
            except BaseException:
                self.rollback()
                raise
        finally:
            with suppress(psycopg.Error):  # a lost connection holds no lock
                self.connection.execute("SELECT pg_advisory_unlock_all()")

    def in_transaction(self) -> bool:
        return bool(self.connection.info.transaction_status != TransactionStatus.IDLE)

    def rollback(self) -> None:
        self.forget()
        with suppress(psycopg.Error):  # a lost connection has rolled back by itself
            self.connection.execute("ROLLBACK")

    def _lock(self) -> None:
        deadline = time.monotonic() + self.wait
        while not self.fetch("SELECT pg_try_advisory_lock(?)", [LOCK])[0][0]:
            if time.monotonic() >= deadline:
                raise DatabaseLockedError(
                    f"{self.url} is being written by {self._holder()}; waited {self.wait:g} s."
                    " Let it finish, or try again later with a longer --wait."
                )
            time.sleep(SECONDS_BETWEEN_TRIES)

    def _holder(self) -> str:
        rows = self.fetch(
            "SELECT a.pid, a.application_name, a.usename, host(a.client_addr)"
            " FROM pg_locks AS l JOIN pg_stat_activity AS a ON l.pid = a.pid"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
            " AND l.classid = ? AND l.objid = ? AND l.database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK >> 32, LOCK & 0xFFFFFFFF],
        )
        if not rows:
            return "another process"
        pid, application, user, host = rows[0]
        return f"{application or 'another process'} of {user} on {host or 'the server'} (backend {pid})"

    # What there is

    def shapes(self, schema: str) -> dict[str, dict[str, str]]:
        rows = self.fetch(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
            " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " JOIN pg_attribute AS a ON a.attrelid = c.oid"
            " WHERE n.nspname = ? AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
            [schema],
        )
        tables: dict[str, dict[str, str]] = {}
        for table, column, native in rows:
            tables.setdefault(table, {})[column] = native
        return tables

    def kinds(self) -> dict[tuple[str, str], Kind]:
        rows = self.fetch(
            "SELECT n.nspname, c.relname, CASE WHEN c.relkind = 'v' THEN 'view' ELSE 'table' END"
            " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        return {(schema, name): kind for schema, name, kind in rows}

    def change_marker(self, schema: str, table: str) -> str:
        # Rows updated and deleted since the statistics began, and the file of the table.
        rows = self.fetch(
            "SELECT pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_deleted(oid), relfilenode"
            " FROM pg_class WHERE oid = to_regclass(?)",
            [self.name(schema, table)],
        )
        if not rows:
            return ""
        return of_before(self, self.name(schema, table), "-".join(map(str, rows[0])))

    def row_hash(self, alias: str) -> str | None:
        return f"hashtextextended(CAST({alias} AS text), 0)"

    def content_hash(self, query: str) -> str | None:
        hashed = f"SELECT {self.row_hash(ROW)} AS h FROM ({query}) AS {ROW}"
        count, low, high = self.fetch(f"SELECT count(*), bit_xor(h), sum(h) FROM ({hashed}) AS hashed")[0]
        return f"{count}:{low}:{high}"

    # Writing

    def create_schema(self, name: str) -> None:
        # Asked first: IF NOT EXISTS needs the right to create even where there is nothing to do.
        if not self.fetch("SELECT FROM pg_namespace WHERE nspname = ?", [name]):
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quote(name)}")
        if name == MARTS.schema and self.readers:
            schema, roles = self.quote(name), ", ".join(map(self.quote, self.readers))
            self.execute(f"GRANT USAGE ON SCHEMA {schema} TO {roles}")
            self.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {roles}")
            self.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {roles}")

    def append(self, schema: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        batches = (rows[start : start + ROWS_PER_WRITE] for start in range(0, len(rows), ROWS_PER_WRITE))
        lines = ("".join(map(_copy_line, batch)).encode("utf-8", "replace") for batch in batches)
        self.copy_in(schema, table, columns, lines)
        return len(rows)

    def copy_in(self, schema: str, table: str, columns: Iterable[str], chunks: Iterable[bytes]) -> None:
        """Add rows in COPY's own format of text."""
        names = ", ".join(map(self.quote, columns))
        copy = self.redirected(f"COPY {self.name(schema, table)} ({names}) FROM STDIN")
        with self._errors(), self.connection.cursor() as cursor, cursor.copy(copy) as stream:
            for chunk in chunks:
                stream.write(chunk)

    def copy_out(self, schema: str, table: str, columns: Iterable[str]) -> Iterator[bytes]:
        """All rows of a table in COPY's own format of text."""
        # Of a query, as a table with partitions can be copied by one only.
        query = f"SELECT {', '.join(map(self.quote, columns))} FROM {self.name(schema, table)}"
        with (
            self._errors(),
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT") as rows,
        ):
            yield from map(bytes, rows)

    def borrow(self, other: Engine, schema: str, table: str, columns: Mapping[str, str]) -> str:
        # One database of a server cannot read another one without an extension that administrators install.
        if not isinstance(other, Postgres):
            return super().borrow(other, schema, table, columns)
        if not other.in_transaction():  # all that is borrowed is of one snapshot
            other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        copy = self.name("pg_temp", f"borrowed_{table}")
        definitions = ", ".join(f"{self.quote(name)} {native}" for name, native in columns.items())
        self.execute(f"CREATE TEMP TABLE {copy} ({definitions}) ON COMMIT DROP")
        self.copy_in("pg_temp", f"borrowed_{table}", columns, other.copy_out(schema, table, columns))
        self.execute(f"ANALYZE {copy}")
        return copy

    def lower(self, text: str) -> str:
        # By code points alone, only ASCII letters have a lower case.
        return f'(LOWER(({text}) COLLATE "default") COLLATE "C")'

    def place(self, alias: str) -> str:
        # Each partition of a table counts its places anew.
        return f"({alias}.tableoid::text || {alias}.ctid::text)"

    # Space

    def sizes(self) -> dict[tuple[str, str], int]:
        # To ask for the size of a table is to wait for whoever has it for himself.
        rows = self.fetch(
            "SELECT n.nspname, c.relname, pg_total_relation_size(c.oid)"
            " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'm') AND n.nspname = ANY(CAST(? AS text[])) AND c.oid NOT IN"
            " (SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock')",
            [[layer.schema for layer in LAYERS.values()]],
        )
        return {(schema, table): size for schema, table, size in rows}

    def size(self) -> int:
        return int(self.fetch("SELECT pg_database_size(current_database())")[0][0])

    def compact(self, *, always: bool = False) -> str | None:
        # Holds nobody up. Space at the end of a table goes back to the disk, other space to new rows.
        # PostgreSQL warns of tables that are not ours, and leaves them.
        for schema, table in sorted(self.sizes()):
            self.execute(f"VACUUM (ANALYZE, SKIP_LOCKED) {self.name(schema, table)}")
        return None

    def ibis(self) -> Any:
        import ibis

        # The session of this engine: what it may not write, Ibis may not either.
        return ibis.postgres.from_connection(self.connection)


def open_engine(
    url: str,
    *,
    read_only: bool = False,
    wait: float = 5.0,
    memory_limit: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Postgres:
    """Connect to the server of a URL, as libpq understands it.

    Raises:
        ConfigError: an option is unknown.
        TargetError: nothing answers there, it lets us not in, or it is too old.
    """
    given = check_options("PostgreSQL", OPTIONS, options)
    session = SESSION
    if read_only:
        session += "; SET default_transaction_read_only = on"
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            # A pooler may give every transaction another connection.
            prepare_threshold=None,
            application_name=f"aa-pipeline {os.getpid()}@{socket.gethostname()}"[:63],
            connect_timeout=int(given.get("connect_timeout", CONNECT_TIMEOUT)),
            **KEEPALIVE,
        )
        connection.execute(session)
        if timeout := given.get("statement_timeout"):
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(timeout)])
    except psycopg.Error as error:
        raise TargetError(_cannot_open(url, error)) from None
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        connection.close()
        raise TargetError(
            f"{redact(url)} is PostgreSQL {version}; the models need {OLDEST} or newer."
            " Upgrade the server, or point the target at another one."
        )
    return Postgres(connection, url, wait, given.get("readers", ()))


def _cannot_open(url: str, error: psycopg.Error) -> str:
    """Why there is no connection, and what to do about it; never with the password."""
    said = _one_line(error)
    if "password" in said:
        todo = (
            "Check user and password of the target's URL; a password belongs into an environment"
            " variable that the URL names, or into ~/.pgpass"
        )
    elif "does not exist" in said:
        todo = "Make it on the server (createdb, createuser), or correct the target's URL"
    else:
        todo = "Check that the server runs, and the host and port of the target's URL"
    text = f"Cannot connect to {redact(url)}: {said}. {todo}."
    secret = _PASSWORD_OF.search(url)
    return redact(text.replace(secret[1], "***") if secret and secret[1] else text)


_PASSWORD_OF = re.compile(r"://[^/@:\s]*:(.+)@")


def _one_line(error: psycopg.Error) -> str:
    """The server's message and its details, without the statement."""
    diagnosis = error.diag
    parts = [diagnosis.message_primary or str(error), diagnosis.message_detail, diagnosis.message_hint]
    text = " ".join(part.rstrip(".") + "." for part in parts if part)
    return " ".join(text.split()).rstrip(".")


def _numbered(sql: str) -> str:
    """A statement with `$1`, `$2` … in the place of `?`, which texts and names may contain too."""
    number = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal number
        if not found[1]:
            return found[0]
        number += 1
        return f"${number}"

    return PARAMETER.sub(mark, sql)


def _copy_line(row: Sequence[Any]) -> str:
    """A row as COPY reads it."""
    return "\t".join(map(_copy_value, row)) + "\n"


def _copy_value(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return str(value).translate(ESCAPES)
