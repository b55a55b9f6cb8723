"""What was done in sessions, before and after they meet their cost."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal

MEASURES = ("prompts", "api_errors", "tool_calls", "lines_added", "lines_removed", "active_seconds")


def same_activity(stg_agent_sessions: ibis.Table, int_sessions_with_costs: ibis.Table) -> ibis.Table:
    """Sessions with costs have the prompts, errors, tool calls, lines and active seconds of all sessions."""
    measures = {name: _[name].sum() for name in MEASURES}
    return unequal(
        stg_agent_sessions=total(stg_agent_sessions, **measures),
        int_sessions_with_costs=total(int_sessions_with_costs, **measures),
    )
