"""The session that a commit most likely comes from, where nothing names one."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, later, local_date, seconds_between, stack

DAY_SECONDS = 24 * 60 * 60


def nearest_sessions(commits: ibis.Table, sessions: ibis.Table, window: ibis.Value) -> ibis.Table:
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


def candidates(commits: ibis.Table, sessions: ibis.Table, window: ibis.Value) -> ibis.Table:
    """Commits with each session of their developer that was active, or ended at most `window` before.

    Where the commit's agent is known, only that agent's sessions count.
    """
    near = sessions.select(
        *("developer_id", "session_start", "session_end"),
        near_session_id=sessions.session_id,
        near_agent=sessions.agent_type,
        start_day=local_date(sessions.session_start, "UTC"),
        near_until=sessions.session_end + window,
    )
    # Short sessions are found by day: else every commit would be held against every session of its developer.
    is_short = seconds_between(near.session_start, near.near_until) <= DAY_SECONDS
    short = near.filter(is_short)
    # A short session is near only on the day of its start and the next.
    by_day = stack(short, short.mutate(start_day=(_.start_day + ibis.interval(days=1)).cast("date")))
    known = commits.select(
        *("commit_hash", "developer_id", "commit_timestamp", "named_agent"),
        commit_day=local_date(_.commit_timestamp, "UTC"),
    )

    def meeting(some: ibis.Table, *same: object) -> ibis.Table:
        return known.inner_join(
            some,
            [
                "developer_id",
                *same,
                known.commit_timestamp >= some.session_start,
                known.commit_timestamp <= some.near_until,
                known.named_agent.isnull() | (known.named_agent == some.near_agent),
            ],
        ).select("commit_hash", "commit_timestamp", "session_start", "session_end", "near_session_id")

    return stack(meeting(by_day, known.commit_day == by_day.start_day), meeting(near.filter(~is_short)))
