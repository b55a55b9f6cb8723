"""Edits that were accepted and rejected, from sessions to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_edits(
    stg_agent_sessions: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    int_agent_daily_aggregates: ibis.Table,
    fct_daily_agent_usage: ibis.Table,
) -> ibis.Table:
    """The edits accepted and rejected in sessions are those of all days."""
    sessions = {"accepted": _.accepted_edits.sum(), "rejected": _.rejected_edits.sum()}
    days = {"accepted": _.edits_accepted.sum(), "rejected": _.edits_rejected.sum()}
    return unequal(
        stg_agent_sessions=total(stg_agent_sessions, **sessions),
        int_sessions_with_costs=total(int_sessions_with_costs, **sessions),
        int_agent_daily_aggregates=total(int_agent_daily_aggregates, **days),
        fct_daily_agent_usage=total(fct_daily_agent_usage, **days),
    )
