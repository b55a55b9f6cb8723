"""Rows in, rows out: tests of models in memory, without a database or a build.

    from pipeline.testing import rows, run_model

    def test_a_commit_without_an_agent_is_not_counted():
        commits = rows("fct_git_commits", {"commit_hash": "a", "agent_type": "codex"}, {"commit_hash": "b"})
        assert run_model("fct_commits_per_agent", {"fct_git_commits": commits}) == [
            {"agent_type": "codex", "commits": 1},
        ]

A model runs as the SQL that a plan would hold, on DuckDB, and is compiled once however many tests run it.
Models are those that a build finds: what is shipped, plugins, and the project in whose folder the tests run.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import ibis

from pipeline.compile.compiler import Compiler
from pipeline.compile.dialects import native_type
from pipeline.compile.sources import MODELS, SCHEMAS
from pipeline.errors import ModelError, did_you_mean
from pipeline.extensions import with_code
from pipeline.models.operations import as_of
from pipeline.plan.render import AS_OF as INSTANT_OF_THE_RUN

Row = dict[str, Any]

# The instant of the run, and the settings that models take.
SETTINGS: dict[str, Any] = {
    "as_of": dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC),
    "timezone": "UTC",
    "window_days": 90,
    "time_window_seconds": 300,
    "internal_domains": ("example.com",),
    "project_attributes": (),
}

# What a column has that a test leaves out and that may not be NULL.
ANY_INSTANT = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC)
ANYTHING = {"bool": False, "int": 0, "float": 0.0, "decimal": 0, "string": ""}


def rows(table: str, *given: Mapping[str, Any]) -> list[Row]:
    """Whole rows of a table: what a row leaves out is NULL, or a value that does not matter.

    Args:
        table: a model, a seed or a raw table, such as `raw_git_commits`.
        *given: for each row the columns that matter.

    Raises:
        ModelError: there is no such table, or it has no such column.
    """
    columns = columns_of(table)
    for name in (name for row in given for name in row if name not in columns):
        raise ModelError(f"{table} has no column {name}.{did_you_mean(name, columns)}")

    def value(row: Mapping[str, Any], name: str) -> Any:
        kind = columns[name]
        if name in row or kind.nullable:
            return row.get(name)
        if kind.is_timestamp():
            return ANY_INSTANT
        if kind.is_date():
            return ANY_INSTANT.date()
        return next(value for word, value in ANYTHING.items() if str(kind).lstrip("!").startswith(word))

    return [{name: value(row, name) for name in columns} for row in given]


def run_model(
    name: str, tables: Mapping[str, Sequence[Mapping[str, Any]]], *columns: str, **settings: Any
) -> list[Row]:
    """The rows that a model makes, in the order of their values.

    Args:
        name: the model.
        tables: rows of the tables that it reads; they may leave out columns, and a table that is not given
            is empty.
        *columns: those that are wanted; all if none is named.
        **settings: that it takes, where not those of `SETTINGS`: `as_of`, `timezone`, `window_days`,
            `time_window_seconds`, `internal_domains`, `project_attributes`.

    Raises:
        ModelError: there is no such model, it does not read such a table, or it is not what it must be.
    """
    reads = model(name).reads
    for table in tables:
        if table not in reads:
            raise ModelError(f"{name} does not read {table}.{did_you_mean(table, reads)}")
    database = _bench(name, *settled(settings))
    for table in reads:
        fill(database, table, tables.get(table, ()))
    return fetch(database, "EXECUTE model", columns)


class _InMemory(Compiler):
    """Compiles models over tables that lie in no schema."""

    def unbound(self, name: str) -> ibis.Table:
        return ibis.table(
            {key: kind.copy(nullable=True) for key, kind in columns_of(name).items()}, name=name
        )


@cache
def compiler() -> Compiler:
    """Knows all models and contracts."""
    return _InMemory("duckdb", {}, MODELS, SCHEMAS, with_code(Path.cwd()))


def model(name: str) -> Any:
    """A model by its name."""
    graph = compiler().graph
    if name not in graph:
        raise ModelError(f"There is no model {name}.{did_you_mean(name, graph)}")
    return graph[name]


def columns_of(table: str) -> dict[str, Any]:
    """A table's columns and their Ibis types."""
    contracts = compiler().contracts
    if table not in contracts:
        raise ModelError(f"There is no table {table}.{did_you_mean(table, contracts)}")
    return _columns(table)


@cache
def _columns(table: str) -> dict[str, Any]:
    return compiler().contracts[table].columns()


@cache
def sql(name: str, settings: tuple[tuple[str, Any], ...]) -> str:
    """A model as a query of the tables that it names."""
    given = dict(settings)
    found = compiler()
    found.settings = given | {
        "as_of": as_of(),
        "window": ibis.interval(days=given["window_days"]),
        "window_hours": ibis.interval(hours=24 * given["window_days"]),
        "time_window": ibis.interval(seconds=given["time_window_seconds"]),
    }
    return found.select(model(name))


def settled(settings: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """The instant of the run, and the other settings."""
    given = SETTINGS | dict(settings)
    return given.pop("as_of").isoformat(sep=" "), tuple(sorted(given.items()))


def connect() -> duckdb.DuckDBPyConnection:
    """An empty database in memory."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@cache
def _bench(name: str, as_of: str, settings: tuple[tuple[str, Any], ...]) -> duckdb.DuckDBPyConnection:
    """A database with the empty tables that one model reads, and the model prepared."""
    connection = connect()
    for table in model(name).reads:
        create(connection, table)
    connection.execute(f"PREPARE model AS {sql(name, settings).replace(INSTANT_OF_THE_RUN, as_of)}")
    return connection


def create(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make a table, empty."""
    columns = ", ".join(f'"{name}" {native_type(kind, "duckdb")}' for name, kind in columns_of(table).items())
    connection.execute(f"CREATE TABLE {table} ({columns})")


def fill(connection: duckdb.DuckDBPyConnection, table: str, given: Sequence[Mapping[str, Any]]) -> None:
    """Have a table hold these rows and no others."""
    connection.execute(f"DELETE FROM {table}").fetchall()
    if given:
        marks = ", ".join("?" * len(columns_of(table)))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", stored(table, given))


def stored(table: str, given: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Whole rows as a database takes them: what is nested as JSON."""
    return [
        [json.dumps(value) if isinstance(value, dict | list) else value for value in row.values()]
        for row in rows(table, *given)
    ]


def fetch(connection: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a query, of some columns, in a stable order."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    whole = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    chosen = [{name: row[name] for name in columns or names} for row in whole]
    return sorted(chosen, key=lambda row: [(value is None, value) for value in row.values()])
