"""Input tokens, from usage to the mart."""

import ibis

from pipeline.models.conservation import different_tokens


def same_input_tokens(
    stg_agent_token_usage: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    int_agent_daily_aggregates: ibis.Table,
    fct_daily_agent_usage: ibis.Table,
) -> ibis.Table:
    """The input tokens of all usage are those of sessions (with what has none), days and mart."""
    return different_tokens(
        "input_tokens",
        stg_agent_token_usage,
        int_sessions_with_costs,
        int_agent_daily_aggregates,
        fct_daily_agent_usage,
    )
