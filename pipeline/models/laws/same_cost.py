"""Cost, from sessions to the running totals."""

import ibis
from ibis import _

from pipeline.models.conservation import differs, side_by_side, total
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
    sums = side_by_side(
        total(int_usage_costs, sessionless=usd(_.cost_nano_usd.sum(where=_.session_id.isnull()))),
        total(int_sessions_with_costs, sessions=_.session_cost_usd.sum()),
        total(int_agent_daily_aggregates, days=_.total_cost_usd.sum()),
        total(fct_agent_costs, costs=_.daily_cost_usd.sum()),
        total(last, cumulative=_.usd.sum()),
    )
    return sums.filter(
        differs(sums.days, sums.sessions + sums.sessionless)
        | differs(sums.days, sums.costs)
        | differs(sums.days, sums.cumulative)
    )
