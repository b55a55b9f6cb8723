"""Records and seeds for tests of models; and all models in memory, from the raw tables up."""

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import Any

import ibis

from pipeline.compile import dialects
from pipeline.compile.contracts import contracts_of
from pipeline.compile.graph import discover
from pipeline.models.commit_marks import signed
from pipeline.plan.render import AS_OF as INSTANT_OF_THE_RUN
from pipeline.testing import SETTINGS, columns_of, connect, create, fetch, fill, run_model, settled, sql
from schemas.base import Contract

UTC = dt.UTC
AS_OF = SETTINGS["as_of"]
models = cache(discover)


@cache
def contracts() -> dict[str, type[Contract]]:
    """Every contract by its table's name."""
    return contracts_of()


def at(text: str) -> dt.datetime:
    """An instant of UTC: "2026-03-10 09:00", or a time of that day."""
    day, _, clock = text.rpartition(" ")
    return dt.datetime.fromisoformat(f"{day or '2026-03-10'} {clock}").replace(tzinfo=UTC)


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
    "projects": [],
    "seat_prices": [],
    "seats": [],
    "teams": [],
    "commit_marks": [],
    "model_prices": [price()],
}


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


def rows(name: str, tables: dict[str, Any], *columns: str, **settings: Any) -> list[dict[str, Any]]:
    """The rows that one model makes of its upstream rows; of seeds, those of every test if none are given."""
    usual = {table: SEEDS[table] for table in models()[name].upstreams if table in SEEDS}
    return run_model(name, usual | tables, *columns, **settings)


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
