"""Who a session belongs to, for the records of it that do not say."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, most_frequent, stack


def stg_session_identities(stg_log_events: ibis.Table, stg_metric_activity: ibis.Table) -> ibis.Table:
    """One row per session_id: its developer and agent as most of its records name them."""
    named = ["session_id", "developer_id", "agent_type"]
    events = stg_log_events.group_by(*named).agg(votes=_.count(), first_at=_.recorded_at.min())
    points = stg_metric_activity.group_by(*named).agg(votes=_.points.sum(), first_at=_.first_at.min())
    votes = stack(events, points).filter(_.session_id.notnull())
    sessions = votes.group_by("session_id").agg(first_at=_.first_at.min())
    developers = most_frequent(votes, "session_id", "developer_id")
    agents = most_frequent(votes, "session_id", "agent_type")
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
