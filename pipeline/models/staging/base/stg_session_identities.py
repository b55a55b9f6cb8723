"""Who a session belongs to: one person, for all of its records."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, most_frequent, stack
from pipeline.models.people import best_named, by_best_name
from pipeline.models.threads import in_their_sessions


def stg_session_identities(
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    stg_metric_activity: ibis.Table,
    stg_session_developers: ibis.Table,
    stg_developer_aliases: ibis.Table,
) -> ibis.Table:
    """One row per session_id: its developer by the best name in it, and its agent as most records name it."""
    all_events = in_their_sessions(stg_log_events, stg_session_threads, stg_thread_events)
    events = all_events.group_by("session_id", "agent_type").agg(
        votes=_.count(), first_at=_.recorded_at.min()
    )
    points = stg_metric_activity.group_by("session_id", "agent_type").agg(
        votes=_.points.sum(), first_at=_.first_at.min()
    )
    votes = stack(events, points).filter(_.session_id.notnull())
    sessions = votes.group_by("session_id").agg(first_at=_.first_at.min())
    agents = most_frequent(votes, "session_id", "agent_type")
    developers = by_best_name(best_named(stg_session_developers), stg_developer_aliases)
    return (
        sessions.left_join(developers, "session_id")
        .drop("session_id_right")
        .left_join(agents, "session_id")
        .select(
            "session_id",
            developer_id=_.developer_id.fill_null(UNKNOWN),
            agent_type=_.agent_type.fill_null(UNKNOWN),
            first_at=_.first_at,
        )
    )
