"""Marts written by hand: a database of nothing but what the dashboard reads."""

import datetime as dt

from ibis.backends.sql.datatypes import DuckDBType

from pipeline.engines import connect
from schemas.marts import (
    DimAgents,
    DimDevelopers,
    DimSeats,
    FctAgentCosts,
    FctBudgets,
    FctDailyAgentUsage,
    FctGitCommits,
    FctReconciliation,
)

DAY = dt.date(2026, 11, 10)
# What somebody may have called themselves, their project or their change.
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028 \"quoted\" 'x' & {{ x }}"


def usage(date=DAY, developer="ada@example.com", agent="claude_code", model="claude-opus-4-6", **values):
    """A row of `fct_daily_agent_usage`; what is not given is 0, and ratios are NULL."""
    zeros = {
        name: 0
        for name, kind in FctDailyAgentUsage.columns().items()
        if kind.is_numeric() and not kind.nullable
    }
    key = {"date": date, "developer_id": developer, "agent_type": agent, "model_name": model}
    return zeros | {"total_cost_usd": 0.0} | key | values


def commit(number, date=DAY, developer="ada@example.com", agent=None, **values):
    """A row of `fct_git_commits`, assisted if an agent is given."""
    at = dt.datetime.combine(date, dt.time(12), dt.UTC)
    return {
        "commit_hash": f"{number:040x}",
        "commit_message": f"Change {number}",
        "commit_timestamp": at,
        "commit_date": date,
        "commit_hour": 12,
        "commit_day_of_week": 2,
        "files_changed": 1,
        "lines_added": 10,
        "lines_deleted": 0,
        "lines_changed": 10,
        "commit_size": "small",
        "developer_id": developer,
        "project_id": "shop",
        "is_agent_assisted": agent is not None,
        "attribution_method": "trailer" if agent else "none",
        "agent_type": agent,
    } | values


def developer(key, name=None, **values):
    """A row of `dim_developers`."""
    seen = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    return {
        "developer_id": key,
        "developer_name": name or key,
        "developer_email": key if "@" in key else None,
        "developer_type": "internal",
        "first_seen_at": seen,
        "last_seen_at": seen,
        "is_known": key != "unknown",
    } | values


def write_marts(path, **rows):
    """A database file with these rows, in tables of the contracts' columns."""
    with connect(str(path)) as engine:
        fill_marts(engine, **rows)
    return path


def fill_marts(engine, *, usages=(), commits=(), developers=(), agents=(), budgets=(), bills=(), seats=()):
    """The same in an open database."""
    rows = {
        ("mart", FctDailyAgentUsage): usages,
        ("mart", FctGitCommits): commits,
        ("mart", FctAgentCosts): (),
        ("mart", DimDevelopers): developers,
        ("mart", DimAgents): [
            {"agent_type": key, "agent_display_name": name, "vendor": "x", "interface_type": "cli"}
            for key, name in agents
        ],
        ("mart", FctReconciliation): bills,
        ("mart", DimSeats): seats,
        ("mart", FctBudgets): [{"period": "month", "period_start": row["month"], **row} for row in budgets],
    }
    with engine.transaction():
        for (schema, contract), found in rows.items():
            columns = contract.columns()
            types = ", ".join(f'"{name}" {DuckDBType.to_string(kind)}' for name, kind in columns.items())
            engine.create_schema(schema)
            engine.execute(f"CREATE TABLE {schema}.{contract.table()} ({types})")
            if found:
                values = [[row.get(name) for name in columns] for row in found]
                engine.append(schema, contract.table(), list(columns), values)
