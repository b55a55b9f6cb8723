"""Commits with the agent that helped, how that is known, and their share of its session."""

import ibis
from ibis import _

from pipeline.models.commit_marks import signing_agent
from pipeline.models.expressions import (
    UNKNOWN,
    canonical_agent,
    later,
    local_date,
    once,
    seconds_between,
    stack,
)

# git-ai's notes (refs/notes/ai) name the agent's own conversation.
NOTE_SESSION = '"agent_id"[^}]*"id" *: *"([^"]+)"'
NOTE_AGENT = '"agent_id"[^}]*"tool" *: *"([^"]+)"'
# Tool results may abbreviate a commit's hash.
SHORT = 7
DAY_SECONDS = 24 * 60 * 60


def linked_sessions(commits: ibis.Table, events: ibis.Table) -> ibis.Table:
    """One row per commit that a tool result names: the session that did so first."""
    results = events.filter(_.session_id.notnull(), _.git_commit_id.length() >= SHORT)
    named = results.group_by("git_commit_id", "session_id").agg(at=_.recorded_at.min())
    pairs = commits.inner_join(
        named,
        [
            commits.commit_hash.left(SHORT) == named.git_commit_id.left(SHORT),
            commits.commit_hash.startswith(named.git_commit_id),
        ],
    )
    first = ibis.row_number().over(group_by="commit_hash", order_by=[pairs["at"], pairs.session_id])
    return pairs.mutate(rank=first).filter(_.rank == 0).select("commit_hash", link_session_id=_.session_id)


def with_evidence(commits: ibis.Table, events: ibis.Table) -> ibis.Table:
    """Commits with how they are known to be assisted, and the session and agent that are named."""
    linked = commits.left_join(linked_sessions(commits, events), "commit_hash").drop("commit_hash_right")
    noted = linked.mutate(
        note_session_id=_.notes.re_extract(NOTE_SESSION, 1).nullif(""),
        note_agent=canonical_agent(_.notes.re_extract(NOTE_AGENT, 1)),
        signing_agent=once(signing_agent(_.author_email, _.commit_message)),
    )
    return noted.mutate(
        evidence=ibis.cases(
            (_.agent_assisted | _.agent_session_id.notnull(), "explicit"),
            (_.link_session_id.notnull() | _.note_session_id.notnull(), "commit_link"),
            (_.signing_agent.notnull(), "trailer"),
        ),
        named_session_id=ibis.coalesce(_.agent_session_id, _.link_session_id, _.note_session_id),
        named_agent=ibis.coalesce(_.agent_type, _.note_agent, _.signing_agent),
    )


def candidates(commits: ibis.Table, sessions: ibis.Table, window: int) -> ibis.Table:
    """Commits with each session of their developer that was active, or ended at most `window` seconds before.

    Where the commit's agent is known, only that agent's sessions count.
    """
    near = sessions.select(
        *("developer_id", "session_start", "session_end"),
        near_session_id=sessions.session_id,
        near_agent=sessions.agent_type,
        start_day=local_date(sessions.session_start, "UTC"),
    )
    # A short session is near only on the day of its start and the next: what is looked for by day is
    # found at once, where every commit would else be held against every session of its developer.
    is_short = seconds_between(near.session_start, near.session_end) <= DAY_SECONDS - window
    short = near.filter(is_short)
    by_day = stack(short, short.mutate(start_day=(_.start_day + ibis.interval(days=1)).cast("date")))
    known = commits.mutate(commit_day=local_date(_.commit_timestamp, "UTC"))

    def meeting(some: ibis.Table, *same: object) -> ibis.Table:
        return known.inner_join(
            some,
            [
                "developer_id",
                *same,
                known.commit_timestamp >= some.session_start,
                known.commit_timestamp <= some.session_end + ibis.interval(seconds=window),
                known.named_agent.isnull() | (known.named_agent == some.near_agent),
            ],
        ).select("commit_hash", "commit_timestamp", "session_start", "session_end", "near_session_id")

    return stack(meeting(by_day, known.commit_day == by_day.start_day), meeting(near.filter(~is_short)))


def nearest_sessions(commits: ibis.Table, sessions: ibis.Table, window: int) -> ibis.Table:
    """One row per commit: the session of its developer that was active, or ended last before it.

    Active is 0 seconds away; ties go to the latest start, then the session id. Nobody is the
    developer `unknown`.
    """
    pairs = candidates(commits.filter(_.developer_id != UNKNOWN), sessions, window)
    away = later(seconds_between(pairs.session_end, pairs.commit_timestamp), ibis.literal(0.0))
    nearest = ibis.row_number().over(
        group_by="commit_hash", order_by=[away, pairs.session_start.desc(), pairs.near_session_id]
    )
    return pairs.mutate(rank=nearest).filter(_.rank == 0).select("commit_hash", "near_session_id")


def int_commits_with_agent_context(
    stg_git_commits: ibis.Table,
    stg_log_events: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    *,
    time_window_seconds: int,
) -> ibis.Table:
    """One row per commit_hash.

    `attribution_method` says why a commit counts as assisted: `explicit` (the collector's flag or session),
    `commit_link` (a tool result or a git-ai note names it), `trailer`, `time_window`, else `none`.
    Its session is found apart from that: the one named, else the nearest. A session's cost and tokens
    are split evenly over its commits, so that sums stay true.
    """
    commits = with_evidence(stg_git_commits, stg_log_events)
    near = nearest_sessions(commits, int_sessions_with_costs, time_window_seconds)
    found = commits.left_join(near, "commit_hash").drop("commit_hash_right", "agent_session_id", "agent_type")
    found = found.mutate(agent_session_id=ibis.coalesce(_.named_session_id, _.near_session_id))
    # The commits without a session are a group as well, of which nothing is shared.
    found = found.mutate(commits=_.count().over(group_by="agent_session_id"))
    found = found.mutate(commits=ibis.ifelse(_.agent_session_id.isnull(), None, _.commits))
    session = int_sessions_with_costs.select(
        *("session_end", "session_cost_usd", "total_tokens", "duration_seconds"),
        _session="session_id",
        session_agent="agent_type",
        session_model="model_name",
    )
    joined = found.left_join(session, found.agent_session_id == session._session)
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
        model_name=ibis.ifelse(_.is_agent_assisted, ibis.coalesce(_.session_model, UNKNOWN), None),
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
