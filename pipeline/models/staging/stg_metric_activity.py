"""Metric points of every agent as activity: delta points add up, cumulative ones become increases."""

import ibis
from ibis import _

from pipeline.models import agents as telemetry
from pipeline.models.expressions import (
    canonical_agent,
    canonical_model,
    is_dated,
    json_columns,
    local_date,
    stack,
    with_agent,
    with_developer,
)

ATTRIBUTES = [*telemetry.CONTEXT, *telemetry.MEASURED, "start_type"]

# The start time is part of a series: two processes that share a session stay apart by it.
SERIES = [
    *("metric_name", "developer_id", "attributes", "resource_attributes"),
    *("service_name", "service_version", "start_timestamp"),
]
# A larger value is a broken exporter's, and would overflow the sums; NaN and infinity are larger too.
MOST = 1e12

DECIMAL = "decimal(38, 9)"

GRAIN = [
    *("day", "metric_name", "measure", "form", "cache_in_input", "agent_type", "session_id"),
    *("developer_id", "developer_email", "model_name", "reported_model", "speed"),
    *("client_version", "terminal"),
]


def increases(raw_otel_metrics: ibis.Table) -> ibis.Table:
    """One row per distinct point: by how much it raised its series."""
    countable = _.metric_value.between(0, MOST) & (_.metric_type.fill_null("sum") != "gauge")
    points = (
        raw_otel_metrics.filter(is_dated(raw_otel_metrics.timestamp), _.metric_name.notnull())
        .select(
            *SERIES,
            "timestamp",
            is_cumulative=(_.temporality == "cumulative").fill_null(False),
            value=ibis.ifelse(countable, _.metric_value, 0.0).cast(DECIMAL),
        )
        .distinct()
    )
    totals = points.filter(points.is_cumulative)
    before = totals.value.lag().over(group_by=SERIES, order_by=[totals.timestamp, totals.value])
    # The first point counts in full; so does one after a drop, which is a reset to zero.
    restarted = before.isnull() | (totals.value < before)
    grown = totals.mutate(value=ibis.ifelse(restarted, totals.value, totals.value - before).cast(DECIMAL))
    # A cumulative point without increase is no activity.
    return stack(points.filter(~points.is_cumulative), grown.filter(grown.value > 0))


def stg_metric_activity(
    raw_otel_metrics: ibis.Table,
    agents: ibis.Table,
    agent_aliases: ibis.Table,
    identities: ibis.Table,
    *,
    timezone: str,
) -> ibis.Table:
    """One row per day, metric, measure, session, developer, agent, model, speed, version and terminal."""
    points = increases(raw_otel_metrics)
    # Attribute texts repeat from point to point; parsed after grouping, each is parsed once.
    series = points.group_by(*SERIES, day=local_date(points.timestamp, timezone)).agg(
        value=points.value.sum().cast(DECIMAL),
        points=points.count(),
        first_at=points.timestamp.min(),
        last_at=points.timestamp.max(),
    )
    series, attributes = json_columns(series, "attributes", ATTRIBUTES)
    series, resource = json_columns(series, "resource_attributes", telemetry.PERSON)
    described = series.select(
        *("day", "metric_name", "value", "points", "first_at", "last_at"),
        namespace=canonical_agent(series.metric_name.re_extract("^([^.]+)[.]", 1)),
        **telemetry.context(series, attributes, resource),
        **telemetry.measured(series.metric_name, attributes),
        start_type=attributes["start_type"],
    )
    # Claude Code's list of agents is a process of its own, and no session.
    sessions = described.filter((described.start_type != "agents_view").fill_null(True))
    known = with_developer(with_agent(sessions, agents, agent_aliases), identities)
    return (
        known.mutate(model_name=canonical_model(known.reported_model))
        .group_by(*GRAIN)
        .agg(
            value=(_.value * _.unit).sum().cast(DECIMAL),
            points=_.points.sum(),
            first_at=_.first_at.min(),
            last_at=_.last_at.max(),
        )
    )
