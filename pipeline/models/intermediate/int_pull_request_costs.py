"""What pull requests have of sessions' cost, to the billionth of a dollar."""

import ibis
from ibis import _

from pipeline.models.expressions import NANO, stack
from pipeline.models.request_costs import PARTS, by_best, by_commits, in_window, named, on_branch
from pipeline.models.threads import in_their_sessions


def int_pull_request_costs(
    stg_pull_requests: ibis.Table,
    stg_pull_request_commits: ibis.Table,
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    int_commits_with_agent_context: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    *,
    time_window: ibis.Value,
) -> ibis.Table:
    """One row per session with a cost and request that has a part of it; without a request: the rest.

    How a session's requests are found is its `cost_method`, the first that finds some; no other adds to it.
    `commits`: a session is shared evenly among its commits, and what falls on one among the requests that
    have it; what falls on commits of no request is the rest. `branch`: evenly among the requests whose
    branches were checked out. `session_link`: among those that it names. `window`, for sessions without
    commits: among its developer's requests of its project that were open then.
    """
    sessions = int_sessions_with_costs.filter(_.session_cost_usd.notnull()).select(
        *("session_id", "developer_id", "session_start", "session_end"),
        session_project=_.project_id.lower(),
        cost=(_.session_cost_usd * NANO).round().cast("int64"),
    )
    made = int_commits_with_agent_context.filter(_.agent_session_id.notnull())
    events = in_their_sessions(stg_log_events, stg_session_threads, stg_thread_events)
    of_commits = by_commits(sessions, made, stg_pull_request_commits)
    others = sessions.anti_join(of_commits, "session_id")
    without = others.anti_join(made, others.session_id == made.agent_session_id)
    parts = stack(
        of_commits.select(*PARTS),
        by_best(
            others,
            on_branch(others, events, stg_pull_requests),
            named(others, events, stg_pull_requests),
            in_window(without, stg_pull_requests, time_window),
        ),
    )
    attributed = parts.group_by(_session="session_id").agg(attributed=_.cost_nano_usd.sum())
    rest = sessions.left_join(attributed, sessions.session_id == attributed._session)
    left = rest.filter(_.attributed.isnull() | (_.attributed < _.cost)).select(
        "session_id",
        repository=ibis.null("string"),
        number=ibis.null("int64"),
        cost_method=ibis.null("string"),
        cost_nano_usd=_.cost - _.attributed.fill_null(0),
    )
    return stack(parts, left)
