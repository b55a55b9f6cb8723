"""The shares of a session that its commits have."""

import ibis
from ibis import _

from pipeline.models.conservation import differs


def shares_add_up(
    int_sessions_with_costs: ibis.Table, int_commits_with_agent_context: ibis.Table
) -> ibis.Table:
    """The shares of a session's commits add up to its cost and its tokens."""
    sessions = int_sessions_with_costs.select("session_id", "session_cost_usd", "total_tokens")
    shares = (
        int_commits_with_agent_context.filter(_.agent_session_id.notnull())
        .group_by(session_id="agent_session_id")
        .agg(shares_usd=_.allocated_cost_usd.sum(), shares_tokens=_.allocated_tokens.sum())
    )
    both = shares.inner_join(sessions, "session_id")
    return both.filter(
        differs(both.shares_usd, both.session_cost_usd)
        | differs(both.shares_tokens, both.total_tokens)
        | (both.shares_usd.isnull() != both.session_cost_usd.isnull())
        | (both.shares_tokens.isnull() != both.total_tokens.isnull())
    )
