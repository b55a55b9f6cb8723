"""Metric points of every agent as growth: delta points add up, cumulative ones become increases."""

import ibis
from ibis import _

from pipeline.agents.events import MOST_MEASURED
from pipeline.models.expressions import DECIMAL, is_dated, local_date, stack

# The start time is part of a series: two processes that share a session stay apart by it.
SERIES = [
    *("metric_name", "developer_id", "attributes", "resource_attributes"),
    *("service_name", "service_version", "start_timestamp"),
]


def increases(raw_otel_metrics: ibis.Table) -> ibis.Table:
    """One row per distinct point: by how much it raised its series."""
    # NaN and infinity are larger, too.
    countable = _.metric_value.between(0, MOST_MEASURED) & (_.metric_type.fill_null("sum") != "gauge")
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


def stg_metric_series(raw_otel_metrics: ibis.Table, *, timezone: str) -> ibis.Table:
    """One row per series and day with points: by how much they raised it.

    A series is what has one metric, start time, resource and set of attributes.
    """
    points = increases(raw_otel_metrics)
    return points.group_by(*SERIES, day=local_date(points.timestamp, timezone)).agg(
        value=points.value.sum().cast(DECIMAL),
        points=points.count(),
        first_at=points.timestamp.min(),
        last_at=points.timestamp.max(),
    )
