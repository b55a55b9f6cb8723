"""Everything that reports usage, before it is decided what of it counts."""

import ibis
from ibis import _

from pipeline.agents.declaration import GEN_AI_EVENTS, TOKEN_KINDS
from pipeline.models.expressions import UNKNOWN, day_scope, stack
from pipeline.models.people import by_best_name
from pipeline.models.same_responses import with_common_ids
from pipeline.models.threads import in_their_sessions
from pipeline.models.usage_reports import measurements, requests


def stg_usage_records(
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    stg_metric_activity: ibis.Table,
    stg_session_identities: ibis.Table,
    stg_developer_aliases: ibis.Table,
) -> ibis.Table:
    """One row per usage event, and per session (else project), developer, agent, model, speed, day, metric.

    Its developer is the session's; without a session, whoever it names, by the best known name. A record
    that names no agent takes its session's. `scope` is where one form is chosen: a session, or without one an
    agent's developer's day.
    """
    own, of_threads, points = (
        by_best_name(told, stg_developer_aliases)
        for told in (stg_log_events, stg_thread_events, stg_metric_activity)
    )
    events = in_their_sessions(own, stg_session_threads, of_threads)
    records = stack(requests(events), measurements(points))
    session = stg_session_identities.rename(lambda name: f"session_{name}")
    joined = records.left_join(session, records.session_id == session.session_session_id)
    found = joined.mutate(
        developer_id=ibis.coalesce(_.session_developer_id.nullif(UNKNOWN), _.developer_id, UNKNOWN),
        agent_type=ibis.coalesce(_.agent_type, _.session_agent_type, UNKNOWN),
        model_name=_.model_name.fill_null(UNKNOWN),
        session_started_at=ibis.coalesce(_.session_first_at, _.first_at),
    ).select(*records.columns, "session_started_at")
    total = _.input_tokens + _.output_tokens + _.cache_creation_tokens + _.cache_read_tokens
    scope = ibis.ifelse(_.session_id.isnull(), day_scope(_), "session|" + _.session_id)
    return (
        with_common_ids(found)
        .mutate(scope=scope)
        .select(
            *("session_id", "project_id", "developer_id", "agent_type"),
            *("reported_model", "model_name", "speed", "inference_geo", "day", "form"),
            *("source", "request_id", *TOKEN_KINDS),
            total_tokens=total,
            web_search_requests=_.web_search_requests,
            is_free=_.is_free,
            reported_nano_usd=_.reported_nano_usd,
            request_count=_.request_count,
            first_at=_.first_at,
            last_at=_.last_at,
            session_started_at=_.session_started_at,
            is_event=_.form <= GEN_AI_EVENTS,
            scope=_.scope,
            # One column for what is counted once, so that only those requests and scopes are counted anew.
            counted_once_by=ibis.coalesce(_.request_id, _.scope),
        )
    )
