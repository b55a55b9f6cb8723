"""Cost, from days to the mart of usage."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_daily_cost(int_agent_daily_aggregates: ibis.Table, fct_daily_agent_usage: ibis.Table) -> ibis.Table:
    """Daily usage costs in the mart what the days cost."""
    cost = _.total_cost_usd.sum()
    return unequal(
        int_agent_daily_aggregates=total(int_agent_daily_aggregates, cost_usd=cost),
        fct_daily_agent_usage=total(fct_daily_agent_usage, cost_usd=cost),
    )
