"""Days, on the way to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal

MEASURES = (
    *("total_sessions", "total_duration_seconds", "total_input_tokens", "total_output_tokens"),
    *("total_cache_creation_tokens", "total_cache_read_tokens", "total_tokens", "unpriced_tokens"),
    *("total_cost_usd", "agent_assisted_commits", "agent_assisted_lines_added"),
    *("agent_assisted_lines_deleted", "edits_accepted", "edits_rejected", "copilot_suggestions"),
    *("copilot_acceptances", "copilot_lines_suggested", "copilot_lines_accepted"),
)


def same_daily_agent_usage(
    int_agent_daily_aggregates: ibis.Table, fct_daily_agent_usage: ibis.Table
) -> ibis.Table:
    """Everything that the days add up to is in the mart as well."""
    measures = {name: _[name].sum() for name in MEASURES}
    return unequal(
        total(int_agent_daily_aggregates, **measures, hours=_.total_duration_seconds.sum() / 3600),
        total(fct_daily_agent_usage, **measures, hours=_.total_duration_hours.sum()),
    )
