"""Every session with all that it did, and the project, team and cost centre that it was for."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN
from pipeline.models.projects import with_team
from pipeline.models.pull_requests import REQUEST
from pipeline.models.session_facts import COUNTS


def fct_sessions(
    int_sessions_with_costs: ibis.Table,
    int_commits_with_agent_context: ibis.Table,
    stg_pull_request_commits: ibis.Table,
    stg_team_members: ibis.Table,
) -> ibis.Table:
    """One row per session_id. The team is the developer's on the day on which it began.

    `idle_seconds` are those of its duration that are no active time, by the agent's own measure; never
    negative, since typing and working may overlap, and NULL where the agent measured nothing.
    """
    made = int_commits_with_agent_context.filter(_.agent_session_id.notnull())
    commits = made.group_by(_session="agent_session_id").agg(commits=_.count())
    theirs = made.select("commit_hash", _maker="agent_session_id")
    requests = theirs.inner_join(stg_pull_request_commits, "commit_hash").select("_maker", *REQUEST)
    requests = requests.distinct().group_by("_maker").agg(pull_requests=_.count())
    sessions = with_team(int_sessions_with_costs, stg_team_members, "session_date")
    joined = sessions.left_join(commits, sessions.session_id == commits._session)
    joined = joined.left_join(requests, joined.session_id == requests._maker)
    idle = ibis.greatest(_.duration_seconds - _.active_seconds, 0.0)
    return joined.select(
        *("session_id", "developer_id", "agent_type", "model_name"),
        project_id=_.project_id.fill_null(UNKNOWN),
        team=_.team,
        cost_centre=_.cost_centre,
        session_date=_.session_date,
        session_start=_.session_start,
        session_end=_.session_end,
        duration_seconds=_.duration_seconds,
        active_seconds=_.active_seconds,
        idle_seconds=ibis.ifelse(_.active_seconds > 0, idle, None),
        **{name: _[name] for name in COUNTS},
        cost_usd=_.session_cost_usd,
        reported_cost_usd=_.reported_cost_usd,
        computed_cost_usd=_.computed_cost_usd,
        cost_source=_.cost_source,
        commits=_.commits.fill_null(0),
        pull_requests=_.pull_requests.fill_null(0),
    )
