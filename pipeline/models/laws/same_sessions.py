"""Sessions, before and after they get their cost."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal

MEASURES = (
    *("duration_seconds", "active_seconds", "prompts", "api_requests", "api_errors", "tool_calls"),
    *("accepted_edits", "rejected_edits", "lines_added", "lines_removed"),
)


def same_sessions(stg_agent_sessions: ibis.Table, int_sessions_with_costs: ibis.Table) -> ibis.Table:
    """Sessions with costs are as many as all sessions, and did as much."""
    measures = {"sessions": _.count()} | {name: _[name].sum() for name in MEASURES}
    return unequal(
        total(stg_agent_sessions, **measures),
        total(int_sessions_with_costs, **measures),
    )
