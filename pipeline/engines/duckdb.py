"""DuckDB, spoken to through its own driver."""

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from pipeline.engines import exists, meta
from pipeline.engines.base import ROW, Engine, Kind, Step, check_options
from pipeline.engines.duckdb_blocks import ROW_GROUP, Blocks
from pipeline.engines.duckdb_catalogue import Catalogue
from pipeline.engines.duckdb_compact import remove_left, rewrite
from pipeline.errors import DatabaseLockedError, QueryError, TargetError
from pipeline.plan.layers import LAYERS
from pipeline.plan.render import quote_text
from pipeline.system import memory

# A file in the format of 2.0 cannot be opened by 1.x, which most BI drivers still are.
STORAGE = "STORAGE_VERSION 'v1.5.0'"
ROWS_PER_INSERT = 10_000
# What a build may use at least, unless it is told otherwise, else half of what is free; DuckDB itself would
# take four fifths of the machine. What does not fit is spilled beside the file.
LEAST_MEMORY = 2 << 30
# Of which DuckDB is told this much: a build of twenty million raw rows took a fifth more than it was told.
TOLD_MEMORY = 0.85
# What a file cannot be called within DuckDB: schemas of ours, and what is its own.
TAKEN = {*(layer.schema for layer in LAYERS.values()), meta.FAILING_ROWS, "main"}
TAKEN |= {"memory", "system", "temp", "information_schema", "pg_catalog"}
BORROWED = "aa_borrowed"  # what another file is called that a build reads
TAKEN |= {BORROWED}
SECONDS_BETWEEN_TRIES = 0.1
HEADERS = 3 * 4096  # bytes that every database has
# So much of a file may be free: it is used again soon, and to rewrite the file has all tables built anew.
MOST_FREE = 0.2

# What DuckDB says of a file that another process holds: on Linux and macOS, on Windows.
LOCKED = re.compile("Could not set lock on file|being used by another process")
# What it says where a disk is full, somebody's share of it used up, or nothing more may be spilled to it.
FULL = re.compile("No space left on device|Disk quota exceeded|File too large|max_temp_directory_size")
DAMAGED = re.compile("not a valid DuckDB database file|Corrupt database file")
IN_THIS_PROCESS = "Unique file handle conflict"
OTHERWISE = re.compile("with a different configuration|already attached in READ_")
HOLDER = re.compile(r"Conflicting lock is held in (.+?) \(PID (\d+)\)")


