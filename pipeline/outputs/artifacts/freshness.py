"""`sources.json`: how old the newest rows of raw tables are."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.config import Freshness
from pipeline.outputs.artifacts.ids import metadata, table_id
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


def sources(plan: Plan, ages: Iterable[SourceAge], *, now: dt.datetime, invocation_id: str) -> dict[str, Any]:
    """The whole document."""
    return {
        "metadata": metadata("sources", VERSION, plan, now, invocation_id),
        "results": [_result(age, now) for age in ages],
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
