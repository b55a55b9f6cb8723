"""Rows in, rows out: models in memory, alone or from the raw tables up.

A model runs as the SQL that a plan would hold, and is compiled once however many tests run it.
"""

import datetime as dt
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import duckdb
import ibis

from pipeline.compile import dialects
from pipeline.compile.contracts import contracts_of
from pipeline.compile.graph import discover
from pipeline.models.commit_marks import signed
from pipeline.models.operations import as_of
from pipeline.plan.render import AS_OF as INSTANT_OF_THE_RUN
from schemas.base import Contract

UTC = dt.UTC
AS_OF = dt.datetime(2026, 3, 31, 12, tzinfo=UTC)
SETTINGS = {
    "as_of": AS_OF,
    "timezone": "UTC",
    "window_days": 90,
    "time_window_seconds": 300,
    "internal_domains": ("example.com",),
}


models = cache(discover)


@cache
def contracts() -> dict[str, type[Contract]]:
    """Every contract by its table's name."""
    return contracts_of()


@cache
def columns_of(table: str) -> dict[str, Any]:
    """A table's columns and their Ibis types."""
    return contracts()[table].columns()


def at(text: str) -> dt.datetime:
    """An instant of UTC: "2026-03-10 09:00", or a time of that day."""
    day, _, clock = text.rpartition(" ")
    return dt.datetime.fromisoformat(f"{day or '2026-03-10'} {clock}").replace(tzinfo=UTC)


def typed(table: str, rows: list[dict[str, Any]]) -> list[list[Any]]:
    """Partial rows as whole ones: what a row leaves out is NULL, or a value that does not matter."""
    columns = columns_of(table)
    unknown = {name for row in rows for name in row} - set(columns)
    assert not unknown, f"{table} has no {unknown}"
    defaults = {"bool": False, "int": 0, "float": 0.0, "decimal": 0, "string": ""}

    def value(row: dict[str, Any], name: str) -> Any:
        dtype, given = columns[name], row.get(name)
        if isinstance(given, dict | list):
            return json.dumps(given)
        if name in row or dtype.nullable:
            return given
        if dtype.is_timestamp():
            return at("09:00")
        if dtype.is_date():
            return dt.date(2026, 3, 10)
        return next(default for kind, default in defaults.items() if str(dtype).lstrip("!").startswith(kind))

    return [[value(row, name) for name in columns] for row in rows]


def log(clock: str, event: str | None = None, **given: Any) -> dict[str, Any]:
    """A row of raw.otel_logs; keywords that are no columns are attributes, `__` for a dot."""
    columns = columns_of("raw_otel_logs")
    attributes = {key.replace("__", "."): value for key, value in given.items() if key not in columns}
    return {
        "timestamp": at(clock),
        "body": event,
        "attributes": attributes,
        **{key: value for key, value in given.items() if key in columns},
    }


def span(clock: str, name: str, **given: Any) -> dict[str, Any]:
    """A row of raw.otel_spans, by its end; keywords that are no columns are attributes, `__` for a dot."""
    columns = columns_of("raw_otel_spans")
    attributes = {key.replace("__", "."): value for key, value in given.items() if key not in columns}
    return {
        "start_timestamp": at(clock) - dt.timedelta(seconds=5),
        "end_timestamp": at(clock),
        "name": name,
        "attributes": attributes,
        **{key: value for key, value in given.items() if key in columns},
    }


def point(clock: str, metric: str, value: float, **given: Any) -> dict[str, Any]:
    """A row of raw.otel_metrics; keywords that are no columns are attributes, `__` for a dot."""
    columns = columns_of("raw_otel_metrics")
    attributes = {key.replace("__", "."): value for key, value in given.items() if key not in columns}
    return {
        "timestamp": at(clock),
        "metric_name": metric,
        "metric_value": value,
        "attributes": attributes,
        **{key: value for key, value in given.items() if key in columns},
    }


def request(clock: str, session: str | None = "s1", **given: Any) -> dict[str, Any]:
    """A request event of Claude Code, of 1,000 input and 100 output tokens unless said otherwise."""
    usual = {"model": "claude-sonnet-4-5", "input_tokens": 1000, "output_tokens": 100}
    named = {"session__id": session} if session else {}
    return log(clock, "claude_code.api_request", event__name="api_request", **named, **usual | given)


def price(model: str = "claude-sonnet-4-5", **given: Any) -> dict[str, Any]:
    """A price of 3 $ per million input, 15 $ output, 3.75 $ and 6 $ cache writes, 0.30 $ cache reads."""
    return {
        "model": model,
        "speed": "normal",
        "above_input_tokens": 0,
        "valid_from": dt.date(2020, 1, 1),
        "input_usd": 3.0,
        "output_usd": 15.0,
        "cache_write_5m_usd": 3.75,
        "cache_write_1h_usd": 6.0,
        "cache_read_usd": 0.3,
        "price_source": "test",
    } | given


AGENTS = [
    {
        "agent_type": name,
        "agent_display_name": name.replace("_", " ").title(),
        "vendor": vendor,
        "interface_type": kind,
    }
    for name, vendor, kind in (
        ("claude_code", "Anthropic", "cli"),
        ("codex", "OpenAI", "cli"),
        ("gemini_cli", "Google", "cli"),
        ("github_copilot", "GitHub", "ide"),
        ("opencode", "SST", "cli"),
        ("qwen_code", "Alibaba", "cli"),
    )
]
ALIASES = [
    {"alias": "claude_code_desktop", "agent_type": "claude_code"},
    {"alias": "codex_cli_rs", "agent_type": "codex"},
    {"alias": "copilot_chat", "agent_type": "github_copilot"},
    {"alias": "copilot", "agent_type": "github_copilot"},
]


