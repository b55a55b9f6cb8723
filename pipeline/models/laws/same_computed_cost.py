"""What usage costs by its price, from usage to sessions."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import usd


def same_computed_cost(int_usage_costs: ibis.Table, int_sessions_with_costs: ibis.Table) -> ibis.Table:
    """The cost that was computed of all usage is that of sessions, with what has none."""
    sessionless = _.computed_nano_usd.sum(where=_.session_id.isnull())
    return unequal(
        int_usage_costs=total(int_usage_costs, cost_usd=usd(_.computed_nano_usd.sum())),
        int_sessions_with_costs=total(int_sessions_with_costs, cost_usd=_.computed_cost_usd.sum())
        + total(int_usage_costs, cost_usd=usd(sessionless)),
    )