class DuckDB(Engine):
    """A DuckDB file, or a database in memory."""

    dialect = "duckdb"
    row_id = "rowid"

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: str,
        *,
        bounded: bool = False,
        wait: float = 5.0,
    ) -> None:
        self.connection = connection
        self.path = path
        self.bounded = bounded
        self.wait = wait
        self.url = f"duckdb://{path}"
        self.profiling = False
        self.steps: list[Step] = []
        self._blocks = Blocks(self._fetch, self.content_hash)
        self._catalogue = Catalogue(self._fetch)
        self._fetch("SET TimeZone = 'UTC'", None)

    def close(self) -> None:
        self.connection.close()

    def interrupt(self) -> None:
        with suppress(duckdb.ConnectionException):  # it is closed, and does nothing
            self.connection.interrupt()

    def _fetch(self, sql: str, params: Sequence[Any] | None) -> list[tuple[Any, ...]]:
        # 2.0 refuses new work until the last result is fetched, so every result is.
        try:
            rows: list[tuple[Any, ...]] = self.connection.execute(sql, params).fetchall()
        except duckdb.Error as error:
            raise QueryError(_explained(f"DuckDB refused a statement: {error}")) from error
        self._catalogue.after(sql)
        self._blocks.after(sql)
        if self.profiling:
            self.steps += _steps(json.loads(self.connection.get_profiling_information("json")))
        return rows

    def start_profiling(self) -> bool:
        self._fetch("PRAGMA enable_profiling = 'no_output'", None)
        self.profiling = True
        return True

    def take_profile(self) -> list[Step]:
        steps, self.steps = self.steps, []
        return steps

    def fetch_result(
        self, sql: str, params: Sequence[Any] | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        rows = self._fetch(sql, params)
        return [column[0] for column in self.connection.description or []], rows

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> int | None:
        columns, rows = self.fetch_result(sql, params)
        return rows[0][0] if columns == ["Count"] and len(rows) == 1 else None

    def tune(self) -> None:
        # Tables have no order. Keeping that of the query costs a tenth of a large build.
        self._fetch("SET preserve_insertion_order = false", None)
        # What a build commits goes into the file at once: else it is written twice, to the log as well.
        self._fetch("SET checkpoint_threshold = '1KB'", None)
        if not self.bounded and self.path != ":memory:":
            self._fetch(f"SET memory_limit = '{build_memory(memory.spare())}'", None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            self._blocks.is_kept = True
            try:
                yield
            finally:
                self._blocks.is_kept = False

    @contextmanager
    def schema_change(self) -> Iterator[None]:
        # To a table that got a column since the last checkpoint, DuckDB up to 2.0.1 cannot append if the last
        # row group of the table has more rows than those of the attachment:
        #
        #     with duckdb.connect("a.duckdb") as a:
        #         a.execute("CREATE TABLE t AS SELECT range AS i FROM range(40_000)")
        #     b = duckdb.connect()
        #     b.execute("ATTACH 'a.duckdb' AS a (ROW_GROUP_SIZE 30720)")
        #     b.execute("ALTER TABLE a.t ADD COLUMN j INTEGER")
        #     b.execute("INSERT INTO a.t VALUES (1, 1)")
        #
        #     Failed to commit: Corrupted segment tree: row 40000 is not in any of its 1 segments
        #
        # A file that another program filled has row groups of 122,880 rows.
        with self.transaction():
            yield
        self.write_out()

    def write_out(self) -> None:
        self._fetch("CHECKPOINT", None)

    def rollback(self) -> None:
        # After some errors DuckDB has already given the transaction up.
        try:
            self._fetch("ROLLBACK", None)
        except QueryError as error:
            if "interrupt" in str(error).lower():
                # It was meant for the statement before, and came late.
                self._fetch("ROLLBACK", None)
            elif "no transaction is active" not in str(error):
                raise

    def shapes(self, schema: str) -> dict[str, dict[str, str]]:
        return self._catalogue.shapes(schema)

    def kinds(self) -> dict[tuple[str, str], Kind]:
        return self._catalogue.kinds()

    def has_for_itself(self) -> None:
        self._catalogue.is_kept = True

    def append(self, schema: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        # One JSON document per batch: 150 times faster than executemany, and needs no pyarrow.
        values = ", ".join(f"r ->> {position}" for position in range(len(columns)))
        insert = (
            f"INSERT INTO {self.name(schema, table)} ({', '.join(map(self.quote, columns))})"
            f" SELECT {values} FROM (SELECT unnest(from_json(?, '[\"json\"]')) AS r)"
        )
        for start in range(0, len(rows), ROWS_PER_INSERT):
            self._fetch(insert, [_json(rows[start : start + ROWS_PER_INSERT])])
        return len(rows)

    def create(self, schema: str, table: str, select: str, kind: Kind, replacing: Kind | None) -> int | None:
        if kind != replacing:
            return super().create(schema, table, select, kind, replacing)
        # One statement instead of two, of which each has its price.
        return self.execute(f"CREATE OR REPLACE {kind.upper()} {self.name(schema, table)} AS {select}")

    def borrow(self, other: Engine, schema: str, table: str, columns: Mapping[str, str]) -> str:
        if not isinstance(other, DuckDB) or other.path == ":memory:":
            return super().borrow(other, schema, table, columns)
        if BORROWED not in {name for (name,) in self.fetch("SELECT database_name FROM duckdb_databases()")}:
            file = quote_text(os.path.realpath(other.path), self.dialect)
            self.execute(f"ATTACH {file} AS {BORROWED} (TYPE duckdb, READ_ONLY)")
        return f"{BORROWED}.{self.name(schema, table)}"

    def place(self, alias: str) -> str:
        return f"CAST({alias}.rowid AS VARCHAR)"

    def change_marker(self, schema: str, table: str) -> str:
        return self._blocks.change_marker(self.name(schema, table))

    def growth_marker(self, schema: str, table: str) -> str:
        return self._blocks.growth_marker(self.name(schema, table))

    def only_grew(self, schema: str, table: str, marker: str) -> bool:
        return self._blocks.only_grew(self.name(schema, table), marker)

    def row_hash(self, alias: str) -> str | None:
        return f"hash({alias})"

    def describe(
        self, schema: str, table: str, kind: Kind, description: str, columns: Mapping[str, str]
    ) -> None:
        name = self.name(schema, table)
        comments = {f"{kind.upper()} {name}": description}
        comments |= {f"COLUMN {name}.{self.quote(column)}": text for column, text in columns.items()}
        # In one go: a statement by itself takes twice as long.
        self.execute(
            "; ".join(
                f"COMMENT ON {what} IS {quote_text(text, self.dialect)}" for what, text in comments.items()
            )
        )

    def content_hash(self, query: str) -> str | None:
        return self.measure(query, [])[1]

    def measure(self, query: str, aggregates: Sequence[str]) -> tuple[tuple[Any, ...], str | None]:
        hashed = ("count(*)", f"bit_xor(hash({ROW}))", f"sum(hash({ROW}))")
        row = self.fetch(f"SELECT {', '.join([*aggregates, *hashed])} FROM ({query}) AS {ROW}")[0]
        return row[:-3], ":".join(map(str, row[-3:]))

    def sizes(self) -> dict[tuple[str, str], int]:
        tables = [key for key, kind in self.kinds().items() if kind == "table"]
        return {key: self._bytes_of(*key) for key in tables}

    def _bytes_of(self, schema: str, table: str) -> int:
        # A block that holds the ends of several tables is counted for each of them.
        stored = "FROM pragma_storage_info(?) WHERE persistent AND block_id >= 0"
        blocks_of = f"SELECT block_id {stored} UNION SELECT unnest(additional_block_ids) {stored}"
        ((blocks,),) = self.fetch(f"SELECT count(*) FROM ({blocks_of})", [self.name(schema, table)] * 2)
        return int(blocks) * self._space()[0]

    def size(self) -> int:
        return 0 if self.path == ":memory:" else Path(self.path).stat().st_size

    def _space(self) -> tuple[int, int, int]:
        """Bytes of a block, and how many blocks there are and are free."""
        found: tuple[int, int, int] = self.fetch(
            "SELECT block_size, total_blocks, free_blocks FROM pragma_database_size()"
            " WHERE database_name = current_database()"
        )[0]
        return found

    def compact(self, *, always: bool = False) -> str | None:
        if self.path == ":memory:":
            return None
        remove_left(self.path)
        self._fetch("CHECKPOINT", None)
        block, total, free = self._space()
        if free <= MOST_FREE * total and not always:
            return None
        self.close()
        with open_engine(self.path, read_only=True, wait=self.wait) as reader:
            self.connection = reader.connection  # what Ctrl-C interrupts
            if not self.bounded:
                reader.execute(f"SET memory_limit = '{build_memory(memory.spare())}'")
            return rewrite(reader, ROW_GROUP, (total - free) * block)

    def ibis(self) -> Any:
        from pipeline.system.compat import ibis_duckdb

        self._catalogue.is_kept = False  # whoever has it makes tables without us
        return ibis_duckdb(self.connection)


def build_memory(spare: int) -> str:
    """What a build may use where so many bytes are free, as DuckDB writes it."""
    return f"{int(max(LEAST_MEMORY, spare // 2) * TOLD_MEMORY) >> 20} MiB"


def open_engine(
    url: str,
    *,
    read_only: bool = False,
    wait: float = 5.0,
    memory_limit: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> DuckDB:
    """Open the file of a URL; a new one is made in the format that 1.5 reads.

    Raises:
        ConfigError: DuckDB takes no options.
        TargetError: there is no such file or folder, or it is no DuckDB database.
        DatabaseLockedError: another process still holds the file after `wait` seconds.
    """
    check_options("DuckDB", {}, options)
    path = url.removeprefix("duckdb://") or ":memory:"
    is_there = exists(f"duckdb://{path}")
    if read_only and not is_there:
        raise TargetError(
            f"There is no database at {path}. `aa-pipeline init` makes an empty one,"
            " `aa-pipeline ingest` fills it, `aa-pipeline demo` shows a filled one."
        )
    config = {"memory_limit": memory_limit} if memory_limit else {}
    deadline = time.monotonic() + wait
    while True:
        before = _file_at(path)
        try:
            connection = _connect(path, read_only, config, [] if is_there else [STORAGE])
            if before in (None, _file_at(path)):
                break
            connection.close()  # what was opened has just been replaced: see `duckdb_compact`
        except duckdb.IOException as error:
            if not LOCKED.search(str(error)):
                if DAMAGED.search(str(error)) and _size(path) == 0:
                    raise TargetError(
                        f"{path} is empty: whoever began to make it was stopped, or had no room."
                        " Remove it, and run the command again."
                    ) from error
                if not is_there and _size(path) < HEADERS:
                    Path(path).unlink(missing_ok=True)  # else it would be refused from now on
                raise TargetError(_explained(f"Cannot open {path}: {error}")) from error
            if time.monotonic() >= deadline:
                raise DatabaseLockedError(_locked(path, str(error), wait)) from error
            time.sleep(SECONDS_BETWEEN_TRIES)
        except duckdb.Error as error:
            if OTHERWISE.search(str(error)):
                raise TargetError(
                    f"{path} is open in this process already, to read only or with other settings."
                    " Close that connection first."
                ) from error
            raise TargetError(_explained(f"Cannot open {path}: {error}")) from error
    return DuckDB(connection, path, bounded=memory_limit is not None, wait=wait)


def _file_at(path: str) -> tuple[int, int] | None:
    """Which file has a name now; None if there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 a path as DuckDB takes it
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _size(path: str) -> int:
    """Bytes of a file; more than any has if there is none."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return sys.maxsize


def _connect(
    path: str, read_only: bool, config: dict[str, str], options: Sequence[str]
) -> duckdb.DuckDBPyConnection:
    """Open a file by attaching it, as only so its name and the size of row groups can be chosen.

    Within a process, all who open the same file share it.
    """
    if path == ":memory:":
        return duckdb.connect(config=config)
    file = os.path.realpath(path)
    name = Path(file).name.partition(".")[0]
    name = "analytics" if not name or name.lower() in TAKEN else name.replace('"', '""')
    options = ["TYPE duckdb", "READ_ONLY" if read_only else f"ROW_GROUP_SIZE {ROW_GROUP}", *options]
    quoted = file.replace("'", "''")
    if not read_only and _file_at(f"{file}.wal"):
        _write_log_into_file(quoted, config)
    connection = duckdb.connect(f":memory:{file}", config=config | {"temp_directory": f"{file}.tmp"})
    try:
        connection.execute(f"ATTACH IF NOT EXISTS '{quoted}' AS \"{name}\" ({', '.join(options)})")
    except duckdb.Error as error:
        connection.close()
        if IN_THIS_PROCESS not in str(error):
            raise
        return duckdb.connect(path, read_only=read_only, config=config)  # opened without us
    connection.execute(f'USE "{name}"')
    return connection


def _write_log_into_file(quoted: str, config: dict[str, str]) -> None:
    """Write into a file what a process that was killed has left in the log beside it.

    In an attachment of its own, with row groups of DuckDB's own size: that process may have added a column,
    and with other sizes the log cannot be read, or the table not be appended to (see `schema_change`).
    """
    with duckdb.connect(config=config) as connection:
        try:
            connection.execute(f"ATTACH '{quoted}' AS killed (TYPE duckdb)")
        except duckdb.Error as error:
            if IN_THIS_PROCESS in str(error):
                return  # the log is of somebody who lives
            raise
        connection.execute("CHECKPOINT killed")


def _steps(node: Any) -> Iterator[Step]:
    """The operators of a profile; 1.5 and 2.0 have different names for the same."""
    nodes = node if isinstance(node, list) else [node]
    for found in nodes:
        if operator := found.get("type") or found.get("operator_type"):
            about = found.get("extra_info") or {}
            parts = [about.get(name) for name in ("Table", "Conditions", "Groups", "Filters", "Projections")]
            yield Step(
                operator,
                " ".join(" ".join(part) if isinstance(part, list) else part for part in parts if part),
                found.get("timing", found.get("operator_timing", 0.0)),
                found.get("intermediate_rows", found.get("operator_cardinality", 0)),
                found.get("rows_scanned", found.get("operator_rows_scanned", 0)) if about.get("Table") else 0,
            )
        for name in ("operator", "children"):
            yield from _steps(found.get(name) or [])


def _locked(path: str, message: str, waited: float) -> str:
    holder = HOLDER.search(message)
    by = (
        f"process {holder[2]} ({_program(holder[2]) or Path(holder[1]).name})"
        if holder
        else "another process"
    )
    return (
        f"The database {path} is held by {by}; waited {waited:g} s."
        " Close that program, or try again later with a longer --wait."
    )


def _program(pid: str) -> str:
    """The name of the program that a process runs, where the system tells it.

    Of a script it is the script's, not the interpreter's. Arguments are not shown: they may hold secrets.
    """
    try:
        return Path("/proc", pid, "comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def _explained(message: str) -> str:
    """DuckDB's message in one line, without the one that repeats the statement, and what to do."""
    line = " ".join(message.split("\n\nLINE ")[0].split()).removesuffix(".")
    if FULL.search(line):
        return f"{line}. Make room on that disk and run the command again; what was under way is undone."
    if DAMAGED.search(line):
        return f"{line}. Name another file; or move this one away, and `aa-pipeline restore` a backup."
    if "Permission denied" in line:
        return f"{line}. Choose another place, or ask its owner."
    return line


def _json(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as one JSON document; text that is no valid Unicode loses the bad characters."""
    import orjson

    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS
    try:
        return orjson.dumps(rows, default=str, option=options).decode()
    except TypeError:  # a lone surrogate, or an integer of more than 64 bits
        import math

        finite = [
            [None if isinstance(value, float) and not math.isfinite(value) else value for value in row]
            for row in rows
        ]
        text = json.dumps(finite, default=str, ensure_ascii=False)
        return text.encode("utf-8", "replace").decode()
