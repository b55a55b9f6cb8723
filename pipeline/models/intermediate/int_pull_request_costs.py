"""What pull requests have of sessions' cost, to the billionth of a dollar."""

import ibis
from ibis import _

from pipeline.models.expressions import NANO, stack
from pipeline.models.pull_requests import REQUEST, shared


def by_commits(sessions: ibis.Table, context: ibis.Table, request_commits: ibis.Table) -> ibis.Table:
    """Shares by commits: a session's even ones, and of these those of each request that has the commit."""
    made = context.filter(_.agent_session_id.notnull()).select("commit_hash", session_id="agent_session_id")
    own = made.inner_join(sessions.select("session_id", "cost"), "session_id")
    parts = shared(own, "cost", "session_id", "commit_hash").rename(part="share")
    pairs = parts.inner_join(request_commits.select(*REQUEST, "commit_hash"), "commit_hash")
    return shared(pairs, "part", "commit_hash", REQUEST).select(
        "session_id", *REQUEST, cost_method=ibis.literal("commits"), cost_nano_usd="share"
    )


def by_window(sessions: ibis.Table, requests: ibis.Table, window: ibis.Value) -> ibis.Table:
    """Shares of sessions without commits, of the requests of their developer and project.

    Of those that were open then, or were opened at most `window` after the session.
    """
    theirs = requests.filter(_.developer_id.notnull()).select(
        *(*REQUEST, "opened_at", "closed_at"), author="developer_id", project=_.project_id.lower()
    )
    pairs = sessions.inner_join(
        theirs,
        [
            sessions.developer_id == theirs.author,
            sessions.session_project == theirs.project,
            sessions.session_end + window >= theirs.opened_at,
            theirs.closed_at.isnull() | (sessions.session_start <= theirs.closed_at),
        ],
    )
    return shared(pairs, "cost", "session_id", REQUEST).select(
        "session_id", *REQUEST, cost_method=ibis.literal("window"), cost_nano_usd="share"
    )


def int_pull_request_costs(
    stg_pull_requests: ibis.Table,
    stg_pull_request_commits: ibis.Table,
    int_commits_with_agent_context: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    *,
    time_window: ibis.Value,
) -> ibis.Table:
    """One row per session with a cost and request that has a part of it; without a request: the rest.

    A session with commits is shared evenly among these, and what falls on a commit among the requests
    that have it. One without is shared among its developer's requests of its project that were open then.
    """
    sessions = int_sessions_with_costs.filter(_.session_cost_usd.notnull()).select(
        *("session_id", "developer_id", "session_start", "session_end"),
        session_project=_.project_id.lower(),
        cost=(_.session_cost_usd * NANO).round().cast("int64"),
    )
    made = int_commits_with_agent_context.filter(_.agent_session_id.notnull())
    without = sessions.anti_join(made, sessions.session_id == made.agent_session_id)
    parts = stack(
        by_commits(sessions, int_commits_with_agent_context, stg_pull_request_commits),
        by_window(without, stg_pull_requests, time_window),
    )
    shares = parts.group_by("session_id", *REQUEST).agg(
        cost_method=_.cost_method.min(), cost_nano_usd=_.cost_nano_usd.sum()
    )
    attributed = shares.group_by(_session="session_id").agg(attributed=_.cost_nano_usd.sum())
    rest = sessions.left_join(attributed, sessions.session_id == attributed._session)
    left = rest.filter(_.attributed.isnull() | (_.attributed < _.cost)).select(
        "session_id",
        repository=ibis.null("string"),
        number=ibis.null("int64"),
        cost_method=ibis.null("string"),
        cost_nano_usd=_.cost - _.attributed.fill_null(0),
    )
    return stack(shares, left)
