"""Cost, from usage to the running totals."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import usd


def same_cost(
    int_usage_costs: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    int_agent_daily_aggregates: ibis.Table,
    fct_agent_costs: ibis.Table,
) -> ibis.Table:
    """Sessions and what has no session cost as much as all days together, and running totals end there."""
    last = fct_agent_costs.group_by("developer_id", "agent_type").agg(
        usd=_.cumulative_cost_usd.argmax(_.date)
    )
    sessionless = _.cost_nano_usd.sum(where=_.session_id.isnull())
    return unequal(
        int_usage_costs=total(int_usage_costs, cost_usd=usd(_.cost_nano_usd.sum())),
        int_sessions_with_costs=total(int_sessions_with_costs, cost_usd=_.session_cost_usd.sum())
        + total(int_usage_costs, cost_usd=usd(sessionless)),
        int_agent_daily_aggregates=total(int_agent_daily_aggregates, cost_usd=_.total_cost_usd.sum()),
        fct_agent_costs=total(fct_agent_costs, cost_usd=_.daily_cost_usd.sum()),
        running_totals=total(last, cost_usd=_.usd.sum()),
    )
