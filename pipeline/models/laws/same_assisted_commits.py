"""Commits that an agent helped with, and their lines, from commits to the mart of usage."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_assisted_commits(
    int_commits_with_agent_context: ibis.Table,
    int_agent_daily_aggregates: ibis.Table,
    fct_daily_agent_usage: ibis.Table,
) -> ibis.Table:
    """The assisted commits of all days, and their lines, are those of the commits."""
    days = {
        "commits": _.agent_assisted_commits.sum(),
        "lines_added": _.agent_assisted_lines_added.sum(),
        "lines_deleted": _.agent_assisted_lines_deleted.sum(),
    }
    return unequal(
        int_commits_with_agent_context=total(
            int_commits_with_agent_context,
            commits=_.count(where=_.is_agent_assisted),
            lines_added=_.lines_added.sum(where=_.is_agent_assisted),
            lines_deleted=_.lines_deleted.sum(where=_.is_agent_assisted),
        ),
        int_agent_daily_aggregates=total(int_agent_daily_aggregates, **days),
        fct_daily_agent_usage=total(fct_daily_agent_usage, **days),
    )
