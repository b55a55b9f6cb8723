"""Metrics of every agent as activity, parsed once, in the pipeline's words."""

import ibis
from ibis import _

from pipeline.models import telemetry
from pipeline.models.expressions import (
    DECIMAL,
    canonical_agent,
    canonical_model,
    json_columns,
    once,
    with_agent,
    with_developer,
)

ATTRIBUTES = [*telemetry.CONTEXT, *telemetry.MEASURED, "start_type"]

GRAIN = [
    *("day", "metric_name", "measure", "form", "cache_in_input", "agent_type", "session_id"),
    *("developer_id", "developer_email", "model_name", "reported_model", "speed"),
    *("client_version", "terminal", "project_id"),
]


def stg_metric_activity(
    stg_metric_series: ibis.Table,
    agents: ibis.Table,
    agent_aliases: ibis.Table,
    identities: ibis.Table,
    *,
    project_attributes: tuple[str, ...],
) -> ibis.Table:
    """One row per day, metric, measure, session, project, developer, agent, model, speed and client."""
    # Attribute texts repeat from point to point; parsed series by series, each is parsed once a day.
    projects = [*telemetry.PROJECT, *project_attributes]
    keys = {
        "attributes": [*ATTRIBUTES, *projects],
        "resource_attributes": [*telemetry.PERSON, *projects],
    }
    series, texts = json_columns(stg_metric_series, keys)
    attributes, resource = texts["attributes"], texts["resource_attributes"]
    series = series.mutate(named_project=once(telemetry.project(attributes, resource, project_attributes)))
    described = series.select(
        *("day", "metric_name", "value", "points", "first_at", "last_at"),
        namespace=canonical_agent(series.metric_name.re_extract("^([^.]+)[.]", 1)),
        **telemetry.context(series, attributes, resource),
        **telemetry.measured(series.metric_name, attributes),
        start_type=attributes["start_type"],
    )
    sessions = described.filter(described.start_type.notin(telemetry.NOT_SESSIONS).fill_null(True))
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
