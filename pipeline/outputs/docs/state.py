"""What a database says of the plan's tables: rows, last build, results of the checks, newest raw row."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.errors import QueryError
from pipeline.outputs.docs.profile import TableProfile, profile
from pipeline.plan import Plan, PlanTable
from pipeline.plan.check_results import CheckResult
from pipeline.run.state import UNTOUCHED

# Columns that say when a raw row arrived or, where none does, when its record happened.
ARRIVED = ("created_at", "timestamp", "commit_timestamp", "date")

LAST_ROWS = """
SELECT table_schema, table_name, row_count, action, started_at FROM (
    SELECT t.table_schema, t.table_name, t.row_count, t.action, r.started_at,
           ROW_NUMBER() OVER (
               PARTITION BY t.table_schema, t.table_name ORDER BY {newest_first}
           ) AS place
    FROM {run_tables} AS t JOIN {runs} AS r ON t.run_id = r.run_id
    WHERE r.status = 'success'{condition}
) AS numbered WHERE place = 1
"""
LAST_RESULTS = """
SELECT * FROM (
    SELECT a.*, ROW_NUMBER() OVER (
               PARTITION BY a.table_name, a.audit ORDER BY {newest_first}
           ) AS place
    FROM {audit_results} AS a JOIN {runs} AS r ON a.run_id = r.run_id
) AS numbered WHERE place = 1
"""
LAST_RUN = "SELECT command, status, started_at, seconds FROM {runs} AS r ORDER BY {newest_first} LIMIT 1"


@dataclass(frozen=True)
class TableState:
    """What is known of one table as it stands; None where it is not known.

    Attributes:
        row_count: its rows, when a run last looked.
        built_at: start of the last run that made it anew.
        newest: of a raw table, when its newest row arrived.
        profile: what it holds, where somebody asked.
    """

    row_count: int | None = None
    built_at: dt.datetime | None = None
    newest: dt.datetime | None = None
    profile: TableProfile | None = None


@dataclass(frozen=True)
class State:
    """What is known of all tables.

    Attributes:
        tables: by the plan's name of the table.
        results: the last of each check, by table and check.
        last_run: command, status, started_at and seconds of the last run of any kind.
        target: where the database is, without secrets.
    """

    tables: dict[str, TableState] = field(default_factory=dict)
    results: dict[tuple[str, str], CheckResult] = field(default_factory=dict)
    last_run: dict[str, Any] | None = None
    target: str | None = None


def read_state(engine: Engine, plan: Plan, *, profiles: bool = False) -> State:
    """What an open database says of the tables of a plan.

    Args:
        engine: an open database.
        plan: the tables.
        profiles: whether to look into each of them, too; else it is a few short queries.
    """
    there = engine.shapes("meta")
    rows: dict[tuple[str, str], Any] = {}
    built: dict[tuple[str, str], Any] = {}
    results: dict[tuple[str, str], CheckResult] = {}
    last_run = None
    if {"runs", "run_tables"} <= there.keys():
        names = {name: engine.name("meta", name) for name in there}
        names["newest_first"] = meta.newest_first("runs", there["runs"], "r")
        untouched = ", ".join(f"'{action}'" for action in UNTOUCHED)
        anew = f" AND t.action NOT IN ({untouched})"
        rows = _by_table(engine.fetch(LAST_ROWS.format(**names, condition="")))
        built = _by_table(engine.fetch(LAST_ROWS.format(**names, condition=anew)))
        last_run = next(iter(engine.fetch_dicts(LAST_RUN.format(**names))), None)
        if "audit_results" in there:
            last = map(CheckResult.of_row, engine.fetch_dicts(LAST_RESULTS.format(**names)))
            results = {(result.table, result.audit): result for result in last}
    tables = {}
    kinds = engine.kinds() if profiles else {}
    for name, table in plan.tables.items():
        stored = table.schema, table.stored_name
        tables[name] = TableState(
            row_count=rows[stored][0] if stored in rows else None,
            built_at=built[stored][2] if stored in built else None,
            newest=newest_row(engine, table) if table.kind == "source" and not table.missing else None,
            profile=_profile(engine, table) if stored in kinds and not table.missing else None,
        )
    return State(tables, results, last_run, engine.url)


def _profile(engine: Engine, table: PlanTable) -> TableProfile | None:
    try:
        return profile(engine, table)
    except QueryError:  # made by an earlier release, with other columns, or not for us to read
        return None


def _by_table(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {(schema, table): tuple(rest) for schema, table, *rest in rows}


def newest_row(engine: Engine, table: PlanTable) -> dt.datetime | None:
    """When the newest row of a raw table arrived; of a day, its first instant; None where there is none."""
    columns = {column.name for column in table.columns}
    found = [engine.quote(name) for name in ARRIVED if name in columns]
    if not found:
        return None
    values = engine.fetch(f"SELECT {', '.join(f'max({name})' for name in found)} FROM {table.relation}")[0]
    newest = next((value for value in values if value is not None), None)
    if isinstance(newest, dt.datetime):
        return newest if newest.tzinfo else newest.replace(tzinfo=dt.UTC)
    return None if newest is None else dt.datetime.combine(newest, dt.time(), dt.UTC)
