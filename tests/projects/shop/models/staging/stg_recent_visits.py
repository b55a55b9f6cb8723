"""Visits of the last days."""

import ibis
from ibis import _

MATERIALISE = "view"


def stg_recent_visits(
    raw_visits: ibis.Table, *, as_of: ibis.expr.types.TimestampScalar, window_days: int
) -> ibis.Table:
    """One row per visit since `window_days` days before the run."""
    return raw_visits.filter(_.timestamp >= as_of - ibis.interval(days=window_days)).select(
        visit_id=_.id, visited_at=_.timestamp
    )
