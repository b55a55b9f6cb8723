"""`sources.json`: how old the newest rows of raw tables are."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.config import Freshness
from pipeline.engines.base import Engine
from pipeline.outputs.artifacts.ids import metadata, table_id
from pipeline.outputs.docs.state import newest_row
from pipeline.plan import Plan, PlanTable

VERSION = 3


@dataclass(frozen=True)
class SourceAge:
    """A raw table, the newest row in it, and how old that may be.

    Attributes:
        newest: when it arrived; None if there is no row.
        state: pass, warn, error; empty or missing where there is no row to be old.
    """

    table: PlanTable
    newest: dt.datetime | None
    limit: Freshness
    state: str


def source_ages(
    engine: Engine, tables: Iterable[PlanTable], limits: Mapping[str, Freshness], now: dt.datetime
) -> list[SourceAge]:
    """How old the newest row of each raw table is.

    Args:
        engine: an open database.
        tables: raw tables of its plan.
        limits: how old that may be, by the name in the database.
        now: the instant to look from.
    """
    return [_age(engine, table, limits.get(table.stored_name, Freshness()), now) for table in tables]


def _age(engine: Engine, table: PlanTable, limit: Freshness, now: dt.datetime) -> SourceAge:
    newest = None if table.missing else newest_row(engine, table)
    if newest is None:
        state = "missing" if table.missing else "empty"
    elif limit.error_after and now - newest > limit.error_after:
        state = "error"
    elif limit.warn_after and now - newest > limit.warn_after:
        state = "warn"
    else:
        state = "pass"
    return SourceAge(table, newest, limit, state)


def sources(plan: Plan, ages: Iterable[SourceAge], *, now: dt.datetime, invocation_id: str) -> dict[str, Any]:
    """The whole document: of raw tables whose age has a limit, as with dbt; DataHub stumbles over others."""
    limited = [age for age in ages if age.limit.warn_after or age.limit.error_after]
    return {
        "metadata": metadata("sources", VERSION, plan, now, invocation_id),
        "results": [_result(age, now) for age in limited],
        "elapsed_time": 0.0,
    }


def _result(age: SourceAge, now: dt.datetime) -> dict[str, Any]:
    if age.newest is None:
        return {"unique_id": table_id(age.table), "error": f"no rows: {age.state}", "status": "runtime error"}
    return {
        "unique_id": table_id(age.table),
        "max_loaded_at": age.newest.isoformat(),
        "snapshotted_at": now.isoformat(),
        "max_loaded_at_time_ago_in_s": max((now - age.newest).total_seconds(), 0.0),
        "status": age.state,
        "criteria": {
            "warn_after": _limit(age.limit.warn_after),
            "error_after": _limit(age.limit.error_after),
            "filter": None,
        },
        "adapter_response": {},
        "timing": [],
        "thread_id": "main",
        "execution_time": 0.0,
    }


def _limit(limit: dt.timedelta | None) -> dict[str, Any]:
    """A limit in dbt's units, of which minutes are the least."""
    if limit is None:
        return {"count": None, "period": None}
    return {"count": max(1, round(limit.total_seconds() / 60)), "period": "minute"}
