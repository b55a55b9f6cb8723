"""A database of nothing but what `usage` reads."""

import datetime as dt

import pytest
from ibis.backends.sql.datatypes import DuckDBType

from pipeline.engines import connect
from pipeline.testing import stored
from schemas.intermediate import IntUsageCosts
from schemas.seeds import Agents
from schemas.staging import StgAgentSessions

TABLES = {
    "int_usage_costs": ("intermediate", IntUsageCosts),
    "stg_agent_sessions": ("staging", StgAgentSessions),
    "agents": ("staging", Agents),
}
AGENTS = [
    {"agent_type": "claude_code", "agent_display_name": "Claude Code"},
    {"agent_type": "codex", "agent_display_name": "Codex"},
]
KINDS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
DOLLAR = 1_000_000_000


def instant(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def used(at, *tokens, cost=None, session="s1", agent="claude_code", model="claude-opus-4-6", **given):
    """A row of `int_usage_costs`: input, output, written and read tokens, and dollars; None is no price."""
    counts = dict(zip(KINDS, (*tokens, 0, 0, 0, 0), strict=False))
    total, moment = sum(counts.values()), instant(at)
    return counts | {
        "session_id": session,
        "developer_id": "ada@example.com",
        "agent_type": agent,
        "model_name": model,
        "day": moment.date(),
        "hour": moment.replace(minute=0, second=0),
        "total_tokens": total,
        "unpriced_tokens": total if cost is None else 0,
        "request_count": 1,
        "unpriced_requests": 1 if cost is None else 0,
        "first_used_at": moment,
        "last_used_at": moment,
        "cost_nano_usd": None if cost is None else round(cost * DOLLAR),
        **given,
    }


def session(name, at, agent="claude_code", model="claude-opus-4-6", **given):
    """A row of `stg_agent_sessions`."""
    moment = instant(at)
    return {
        "session_id": name,
        "developer_id": "ada@example.com",
        "agent_type": agent,
        "model_name": model,
        "session_start": moment,
        "session_end": moment,
        "session_date": moment.date(),
        **given,
    }


def fill(engine, usage=(), sessions=()):
    """Make the tables with these rows, and the agents."""
    rows = {"int_usage_costs": usage, "stg_agent_sessions": sessions, "agents": AGENTS}
    for table, (schema, contract) in TABLES.items():
        columns = {name: DuckDBType.to_string(kind) for name, kind in contract.columns().items()}
        engine.create_schema(schema)
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        engine.execute(f"CREATE TABLE {engine.name(schema, table)} ({declared})")
        engine.append(schema, table, [*columns], stored(table, list(rows[table])))


@pytest.fixture
def told():
    """A database in memory with rows of usage and sessions."""
    with connect(":memory:") as engine:

        def tell(*usage, sessions=()):
            fill(engine, usage, sessions)
            return engine

        yield tell
