"""Requests that are known one by one, from usage to sessions."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_requests(
    stg_agent_token_usage: ibis.Table,
    stg_agent_sessions: ibis.Table,
    int_usage_costs: ibis.Table,
    int_sessions_with_costs: ibis.Table,
) -> ibis.Table:
    """The requests of all usage are those of sessions, with what has none."""
    sessionless = total(int_usage_costs, requests=_.request_count.sum(where=_.session_id.isnull()))
    return unequal(
        stg_agent_token_usage=total(stg_agent_token_usage, requests=_.request_count.sum()),
        stg_agent_sessions=total(stg_agent_sessions, requests=_.api_requests.sum()) + sessionless,
        int_usage_costs=total(int_usage_costs, requests=_.request_count.sum()),
        int_sessions_with_costs=total(int_sessions_with_costs, requests=_.api_requests.sum()) + sessionless,
    )
