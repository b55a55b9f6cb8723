"""Rows in, rows out: models on typed memtables, alone or from the raw tables up."""

import datetime as dt
import inspect
import json
from functools import cache
from typing import Any

import ibis
import pyarrow as pa

import schemas.intermediate
import schemas.marts
import schemas.raw
import schemas.seeds
import schemas.staging
from pipeline.graph import discover
from schemas.base import Contract

UTC = dt.timezone.utc
AS_OF = dt.datetime(2026, 3, 31, 12, tzinfo=UTC)
SETTINGS = {
    "as_of": AS_OF,
    "timezone": "UTC",
    "window_days": 90,
    "time_window_seconds": 300,
    "internal_domains": ("example.com",),
}
MODULES = (schemas.raw, schemas.seeds, schemas.staging, schemas.intermediate, schemas.marts)


@cache
def contracts() -> dict[str, type[Contract]]:
    """Every contract by its table's name."""
    classes = [value for module in MODULES for value in vars(module).values()]
    return {
        value.table(): value
        for value in classes
        if isinstance(value, type) and issubclass(value, Contract) and value is not Contract
    }


def at(text: str) -> dt.datetime:
    """An instant of UTC: "2026-03-10 09:00", or a time of that day."""
    day, _, clock = text.rpartition(" ")
    return dt.datetime.fromisoformat(f"{day or '2026-03-10'} {clock}").replace(tzinfo=UTC)


def memtable(table: str, rows: list[dict[str, Any]]) -> ibis.Table:
    """A typed table of partial rows: what a row leaves out is NULL, or a value that does not matter."""
    columns = contracts()[table].columns()
    unknown = {name for row in rows for name in row} - set(columns)
    assert not unknown, f"{table} has no {unknown}"
    defaults = {"bool": False, "int": 0, "float": 0.0, "string": ""}

    def value(row: dict[str, Any], name: str) -> Any:
        dtype = columns[name]
        given = row.get(name)
        if isinstance(given, dict | list):
            return json.dumps(given)
        if given is not None or dtype.nullable:
            return given
        if dtype.is_timestamp():
            return at("09:00")
        if dtype.is_date():
            return dt.date(2026, 3, 10)
        if dtype.is_decimal():
            return 0
        kind = next(kind for kind in defaults if str(dtype).lstrip("!").startswith(kind))
        return defaults[kind]

    schema = ibis.schema({name: dtype.copy(nullable=True) for name, dtype in columns.items()})
    data = {name: [value(row, name) for row in rows] for name in columns}
    return ibis.memtable(pa.table(data, schema=schema.to_pyarrow()), schema=schema)


def log(clock: str, event: str | None = None, **given: Any) -> dict[str, Any]:
    """A row of raw.otel_logs; keywords that are no columns are attributes, `__` for a dot."""
    columns = contracts()["raw_otel_logs"].columns()
    attributes = {key.replace("__", "."): value for key, value in given.items() if key not in columns}
    return {
        "timestamp": at(clock),
        "body": event,
        "attributes": attributes,
        **{key: value for key, value in given.items() if key in columns},
    }


def point(clock: str, metric: str, value: float, **given: Any) -> dict[str, Any]:
    """A row of raw.otel_metrics; keywords that are no columns are attributes, `__` for a dot."""
    columns = contracts()["raw_otel_metrics"].columns()
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


def call(name: str, tables: dict[str, Any], **settings: Any) -> ibis.Table:
    """The model `name` on tables, each an Ibis table or a list of partial rows."""
    function = discover()[name].function
    parameters = inspect.signature(function).parameters.values()
    seeds = {"agents": AGENTS, "agent_aliases": ALIASES, "identities": [], "model_prices": [price()]}

    def upstream(table: str) -> ibis.Table:
        given = tables.get(table, seeds.get(table, []))
        return memtable(table, given) if isinstance(given, list) else given

    values = SETTINGS | settings
    return function(
        **{p.name: upstream(p.name) for p in parameters if p.kind is not p.KEYWORD_ONLY},
        **{
            p.name: ibis.literal(values[p.name], "timestamp('UTC', 6)")
            if p.name == "as_of"
            else values[p.name]
            for p in parameters
            if p.kind is p.KEYWORD_ONLY
        },
    )


def fetch(table: ibis.Table, *columns: str) -> list[dict[str, Any]]:
    """The rows of a table as dicts, of some columns, in a stable order."""
    chosen = table.select(*columns) if columns else table
    rows = ibis.duckdb.connect().to_pyarrow(chosen).to_pylist()
    return sorted(rows, key=repr)


def rows(name: str, tables: dict[str, Any], *columns: str, **settings: Any) -> list[dict[str, Any]]:
    """The rows that a model makes of its upstream rows."""
    return fetch(call(name, tables, **settings), *columns)


class Warehouse:
    """Every model built in memory from raw rows; asked by table name."""

    def __init__(self, **tables: Any) -> None:
        self.settings = tables.pop("settings", {})
        self.tables = tables
        self.connection = ibis.duckdb.connect()

    def table(self, name: str) -> Any:
        """The table, built with all that it needs."""
        if name not in self.tables and name in (models := discover()):
            for upstream in models[name].upstreams:
                self.table(upstream)
            expression = call(name, self.tables, **self.settings)
            columns = contracts()[name].columns()
            typed = expression.cast({key: dtype.copy(nullable=True) for key, dtype in columns.items()})
            self.tables[name] = self.connection.create_table(name, self.connection.to_pyarrow(typed))
        return self.tables.get(name)

    def rows(self, name: str, *columns: str) -> list[dict[str, Any]]:
        """Rows of a table, of some columns, in a stable order."""
        table = self.table(name)
        table = table.select(*columns) if columns else table
        return sorted(self.connection.to_pyarrow(table).to_pylist(), key=repr)


__all__ = ["AS_OF", "Warehouse", "at", "call", "log", "memtable", "point", "price", "request", "rows"]
