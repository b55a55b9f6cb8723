"""The agents that appear in any fact."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, stack


def dim_agents(
    fct_daily_agent_usage: ibis.Table,
    fct_git_commits: ibis.Table,
    fct_seats: ibis.Table,
    fct_tool_usage: ibis.Table,
    agents: ibis.Table,
) -> ibis.Table:
    """One row per agent_type. An agent that the seed does not know shows its own name."""
    seen = stack(
        fct_daily_agent_usage.select("agent_type"),
        fct_git_commits.filter(_.agent_type.notnull()).select("agent_type"),
        fct_seats.select("agent_type"),
        fct_tool_usage.select("agent_type"),
    ).distinct()
    return seen.left_join(agents, "agent_type").select(
        "agent_type",
        agent_display_name=ibis.coalesce(_.agent_display_name, _.agent_type),
        vendor=_.vendor.fill_null(UNKNOWN),
        interface_type=_.interface_type.fill_null(UNKNOWN),
    )
