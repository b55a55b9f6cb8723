"""Sessions of every agent, from whatever their records tell."""

import ibis
from ibis import _

from pipeline.models import telemetry
from pipeline.models.expressions import UNKNOWN, earlier, later, local_date, seconds_between, stack


def count_of(value: ibis.Value) -> ibis.Value:
    """A count that may be missing, or have been measured as a decimal."""
    return value.fill_null(0).cast("int64")


def event_bounds(events: ibis.Table) -> ibis.Table:
    """One row per session: first and last event, start and end events, last thing done."""
    is_start, is_end = _.event.isin(telemetry.STARTS), _.event.isin(telemetry.ENDS)
    return events.group_by("session_id").agg(
        first_event_at=_.recorded_at.min(),
        last_event_at=_.recorded_at.max(),
        start_event_at=_.recorded_at.min(where=is_start),
        end_event_at=_.recorded_at.max(where=is_end),
        # An end before a later start or request is the end of an earlier part of the session.
        last_begun_at=_.recorded_at.max(where=is_start | _.input_tokens.notnull()),
    )


def event_counts(events: ibis.Table) -> ibis.Table:
    """One row per session: events by kind. Telemetry and transcript tell the same: the larger counts."""
    is_edit = (_.event == "tool_decision") & _.tool_name.isin(telemetry.EDIT_TOOLS)
    by_source = events.group_by("session_id", "source").agg(
        prompts=_.event.isin(telemetry.PROMPTS).sum(),
        api_errors=_.event.isin(telemetry.ERRORS).sum(),
        tool_calls=_.event.isin(telemetry.TOOLS).sum(),
        decided_accepted=(is_edit & (_.decision == "accept")).sum(),
        decided_rejected=(is_edit & (_.decision == "reject")).sum(),
    )
    return by_source.group_by("session_id").agg(
        **{
            name: by_source[name].max()
            for name in ("prompts", "api_errors", "tool_calls", "decided_accepted", "decided_rejected")
        }
    )


def metric_totals(points: ibis.Table) -> ibis.Table:
    """One row per session: bounds of its metric points, and what they measure."""
    measures = ("edits_accepted", "edits_rejected", "lines_added", "lines_removed", "active_seconds")
    return points.group_by("session_id").agg(
        first_point_at=_.first_at.min(),
        last_point_at=_.last_at.max(),
        **{name: _.value.sum(where=_.measure == name) for name in measures},
    )


def main_models(usage: ibis.Table) -> ibis.Table:
    """One row per session: the model with most output tokens, then most tokens, then alphabetical."""
    by_model = usage.group_by("session_id", "model_name").agg(
        output=_.output_tokens.sum(), tokens=_.total_tokens.sum(), requests=_.request_count.sum()
    )
    order = [_.output.desc(), _.tokens.desc(), _.model_name]
    ranked = by_model.mutate(rank=ibis.row_number().over(group_by="session_id", order_by=order))
    totals = by_model.group_by("session_id").agg(api_requests=_.requests.sum())
    main = ranked.filter(_.rank == 0, _.tokens > 0).select("session_id", main_model=_.model_name)
    return totals.left_join(main, "session_id").drop("session_id_right")


def last_named(events: ibis.Table, points: ibis.Table, column: str) -> ibis.Table:
    """One row per session: the value of `column` that was named last, ties alphabetical."""
    named = stack(
        events.group_by("session_id", column).agg(at=_.recorded_at.max()),
        points.group_by("session_id", column).agg(at=_.last_at.max()),
    )
    order = [_.at.desc(), _[column]]
    ranked = named.filter(_[column].notnull()).mutate(
        rank=ibis.row_number().over(group_by="session_id", order_by=order)
    )
    return ranked.filter(_.rank == 0).select("session_id", **{f"last_{column}": _[column]})


def stg_agent_sessions(
    stg_log_events: ibis.Table,
    stg_metric_activity: ibis.Table,
    stg_session_identities: ibis.Table,
    stg_usage: ibis.Table,
    *,
    timezone: str,
) -> ibis.Table:
    """One row per session_id.

    It starts with its earliest start event and ends with its latest end event, where they exist and
    nothing was begun after; else with the first and the last record that bears it, events and metrics alike.
    """
    events = stg_log_events.filter(_.session_id.notnull())
    points = stg_metric_activity.filter(_.session_id.notnull())
    parts = [
        event_bounds(events),
        event_counts(events),
        metric_totals(points),
        main_models(stg_usage.filter(_.session_id.notnull(), _.takes_tokens)),
        *(last_named(events, points, name) for name in ("model_name", "client_version", "terminal")),
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
        # The metric where there is one, else the decisions; never both.
        has_edit_metric=_.edits_accepted.notnull() | _.edits_rejected.notnull(),
    )
    return bounded.select(
        "session_id",
        "developer_id",
        "agent_type",
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
        lines_added=count_of(_.lines_added),
        lines_removed=count_of(_.lines_removed),
        active_seconds=_.active_seconds.fill_null(0).cast("float64"),
        client_version=_.last_client_version,
        terminal=_.last_terminal,
        session_date=local_date(_.session_start, timezone),
    )
