"""The projects that sessions and commits are of."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, stack
from pipeline.models.projects import owners

ONE, NONE = ibis.literal(1, "int64"), ibis.literal(0, "int64")


def dim_projects(
    int_sessions_with_costs: ibis.Table,
    int_commits_with_agent_context: ibis.Table,
    fct_costs_by_project: ibis.Table,
    projects: ibis.Table,
) -> ibis.Table:
    """One row per project_id of any session, usage or commit; `unknown` for what no record tells one of."""
    facts = stack(
        int_sessions_with_costs.select("project_id", date="session_date", sessions=ONE, commits=NONE),
        int_commits_with_agent_context.select("project_id", date="commit_date", sessions=NONE, commits=ONE),
        fct_costs_by_project.select("project_id", "date", sessions=NONE, commits=NONE),
    )
    named = facts.mutate(project_id=_.project_id.fill_null(UNKNOWN))
    seen = named.group_by("project_id").agg(
        first_date=_.date.min(), last_date=_.date.max(), sessions=_.sessions.sum(), commits=_.commits.sum()
    )
    return (
        seen.left_join(owners(projects), "project_id")
        .drop("project_id_right")
        .select(
            "project_id",
            owner=_.owner.fill_null(UNKNOWN),
            cost_centre=_.cost_centre.fill_null(UNKNOWN),
            first_date=_.first_date,
            last_date=_.last_date,
            sessions=_.sessions,
            commits=_.commits,
            is_known=_.project_id != UNKNOWN,
        )
    )
