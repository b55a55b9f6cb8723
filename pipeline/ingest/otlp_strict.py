"""Exports that keep to the letter of OTLP's JSON, turned into rows in half the time.

Nearly all do. They are decoded into objects with the fields that we know, which takes no
dictionary per attribute; what is not exactly as declared here is left to `otlp_json`, which reads
anything. Both hand on the same values: a test compares them.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from pipeline.ingest.otlp_json import said, unknown_kind
from pipeline.ingest.otlp_rows import (
    METRIC_TYPES,
    SINGLE_NUMBERS,
    Rows,
    Series,
    Shared,
    series_of,
    severity_of,
)
from pipeline.ingest.otlp_values import int_value
from pipeline.ingest.values import INT64_MAX, INT64_MIN

Int64 = Annotated[int, Meta(ge=INT64_MIN, le=INT64_MAX)]  # larger ones have rules of their own
Number = str | Int64


class AnyValue(Struct, gc=False, forbid_unknown_fields=True):
    """A value; one of the fields is set, or none."""

    stringValue: str | UnsetType = UNSET
    intValue: Number | UnsetType = UNSET
    doubleValue: float | UnsetType = UNSET
    boolValue: bool | UnsetType = UNSET
    bytesValue: str | UnsetType = UNSET
    arrayValue: "ArrayValue | UnsetType" = UNSET
    kvlistValue: "KeyValueList | UnsetType" = UNSET


class ArrayValue(Struct, gc=False):
    values: list[AnyValue] | None = None


class KeyValue(Struct, gc=False):
    key: str
    value: AnyValue


class KeyValueList(Struct, gc=False):
    values: list[KeyValue] | None = None


class Resource(Struct, gc=False):
    attributes: list[KeyValue] | None = None


class Scope(Struct, gc=False):
    name: str | None = None
    version: str | None = None
    attributes: list[KeyValue] | None = None


class LogRecord(Struct, gc=False):
    timeUnixNano: Number | None = None
    observedTimeUnixNano: Number | None = None
    severityText: str | None = None
    severityNumber: Number | None = None
    body: AnyValue | None = None
    attributes: list[KeyValue] | None = None
    eventName: str | None = None
    traceId: str | None = None
    spanId: str | None = None


class ScopeLogs(Struct, gc=False):
    scope: Scope | None = None
    logRecords: list[LogRecord] | None = None


class ResourceLogs(Struct, gc=False):
    resource: Resource | None = None
    scopeLogs: list[ScopeLogs] | None = None


class Point(Struct, gc=False):
    """A point of a metric, of whatever kind."""

    timeUnixNano: Number | None = None
    startTimeUnixNano: Number | None = None
    attributes: list[KeyValue] | None = None
    flags: Int64 | None = None
    asInt: Number | UnsetType = UNSET
    asDouble: float | None = None
    sum: float | None = None
    count: Number | None = None


class Points(Struct, gc=False):
    dataPoints: list[Point] | None = None
    aggregationTemporality: Number | None = None


class Metric(Struct, gc=False):
    """A metric; its points are in one of the last five fields."""

    name: Annotated[str, Meta(min_length=1)]
    unit: str | None = None
    sum: Points | UnsetType = UNSET
    gauge: Points | UnsetType = UNSET
    histogram: Points | UnsetType = UNSET
    exponentialHistogram: Points | UnsetType = UNSET
    summary: Points | UnsetType = UNSET


class ScopeMetrics(Struct, gc=False):
    scope: Scope | None = None
    metrics: list[Metric] | None = None


class ResourceMetrics(Struct, gc=False):
    resource: Resource | None = None
    scopeMetrics: list[ScopeMetrics] | None = None


class Export(Struct, gc=False):
    resourceLogs: list[ResourceLogs] = []
    resourceMetrics: list[ResourceMetrics] = []
    resourceSpans: UnsetType = UNSET


EXPORT = msgspec.json.Decoder(Export)


def read_line(text: bytes, line: int, rows: Rows) -> bool:
    """Read one export, if it is one to the letter; say whether it was."""
    try:
        export = EXPORT.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    if not export.resourceLogs and not export.resourceMetrics:
        return False
    rows.documents += 1
    before = rows.count()
    for resource_logs in export.resourceLogs:
        _read_logs(resource_logs, line, rows)
    for resource_metrics in export.resourceMetrics:
        _read_metrics(resource_metrics, line, rows)
    if rows.count() == before:
        rows.empty += 1
    return True


def _read_logs(resource_logs: ResourceLogs, line: int, rows: Rows) -> None:
    for scope_logs in resource_logs.scopeLogs or ():
        shared = _shared("logs", resource_logs.resource, scope_logs.scope, rows)
        for record in scope_logs.logRecords or ():
            try:
                rows.add_log(
                    shared,
                    record.timeUnixNano,
                    record.observedTimeUnixNano,
                    severity_of(record.severityText, record.severityNumber),
                    None if record.body is None else _value_of(record.body),
                    _attributes_of(record.attributes),
                    record.eventName,
                    record.traceId,
                    record.spanId,
                )
            except ValueError as error:
                rows.put_aside(line, f"log record: {said(error)}")


def _read_metrics(resource_metrics: ResourceMetrics, line: int, rows: Rows) -> None:
    for scope_metrics in resource_metrics.scopeMetrics or ():
        shared = _shared("metrics", resource_metrics.resource, scope_metrics.scope, rows)
        for metric in scope_metrics.metrics or ():
            kinds = {key: getattr(metric, key) for key in METRIC_TYPES}
            key = next((key for key, points in kinds.items() if points is not UNSET), None)
            if key is None:
                rows.put_aside(line, f"metric: {unknown_kind(metric.name)}")
                continue
            points = kinds[key]
            series = series_of(metric.name, metric.unit, key, points.aggregationTemporality)
            for point in points.dataPoints or ():
                try:
                    _read_point(point, series, shared, rows)
                except ValueError as error:
                    rows.put_aside(line, f"point of {metric.name[:80]}: {said(error)}")


def _read_point(point: Point, series: Series, shared: Shared, rows: Rows) -> None:
    if point.flags and point.flags & 1:
        rows.empty += 1
        return
    value: Any = point.sum
    if series.kind in SINGLE_NUMBERS:
        value = point.asDouble if point.asInt is UNSET else point.asInt
    rows.add_point(
        shared,
        series,
        point.timeUnixNano,
        point.startTimeUnixNano,
        value,
        point.count,
        _attributes_of(point.attributes),
    )


def _shared(signal: str, resource: Resource | None, scope: Scope | None, rows: Rows) -> Shared:
    scope = scope or Scope()
    attributes = _attributes_of(resource.attributes) if resource else {}
    return rows.shared(signal, attributes, scope.name, scope.version, _attributes_of(scope.attributes))


def _attributes_of(attributes: list[KeyValue] | None) -> dict[str, Any]:
    # Text and integers spelt out: most of the time of an ingest is spent here.
    return {
        attribute.key: text
        if (text := (value := attribute.value).stringValue) is not UNSET
        else int_value(number)
        if (number := value.intValue) is not UNSET
        else _value_of(value)
        for attribute in attributes or ()
    }


def _value_of(value: AnyValue) -> Any:
    if value.stringValue is not UNSET:
        return value.stringValue
    if value.intValue is not UNSET:
        return int_value(value.intValue)
    if value.doubleValue is not UNSET:
        return value.doubleValue
    if value.boolValue is not UNSET:
        return value.boolValue
    if value.bytesValue is not UNSET:
        return value.bytesValue
    if value.arrayValue is not UNSET:
        return [_value_of(one) for one in value.arrayValue.values or ()]
    if value.kvlistValue is not UNSET:
        return _attributes_of(value.kvlistValue.values)
    return None