SEEDS = {
    "price_factors": [],
    "tool_prices": [],
    "agents": AGENTS,
    "agent_aliases": ALIASES,
    "identities": [],
    "commit_marks": [],
    "model_prices": [price()],
}


@cache
def sql(name: str, settings: tuple[tuple[str, Any], ...]) -> str:
    """A model as a query of the tables that it names, its columns cast as its contract says."""
    model, given = models()[name], dict(settings)
    given |= {
        "as_of": as_of(),
        "window": ibis.interval(days=given["window_days"]),
        "window_hours": ibis.interval(hours=24 * given["window_days"]),
        "time_window": ibis.interval(seconds=given["time_window_seconds"]),
    }
    upstreams = [
        ibis.table({key: kind.copy(nullable=True) for key, kind in columns_of(table).items()}, name=table)
        for table in model.upstreams
    ]
    expression = model.function(*upstreams, **{key: given[key] for key in model.settings})
    query = dialects.text(dialects.query(expression, "duckdb"), "duckdb")
    columns = ", ".join(
        f"CAST({key} AS {dialects.native_type(kind, 'duckdb')}) AS {key}"
        for key, kind in columns_of(name).items()
    )
    return f"SELECT {columns} FROM ({query})"


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def create(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = ", ".join(
        f"{name} {dialects.native_type(kind, 'duckdb')}" for name, kind in columns_of(table).items()
    )
    connection.execute(f"CREATE TABLE {table} ({columns})")


def fill(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    connection.execute(f"DELETE FROM {table}").fetchall()
    if rows:
        marks = ", ".join("?" * len(columns_of(table)))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", typed(table, rows))


def settled(settings: dict[str, Any]) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """The instant of the run, and the other settings."""
    given = SETTINGS | settings
    return given.pop("as_of").isoformat(sep=" "), tuple(sorted(given.items()))


class Warehouse:
    """Every model built in memory from raw rows, or from those of models; asked by table name."""

    def __init__(self, **tables: Any) -> None:
        self.as_of, self.settings = settled(tables.pop("settings", {}))
        self.given = SEEDS | tables
        self.connection = connect()
        self.built: set[str] = set()

    def build(self, name: str) -> None:
        """Make a table, and all that it needs before."""
        if name in self.built:
            return
        self.built.add(name)
        if name not in models() or name in self.given:
            create(self.connection, name)
            fill(self.connection, name, self.given.get(name, []))
            return
        for upstream in models()[name].upstreams:
            self.build(upstream)
        query = sql(name, self.settings).replace(INSTANT_OF_THE_RUN, self.as_of)
        self.connection.execute(f"CREATE TABLE {name} AS {query}").fetchall()

    def rows(self, name: str, *columns: str) -> list[dict[str, Any]]:
        """Rows of a table, of some columns, in a stable order."""
        self.build(name)
        return fetch(self.connection, f"SELECT * FROM {name}", columns)

    def row(self, name: str, *columns: str) -> dict[str, Any]:
        """The only row of a table."""
        (only,) = self.rows(name, *columns)
        return only


def fetch(connection: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    whole = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    chosen = [{name: row[name] for name in columns or names} for row in whole]
    return sorted(chosen, key=lambda row: [(value is None, value) for value in row.values()])


@cache
def bench(name: str, as_of: str, settings: tuple[tuple[str, Any], ...]) -> duckdb.DuckDBPyConnection:
    """A database with the empty upstream tables of one model, and the model prepared."""
    connection = connect()
    for upstream in models()[name].upstreams:
        create(connection, upstream)
    connection.execute(f"PREPARE model AS {sql(name, settings).replace(INSTANT_OF_THE_RUN, as_of)}")
    return connection


def rows(name: str, tables: dict[str, Any], *columns: str, **settings: Any) -> list[dict[str, Any]]:
    """The rows that one model makes of its upstream rows; what is not given is empty."""
    connection = bench(name, *settled(settings))
    upstreams = models()[name].upstreams
    assert set(tables) <= set(upstreams), f"{name} does not read {set(tables) - set(upstreams)}"
    for upstream in upstreams:
        fill(connection, upstream, tables.get(upstream, SEEDS.get(upstream, [])))
    return fetch(connection, "EXECUTE model", columns)


def signs(commits: Sequence[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    """The agent and the model that the marks of each commit name, in the order of the commits."""
    connection = connect()
    tables = {}
    for table, given in {"stg_git_commits": commits, "commit_marks": []}.items():
        create(connection, table)
        fill(connection, table, [{"commit_hash": str(n), **row} for n, row in enumerate(given)])
        tables[table] = ibis.table(columns_of(table), name=table)
    query = dialects.text(dialects.query(signed(*tables.values()), "duckdb"), "duckdb")
    found = fetch(connection, query, ())
    by_number = sorted(found, key=lambda row: int(row["commit_hash"]))
    return [(row["signing_agent"], row["signed_model"]) for row in by_number]
