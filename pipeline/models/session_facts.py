"""What events, metrics and usage tell of a session: one row per session each."""

import ibis
from ibis import _

from pipeline.models import telemetry
from pipeline.models.expressions import stack
from pipeline.models.projects import with_canonical

# What is counted of a session, under the same names in `int_sessions_with_costs` and in the mart.
COUNTS = (
    *("prompts", "api_requests", "api_errors", "tool_calls", "accepted_edits", "rejected_edits"),
    *("lines_added", "lines_removed", "input_tokens", "output_tokens", "cache_creation_tokens"),
    *("cache_read_tokens", "total_tokens", "unpriced_tokens"),
)


def event_bounds(events: ibis.Table) -> ibis.Table:
    """One row per session: first and last event, start and end events, last thing done, what happened."""
    is_start, is_end = _.event.isin(telemetry.STARTS), _.event.isin(telemetry.ENDS)
    return events.group_by("session_id").agg(
        first_event_at=_.recorded_at.min(),
        last_event_at=_.recorded_at.max(),
        start_event_at=_.recorded_at.min(where=is_start),
        end_event_at=_.recorded_at.max(where=is_end),
        # An end before a later start or request is the end of an earlier part of the session.
        last_begun_at=_.recorded_at.max(where=is_start | _.input_tokens.notnull()),
        events_happened=(~(is_start | _.event.isin(telemetry.SETUPS))).fill_null(True).sum(),
    )


def event_counts(events: ibis.Table) -> ibis.Table:
    """One row per session: events by kind. Telemetry and transcript tell the same: the larger counts."""
    is_edit = _.event.isin(telemetry.DECISION_EVENTS) & _.tool_name.isin(telemetry.EDIT_TOOLS)
    by_source = events.group_by("session_id", "source").agg(
        prompts=_.event.isin(telemetry.PROMPTS).sum(),
        api_errors=_.event.isin(telemetry.ERRORS).sum(),
        tool_calls=_.event.isin(telemetry.TOOLS).sum(),
        decided_accepted=(is_edit & (_.decision == "accept")).sum(),
        decided_rejected=(is_edit & (_.decision == "reject")).sum(),
        told_added=_.lines_added.sum(),
        told_removed=_.lines_removed.sum(),
    )
    counts = [name for name in by_source.columns if name not in ("session_id", "source")]
    return by_source.group_by("session_id").agg(**{name: by_source[name].max() for name in counts})


def metric_totals(points: ibis.Table) -> ibis.Table:
    """One row per session: bounds of its metric points, and what they measure."""
    measures = ("edits_accepted", "edits_rejected", "lines_added", "lines_removed", "active_seconds")
    return points.group_by("session_id").agg(
        points_happened=(~_.metric_name.isin(telemetry.SETUP_METRICS)).fill_null(True).sum(),
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


def named(events: ibis.Table, points: ibis.Table) -> list[ibis.Table]:
    """What a session's records name: its project, and what was named last."""
    return [
        best_projects(events, points),
        *(last_named(events, points, name) for name in ("model_name", "client_version", "terminal")),
    ]


def best_projects(events: ibis.Table, points: ibis.Table) -> ibis.Table:
    """One row per session: its project.

    Of those that its records name, `owner/name` comes before a bare name; then the first that was named,
    ties alphabetical. So a session that went on elsewhere is of the repository where it began, and a folder's
    name counts only where nothing tells of a repository.
    """
    named = stack(
        events.group_by("session_id", "project_id").agg(at=_.recorded_at.min()),
        points.group_by("session_id", "project_id").agg(at=_.first_at.min()),
    )
    projects = with_canonical(named).filter(_.project_id.notnull())
    order = [~_.project_id.contains("/"), _.at, _.project_id]
    ranked = projects.mutate(rank=ibis.row_number().over(group_by="session_id", order_by=order))
    return ranked.filter(_.rank == 0).select("session_id", "project_id")


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
