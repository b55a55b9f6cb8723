"""What agents reported that usage cost, from usage to sessions."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import usd


def same_reported_cost(
    stg_agent_token_usage: ibis.Table, int_usage_costs: ibis.Table, int_sessions_with_costs: ibis.Table
) -> ibis.Table:
    """The cost that was reported of all usage is that of sessions, with what has none."""
    reported = _.reported_cost_usd.sum()
    sessionless = _.reported_nano_usd.sum(where=_.session_id.isnull())
    return unequal(
        stg_agent_token_usage=total(stg_agent_token_usage, cost_usd=reported),
        int_usage_costs=total(int_usage_costs, cost_usd=usd(_.reported_nano_usd.sum())),
        int_sessions_with_costs=total(int_sessions_with_costs, cost_usd=reported)
        + total(int_usage_costs, cost_usd=usd(sessionless)),
    )
