"""Commits with the agent that helped, how that is known, and their share of its session."""

import ibis
from ibis import _

from pipeline.models.commit_evidence import with_evidence
from pipeline.models.expressions import UNKNOWN, later, seconds_between
from pipeline.models.nearest_sessions import nearest_sessions
from pipeline.models.threads import in_their_sessions, naming_sessions


def with_share(commits: ibis.Table) -> ibis.Table:
    """Commits with how many of them share their session; NULL for those that have none."""
    # The commits without a session are a group as well, of which nothing is shared.
    counted = commits.mutate(commits=_.count().over(group_by="agent_session_id"))
    return counted.mutate(commits=ibis.ifelse(_.agent_session_id.isnull(), None, _.commits))


def with_session(commits: ibis.Table, sessions: ibis.Table) -> ibis.Table:
    """Commits with their session's agent, model, end, cost and tokens; NULL where it is not known."""
    session = sessions.select(
        *("session_end", "session_cost_usd", "total_tokens", "duration_seconds"),
        _session="session_id",
        session_agent="agent_type",
        session_model="model_name",
    )
    return commits.left_join(session, commits.agent_session_id == session._session)


def int_commits_with_agent_context(
    stg_git_commits: ibis.Table,
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    stg_commit_marks: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    *,
    time_window: ibis.Value,
) -> ibis.Table:
    """One row per commit_hash.

    `attribution_method` says why a commit counts as assisted: its evidence, else `time_window`, else `none`.
    Its session is found apart from that: the one named, else the nearest. A session's cost and tokens
    are split evenly over its commits, so that sums stay true.
    """
    events = in_their_sessions(stg_log_events, stg_session_threads, stg_thread_events)
    commits = naming_sessions(with_evidence(stg_git_commits, events, stg_commit_marks), stg_session_threads)
    near = nearest_sessions(commits, int_sessions_with_costs, time_window)
    found = (
        commits.left_join(near, "commit_hash")
        .drop("commit_hash_right")
        .mutate(agent_session_id=ibis.coalesce(_.named_session_id, _.near_session_id))
    )
    joined = with_session(with_share(found), int_sessions_with_costs)

    is_assisted = _.evidence.notnull() | _.agent_session_id.notnull()
    lines = _.lines_added + _.lines_deleted
    return joined.mutate(is_agent_assisted=is_assisted).select(
        *("commit_hash", "developer_id", "project_id", "commit_timestamp", "commit_date"),
        *("lines_added", "lines_deleted", "is_agent_assisted"),
        attribution_method=ibis.coalesce(_.evidence, ibis.ifelse(_.is_agent_assisted, "time_window", "none")),
        agent_session_id=_.agent_session_id,
        agent_type=ibis.ifelse(
            _.is_agent_assisted, ibis.coalesce(_.session_agent, _.named_agent, UNKNOWN), None
        ),
        model_name=ibis.ifelse(
            _.is_agent_assisted, ibis.coalesce(_.session_model, _.signed_model, UNKNOWN), None
        ),
        seconds_after_session=later(
            seconds_between(_.session_end, _.commit_timestamp), ibis.ifelse(_._session.notnull(), 0.0, None)
        ),
        commit_size=ibis.cases((lines <= 100, "small"), (lines <= 500, "medium"), else_="large"),
        session_tokens=_.total_tokens,
        session_cost_usd=_.session_cost_usd,
        session_duration_seconds=_.duration_seconds,
        session_commits=_.commits,
        allocated_cost_usd=_.session_cost_usd / _.commits,
        allocated_tokens=_.total_tokens / _.commits,
    )
