"""The raw tables as their contracts say, and what writing them may take of the machine."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import SOURCES
from pipeline.engines import meta
from pipeline.engines.meta import Shapes

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

MEMORY = 192  # MiB that DuckDB may use, unless it was given less
MEGABYTES = {"MiB": 1, "GiB": 1 << 10, "TiB": 1 << 20}

# Annotation of a contract's column → kind of value in `meta.NATIVE`, or a type that every engine knows.
KINDS = {
    "int": "integer",
    "str": "text",
    "float": "float",
    "UtcTimestamp": "instant",
    "bool": "BOOLEAN",
    "dt.date": "DATE",
}
# Where a database would write JSON anew, in an order of its own, it is kept as text.
JSON = {"duckdb": "JSON", "postgres": "JSON", "pyspark": "STRING", "bigquery": "STRING"}


# Long texts that seldom repeat: with zstd a DuckDB file is half as big and sooner written than
# with what DuckDB chooses, and read as fast.
ZSTD = {("otel_logs", "attributes")}


def make_missing_raw_tables(engine: "Engine") -> list[str]:
    """Make the raw tables that are not there, empty; their names.

    Raises:
        TargetError: a newer release keeps the database.
    """
    meta.refuse_newer(engine, engine.shapes(meta.SCHEMA))
    engine.create_schema("raw")
    there = engine.shapes("raw")
    missing = [table for table in SOURCES if table not in there]
    for table in missing:
        make_raw_table(engine, table)
    return missing


def make_raw_table(engine: "Engine", table: str) -> None:
    """Make a raw table, such as otel_logs, as its contract says; the schema `raw` is there."""
    columns = ", ".join(f"{engine.quote(name)} {kind}" for name, kind in _definitions(engine, table).items())
    engine.execute(f"CREATE TABLE {engine.name('raw', table)} ({columns})")


def complete_raw_tables(engine: "Engine", tables: Iterable[str]) -> None:
    """Add the columns of their contracts that raw tables lack, before the transaction that writes there.

    Args:
        engine: an open engine.
        tables: names of raw tables; those that are not there, or are views, stay so.
    """
    columns = columns_of_contracts()

    def incomplete() -> Shapes:
        there = engine.shapes("raw")
        lack = {
            name: there[name]
            for name in tables
            if name in there and columns[name].keys() - there[name].keys()
        }
        kinds = engine.kinds() if lack else {}
        return {name: shape for name, shape in lack.items() if kinds.get(("raw", name)) == "table"}

    if not incomplete():
        return
    with engine.schema_change():
        for table, shape in incomplete().items():  # another process may have completed some meanwhile
            name = engine.name("raw", table)
            for column, kind in _definitions(engine, table).items():
                if column not in shape:
                    engine.execute(f"ALTER TABLE {name} ADD COLUMN {engine.quote(column)} {kind}")


@cache
def columns_of_contracts() -> Mapping[str, Mapping[str, str]]:
    """Of each raw table the names of its columns and their kinds: json, or one of `KINDS`.

    Out of the text of the contracts: to import them takes longer than most ingests, all of which ask this.
    """
    (folder,) = find_spec("schemas").submodule_search_locations  # type: ignore[union-attr, misc] # a package has places
    classes = ast.parse(Path(folder, "raw.py").read_text(encoding="utf-8")).body
    columns = {
        contract.name: {
            line.target.id: _kind(line)
            for line in contract.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        }
        for contract in classes
        if isinstance(contract, ast.ClassDef)
    }
    return {table: columns[_contract(table)] for table in SOURCES}


def _kind(line: ast.AnnAssign) -> str:
    """The kind of a column that a contract declares: `attributes: str = json_text(description="…")`."""
    assert isinstance(line.value, ast.Call)
    is_json = ast.unparse(line.value.func) == "json_text" or any(
        keyword.arg == "json" and ast.literal_eval(keyword.value) for keyword in line.value.keywords
    )
    return "json" if is_json else KINDS[ast.unparse(line.annotation)]


def _contract(table: str) -> str:
    return "Raw" + "".join(word.title() for word in table.split("_"))


def _definitions(engine: "Engine", table: str) -> dict[str, str]:
    """The columns of a raw table and how the engine declares them."""
    native = {**meta.NATIVE[engine.dialect], "json": JSON[engine.dialect]}
    definitions = {name: native.get(kind, kind) for name, kind in columns_of_contracts()[table].items()}
    if engine.dialect == "duckdb":
        for name in definitions.keys() & {column for of, column in ZSTD if of == table}:
            definitions[name] += " USING COMPRESSION zstd"
    return definitions


@contextmanager
def modest(engine: "Engine") -> Iterator[None]:
    """Keep DuckDB from holding what it writes to a file in memory as well, and to one thread.

    Batches are too small for two threads: these would wait for each other, and take processors from
    the processes that read.
    """
    if engine.dialect != "duckdb" or getattr(engine, "path", None) == ":memory:":
        yield
        return
    ((memory, threads),) = engine.fetch("SELECT current_setting('memory_limit'), current_setting('threads')")
    amount, unit = memory.split()
    if float(amount) * MEGABYTES.get(unit, 0) > MEMORY:
        engine.execute(f"SET memory_limit = '{MEMORY} MiB'")
    engine.execute("SET threads = 1")
    try:
        yield
    finally:
        engine.execute(f"SET memory_limit = '{memory}'")
        engine.execute(f"SET threads = {threads}")
