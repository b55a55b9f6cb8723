"""Tokens without a price, from usage to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_unpriced_tokens(
    int_usage_costs: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    int_agent_daily_aggregates: ibis.Table,
    fct_daily_agent_usage: ibis.Table,
) -> ibis.Table:
    """The tokens without a price are those of sessions (with what has none), days and mart."""
    tokens = _.unpriced_tokens.sum()
    sessionless = _.unpriced_tokens.sum(where=_.session_id.isnull())
    return unequal(
        int_usage_costs=total(int_usage_costs, tokens=tokens),
        int_sessions_with_costs=total(int_sessions_with_costs, tokens=tokens)
        + total(int_usage_costs, tokens=sessionless),
        int_agent_daily_aggregates=total(int_agent_daily_aggregates, tokens=tokens),
        fct_daily_agent_usage=total(fct_daily_agent_usage, tokens=tokens),
    )
