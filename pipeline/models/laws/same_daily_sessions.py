"""Sessions, before and after they are added up by day."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_daily_sessions(
    int_sessions_with_costs: ibis.Table, int_agent_daily_aggregates: ibis.Table
) -> ibis.Table:
    """All days together have all sessions, as long as they took, and their edits."""
    return unequal(
        total(
            int_sessions_with_costs,
            sessions=_.count(),
            seconds=_.duration_seconds.sum(),
            accepted_edits=_.accepted_edits.sum(),
            rejected_edits=_.rejected_edits.sum(),
        ),
        total(
            int_agent_daily_aggregates,
            sessions=_.total_sessions.sum(),
            seconds=_.total_duration_seconds.sum(),
            accepted_edits=_.edits_accepted.sum(),
            rejected_edits=_.edits_rejected.sum(),
        ),
    )
