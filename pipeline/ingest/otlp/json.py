"""Exports in the JSON form of OTLP, however they were bent, turned into rows.

Encoding: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Producers bend it,
so we read leniently: 64-bit integers as text or numbers, enums as numbers or names, attributes
as lists or plain objects, and unknown fields are ignored. A record that makes no sense is put
aside with a reason, and those around it are read.
"""

from collections.abc import Callable
from typing import Any

from pipeline.ingest.otlp.rows import (
    METRIC_TYPES,
    SINGLE_NUMBERS,
    Rows,
    Series,
    Shared,
    series_of,
    severity_of,
    status_of,
)
from pipeline.ingest.otlp.sdk import as_export
from pipeline.ingest.otlp.values import attributes_of, integer, value_of

NO_RECORDED_VALUE = "NO_RECORDED_VALUE"

# What a record of the wrong shape raises on its way through the code below.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)


def read_document(document: Any, line: int, rows: Rows) -> None:
    """Read one export, a list of them, or one object of a JavaScript SDK."""
    if isinstance(document, list):
        for item in document:
            read_document(item, line, rows)
        return
    try:
        export = as_export(document)
    except MALFORMED as error:
        rows.put_aside(line, f"malformed object of an SDK: {said(error)}")
        return
    if export is None:
        rows.put_aside(line, _unknown(document))
        return
    rows.documents += 1
    before = rows.count()
    readers: tuple[tuple[str, Callable[[Any, int, Rows], None]], ...] = (
        ("resourceLogs", _read_logs),
        ("resourceMetrics", _read_metrics),
        ("resourceSpans", _read_spans),
    )
    for key, reader in readers:
        resources = export.get(key) or []
        if not isinstance(resources, list):
            rows.put_aside(line, f"{key} is not a list")
            continue
        for number, resource in enumerate(resources):
            try:
                reader(resource, line, rows)
            except MALFORMED as error:
                rows.put_aside(line, f"{key}[{number}] is malformed: {said(error)}")
    if rows.count() == before:
        rows.empty += 1


def said(error: BaseException) -> str:
    """An exception as words for a person."""
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if type(error) in (AttributeError, TypeError):
        return "a part of it has the wrong type"
    return str(error)[:200]


def unknown_kind(metric: str) -> str:
    """What is said of a metric whose kind we do not know."""
    return f"{metric[:80]} is of no kind that we know"


def _read_spans(resource_spans: dict[str, Any], line: int, rows: Rows) -> None:
    for scope_spans in resource_spans.get("scopeSpans") or ():
        shared = _shared("spans", resource_spans, scope_spans, rows)
        for span in scope_spans.get("spans") or ():
            try:
                _read_span(span, shared, rows)
            except MALFORMED as error:
                rows.put_aside(line, f"span: {said(error)}")


def _read_span(span: dict[str, Any], shared: Shared, rows: Rows) -> None:
    rows.add_span(
        shared,
        span.get("traceId"),
        span.get("spanId"),
        span.get("parentSpanId"),
        span.get("name"),
        integer(span.get("startTimeUnixNano") or 0),
        integer(span.get("endTimeUnixNano") or 0),
        status_of((span.get("status") or {}).get("code")),
        attributes_of(span.get("attributes")),
    )


def _read_logs(resource_logs: dict[str, Any], line: int, rows: Rows) -> None:
    for scope_logs in resource_logs.get("scopeLogs") or ():
        shared = _shared("logs", resource_logs, scope_logs, rows)
        for record in scope_logs.get("logRecords") or ():
            try:
                _read_log(record, shared, rows)
            except MALFORMED as error:
                rows.put_aside(line, f"log record: {said(error)}")


def _read_log(record: dict[str, Any], shared: Shared, rows: Rows) -> None:
    rows.add_log(
        shared,
        integer(record.get("timeUnixNano") or 0),
        integer(record.get("observedTimeUnixNano") or 0),
        severity_of(record.get("severityText"), record.get("severityNumber")),
        value_of(record.get("body")),
        attributes_of(record.get("attributes")),
        record.get("eventName"),
        record.get("traceId"),
        record.get("spanId"),
    )


def _read_metrics(resource_metrics: dict[str, Any], line: int, rows: Rows) -> None:
    for scope_metrics in resource_metrics.get("scopeMetrics") or ():
        shared = _shared("metrics", resource_metrics, scope_metrics, rows)
        for metric in scope_metrics.get("metrics") or ():
            try:
                _read_metric(metric, line, shared, rows)
            except MALFORMED as error:
                rows.put_aside(line, f"metric: {said(error)}")


def _read_metric(metric: dict[str, Any], line: int, shared: Shared, rows: Rows) -> None:
    name = metric.get("name")
    if not name or not isinstance(name, str):
        raise ValueError("it has no name")
    key = next((key for key in METRIC_TYPES if key in metric), None)
    if key is None:
        raise ValueError(unknown_kind(name))
    data = metric[key]
    series = series_of(name, metric.get("unit"), key, data.get("aggregationTemporality"))
    for point in data.get("dataPoints") or ():
        try:
            _read_point(point, series, shared, rows)
        except MALFORMED as error:
            rows.put_aside(line, f"point of {name[:80]}: {said(error)}")


def _read_point(point: dict[str, Any], series: Series, shared: Shared, rows: Rows) -> None:
    flags = point.get("flags")
    if flags and (NO_RECORDED_VALUE in str(flags) or integer(flags) & 1):
        rows.empty += 1
        return
    value = point.get("sum")
    if series.kind in SINGLE_NUMBERS:
        value = point["asInt"] if "asInt" in point else point.get("asDouble")
    rows.add_point(
        shared,
        series,
        integer(point.get("timeUnixNano") or 0),
        integer(point.get("startTimeUnixNano") or 0),
        None if value is None else float(value),
        None if series.kind in SINGLE_NUMBERS else integer(point.get("count") or 0),
        attributes_of(point.get("attributes")),
    )


def _shared(signal: str, holder: dict[str, Any], inner: dict[str, Any], rows: Rows) -> Shared:
    resource = holder.get("resource") or {}
    scope = inner.get("scope") or {}
    return rows.shared(
        signal,
        attributes_of(resource.get("attributes")),
        scope.get("name"),
        scope.get("version"),
        attributes_of(scope.get("attributes")),
    )


def _unknown(document: Any) -> str:
    wanted = "not an export of logs, metrics or traces"
    if not isinstance(document, dict):
        return f"{wanted}, but a JSON {type(document).__name__}"
    keys = ", ".join(str(key)[:40] for key in list(document)[:5])
    return f"{wanted}: its keys are {keys}"
