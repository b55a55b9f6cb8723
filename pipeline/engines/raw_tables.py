"""The raw tables as their contracts say, and what writing them may take of the machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.config import SOURCES
from pipeline.engines import meta

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

MEMORY = 192  # MiB that DuckDB may use, unless it was given less
MEGABYTES = {"MiB": 1, "GiB": 1 << 10, "TiB": 1 << 20}

# Ibis type of a contract's column → kind of value in `meta.NATIVE`; the others have the same
# name in every engine, but for JSON.
KINDS = {"String": "text", "Int64": "integer", "Float64": "float", "Timestamp": "instant"}
# Where a database would write JSON anew, in an order of its own, it is kept as text.
JSON = {"duckdb": "JSON", "postgres": "JSON", "pyspark": "STRING", "bigquery": "STRING"}


# Long texts that seldom repeat: with zstd a DuckDB file is half as big and sooner written than
# with what DuckDB chooses, and read as fast.
ZSTD = {("otel_logs", "attributes")}


def make_missing_raw_tables(engine: "Engine") -> list[str]:
    """Make the raw tables that are not there, empty; their names."""
    engine.create_schema("raw")
    there = engine.shapes("raw")
    missing = [table for table in SOURCES if table not in there]
    for table in missing:
        make_raw_table(engine, table, None)
    return missing


def make_raw_table(engine: "Engine", table: str, shape: Mapping[str, str] | None) -> None:
    """Make a raw table as its contract says, or add the columns that it lacks.

    Args:
        engine: an open engine with a schema `raw`.
        table: its name, such as otel_logs.
        shape: the columns that are there; None if the table is not.
    """
    from schemas import raw

    contract = getattr(raw, "Raw" + "".join(word.title() for word in table.split("_")))
    native = meta.NATIVE[engine.dialect]
    fields = contract.to_schema().columns
    definitions = {}
    for name, ibis_type in contract.columns().items():
        kind = type(ibis_type).__name__
        is_json = (fields[name].metadata or {}).get("json")
        same = native.get(KINDS.get(kind, ""), kind.upper())
        definitions[name] = JSON[engine.dialect] if is_json else same
        if engine.dialect == "duckdb" and (table, name) in ZSTD:
            definitions[name] += " USING COMPRESSION zstd"
    if shape is None:
        columns = ", ".join(f"{engine.quote(name)} {kind}" for name, kind in definitions.items())
        engine.execute(f"CREATE TABLE {engine.name('raw', table)} ({columns})")
        return
    for name, kind in definitions.items():
        if name not in shape:
            engine.execute(f"ALTER TABLE {engine.name('raw', table)} ADD COLUMN {engine.quote(name)} {kind}")


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
