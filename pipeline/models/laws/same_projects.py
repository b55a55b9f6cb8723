"""Sessions and commits, before and after they are added up by project."""

import ibis
from ibis import _

from pipeline.models.conservation import side_by_side, total, unequal


def same_projects(
    int_sessions_with_costs: ibis.Table,
    int_commits_with_agent_context: ibis.Table,
    dim_projects: ibis.Table,
) -> ibis.Table:
    """All projects together, `unknown` among them, have all sessions and all commits."""
    return unequal(
        side_by_side(
            total(int_sessions_with_costs, sessions=_.count()),
            total(int_commits_with_agent_context, commits=_.count()),
        ),
        total(dim_projects, sessions=_.sessions.sum(), commits=_.commits.sum()),
    )
