"""What projects cost."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN
from pipeline.models.projects import owners
from pipeline.models.splits import costs_by


def fct_costs_by_project(
    int_usage_costs: ibis.Table, int_sessions_with_costs: ibis.Table, projects: ibis.Table
) -> ibis.Table:
    """One row per date, project, agent and model with usage; usage of no project is of `unknown`.

    Usage is of its session's project; without a session, of that which its own records name.
    """
    sessions = int_sessions_with_costs.select(_session="session_id", _project="project_id")
    usage = int_usage_costs.left_join(sessions, int_usage_costs.session_id == sessions._session)
    named = usage.mutate(project_id=ibis.coalesce(_._project, _.project_id, UNKNOWN)).drop("_project")
    given = owners(projects).select("cost_centre", _project="project_id")
    split = named.left_join(given, named.project_id == given._project)
    return costs_by(split.mutate(cost_centre=_.cost_centre.fill_null(UNKNOWN)), "project_id", "cost_centre")
