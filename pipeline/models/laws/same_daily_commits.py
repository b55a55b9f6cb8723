"""Commits that an agent helped with, before and after they are added up by day."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_daily_commits(
    int_commits_with_agent_context: ibis.Table, int_agent_daily_aggregates: ibis.Table
) -> ibis.Table:
    """All days together have all assisted commits, and their lines."""
    assisted = int_commits_with_agent_context.filter(_.is_agent_assisted)
    return unequal(
        total(
            assisted,
            commits=_.count(),
            lines_added=_.lines_added.sum(),
            lines_deleted=_.lines_deleted.sum(),
        ),
        total(
            int_agent_daily_aggregates,
            commits=_.agent_assisted_commits.sum(),
            lines_added=_.agent_assisted_lines_added.sum(),
            lines_deleted=_.agent_assisted_lines_deleted.sum(),
        ),
    )
