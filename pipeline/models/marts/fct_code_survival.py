"""What became of the lines that commits added, and whose these were."""

import ibis
from ibis import _

from pipeline.models.expressions import local_date
from pipeline.models.survival_readings import last_readings


def fct_code_survival(
    raw_git_survival: ibis.Table,
    fct_git_commits: ibis.Table,
    projects: ibis.Table,
    *,
    timezone: str,
) -> ibis.Table:
    """One row per project, commit and age that it has reached."""
    commits = fct_git_commits.select(
        *("is_agent_assisted", "agent_type", "developer_id"), _commit="commit_hash"
    )
    readings = last_readings(raw_git_survival, projects)
    known = readings.left_join(commits, readings.commit_hash == commits._commit)
    return known.select(
        *("project_id", "commit_hash", "age"),
        date=local_date(_.arrived_at, timezone),
        origin=ibis.cases(
            (_.is_agent_assisted.isnull(), "unknown"), (_.is_agent_assisted, "agent"), else_="person"
        ),
        agent_type=_.agent_type,
        developer_id=_.developer_id,
        lines_added=_.lines_added,
        lines_alive=_.lines_alive,
        lines_reworked=_.lines_reworked,
        alive_share=_.lines_alive / _.lines_added.nullif(0),
    )
