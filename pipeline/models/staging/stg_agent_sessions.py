"""Sessions of every agent, from whatever their records tell."""

import ibis
from ibis import _

from pipeline.models.expressions import UNKNOWN, earlier, later, local_date, seconds_between
from pipeline.models.projects import with_project
from pipeline.models.session_facts import event_bounds, event_counts, main_models, metric_totals, named
from pipeline.models.threads import in_their_sessions


def count_of(value: ibis.Value) -> ibis.Value:
    """A count that may be missing, or have been measured as a decimal."""
    return value.fill_null(0).cast("int64")


def stg_agent_sessions(
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    stg_metric_activity: ibis.Table,
    stg_session_identities: ibis.Table,
    stg_usage: ibis.Table,
    projects: ibis.Table,
    *,
    timezone: str,
) -> ibis.Table:
    """One row per session_id.

    It starts with its earliest start event and ends with its latest end event, where they exist and
    nothing was begun after; else with the first and the last record that bears it, events and metrics alike.
    What only started, and of which nothing else is told, is no session.
    """
    told = in_their_sessions(stg_log_events, stg_session_threads, stg_thread_events)
    events = told.filter(_.session_id.notnull())
    points = stg_metric_activity.filter(_.session_id.notnull())
    parts = [
        event_bounds(events),
        event_counts(events),
        metric_totals(points),
        main_models(stg_usage.filter(_.session_id.notnull(), _.takes_tokens)),
        *named(events, points),
    ]
    sessions = stg_session_identities.drop("first_at")
    for part in parts:
        sessions = sessions.left_join(part, "session_id").drop("session_id_right")
    has_end = _.end_event_at.notnull() & (_.end_event_at >= _.last_begun_at).fill_null(True)
    started = ibis.coalesce(_.start_event_at, earlier(_.first_event_at, _.first_point_at))
    bounded = sessions.mutate(has_end_event=has_end, session_start=started).mutate(
        session_end=later(
            ibis.ifelse(_.has_end_event, _.end_event_at, later(_.last_event_at, _.last_point_at)),
            _.session_start,
        ),
        # The metric where there is one, else what events tell; never both.
        has_edit_metric=_.edits_accepted.notnull() | _.edits_rejected.notnull(),
        has_line_metric=_.lines_added.notnull() | _.lines_removed.notnull(),
    )
    happened = _.events_happened.fill_null(0) + _.points_happened.fill_null(0)
    return with_project(bounded.filter(happened > 0), projects).select(
        *("session_id", "developer_id", "agent_type"),
        model_name=ibis.coalesce(_.main_model, _.last_model_name, UNKNOWN),
        session_start=_.session_start,
        session_end=_.session_end,
        duration_seconds=seconds_between(_.session_start, _.session_end),
        has_end_event=_.has_end_event,
        prompts=_.prompts.fill_null(0),
        api_requests=_.api_requests.fill_null(0),
        api_errors=_.api_errors.fill_null(0),
        tool_calls=_.tool_calls.fill_null(0),
        accepted_edits=count_of(ibis.ifelse(_.has_edit_metric, _.edits_accepted, _.decided_accepted)),
        rejected_edits=count_of(ibis.ifelse(_.has_edit_metric, _.edits_rejected, _.decided_rejected)),
        lines_added=count_of(ibis.ifelse(_.has_line_metric, _.lines_added, _.told_added)),
        lines_removed=count_of(ibis.ifelse(_.has_line_metric, _.lines_removed, _.told_removed)),
        active_seconds=_.active_seconds.fill_null(0).cast("float64"),
        client_version=_.last_client_version,
        terminal=_.last_terminal,
        session_date=local_date(_.session_start, timezone),
        project_id=_.project_id,
    )
