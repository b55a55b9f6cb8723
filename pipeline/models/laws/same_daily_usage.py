"""Usage, before and after it is added up by day."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import usd


def same_daily_usage(int_usage_costs: ibis.Table, int_agent_daily_aggregates: ibis.Table) -> ibis.Table:
    """All days together have the tokens and the cost of all usage, reported and computed."""
    parts = _.reported_nano_usd.sum().coalesce(0) + _.computed_nano_usd.sum().coalesce(0)
    return unequal(
        total(
            int_usage_costs,
            tokens=_.total_tokens.sum(),
            unpriced_tokens=_.unpriced_tokens.sum(),
            cost_usd=usd(_.cost_nano_usd.sum()),
            reported_and_computed_usd=usd(parts),
        ),
        total(
            int_agent_daily_aggregates,
            tokens=_.total_tokens.sum(),
            unpriced_tokens=_.unpriced_tokens.sum(),
            cost_usd=_.total_cost_usd.sum(),
            reported_and_computed_usd=_.total_cost_usd.sum(),
        ),
    )
