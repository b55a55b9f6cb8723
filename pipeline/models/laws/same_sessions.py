"""Sessions and how long they took, from staging to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_sessions(
    stg_agent_sessions: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    int_agent_daily_aggregates: ibis.Table,
    fct_daily_agent_usage: ibis.Table,
) -> ibis.Table:
    """There are as many sessions, and they take as long, before and after they are added up to days."""
    seconds = _.duration_seconds.sum()
    single = {"sessions": _.count(), "seconds": seconds, "hours": seconds / 3600}
    seconds = _.total_duration_seconds.sum()
    days = {"sessions": _.total_sessions.sum(), "seconds": seconds, "hours": seconds / 3600}
    mart = days | {"hours": _.total_duration_hours.sum()}
    return unequal(
        stg_agent_sessions=total(stg_agent_sessions, **single),
        int_sessions_with_costs=total(int_sessions_with_costs, **single),
        int_agent_daily_aggregates=total(int_agent_daily_aggregates, **days),
        fct_daily_agent_usage=total(fct_daily_agent_usage, **mart),
    )
