"""Objects of the OpenTelemetry SDK for JavaScript, as file exporters write them.

VS Code's and Copilot CLI's file exporters write one object a line; Gemini CLI's `outfile` holds
the same objects pretty-printed. They are no OTLP: attributes are plain objects, times are pairs
of seconds and nanoseconds, private fields have an underscore, and enums count differently.
"""

from typing import Any

OTLP_KEYS = ("resourceLogs", "resourceMetrics", "resourceSpans")
# DataPointType of the JavaScript SDK → where OTLP keeps such points.
POINT_TYPES = ("histogram", "exponentialHistogram", "gauge", "sum")
# AggregationTemporality of the JavaScript SDK starts at 0, that of OTLP at 1.
TEMPORALITIES = {0: 1, 1: 2}
CUMULATIVE = 2
CIRCULAR = "[Circular]"


def as_export(document: Any) -> dict[str, Any] | None:
    """A document as an OTLP export; None if it is neither one nor an object of the SDK."""
    if not isinstance(document, dict):
        return None
    if not document or any(key in document for key in OTLP_KEYS):
        return document
    if _field(document, "hrTime") and "attributes" in document:
        return _log(document)
    if "scopeMetrics" in document:
        return _metrics(document)
    if document.get("type") == "metric" and "dataPoints" in document:
        return _metric_alone(document)
    if "startTime" in document and ("spanId" in document or _context(document)):
        return _span(document)
    return None


def _context(record: dict[str, Any]) -> dict[str, Any]:
    """Where a record stands in a trace."""
    return _object(_field(record, "spanContext"))


def _span(span: dict[str, Any]) -> dict[str, Any]:
    context = _context(span) or span
    parent = _object(span.get("parentSpanContext")).get("spanId", span.get("parentSpanId"))
    found = {
        "traceId": context.get("traceId"),
        "spanId": context.get("spanId"),
        "parentSpanId": parent,
        "name": span.get("name"),
        "startTimeUnixNano": _nanos(span.get("startTime")),
        "endTimeUnixNano": _nanos(span.get("endTime")),
        "status": span.get("status"),
        "attributes": span.get("attributes"),
    }
    scope = span.get("instrumentationScope")
    return {
        "resourceSpans": [{"resource": _resource(span), "scopeSpans": [{"scope": scope, "spans": [found]}]}]
    }


def _log(record: dict[str, Any]) -> dict[str, Any]:
    context = _context(record)
    return {
        "resourceLogs": [
            {
                "resource": _resource(record),
                "scopeLogs": [
                    {
                        "scope": record.get("instrumentationScope"),
                        "logRecords": [
                            {
                                "timeUnixNano": _nanos(_field(record, "hrTime")),
                                "observedTimeUnixNano": _nanos(_field(record, "hrTimeObserved")),
                                "severityText": _field(record, "severityText"),
                                "severityNumber": _field(record, "severityNumber"),
                                "body": _field(record, "body"),
                                "eventName": _field(record, "eventName"),
                                "attributes": record.get("attributes"),
                                "traceId": context.get("traceId"),
                                "spanId": context.get("spanId"),
                            }
                        ],
                    }
                ],
            }
        ]
    }


def _metrics(export: dict[str, Any]) -> dict[str, Any]:
    collected = _collected_at(export)
    scopes = [
        {
            "scope": scope.get("scope"),
            "metrics": [_metric(metric, collected) for metric in scope.get("metrics") or ()],
        }
        for scope in export.get("scopeMetrics") or ()
        if isinstance(scope, dict)
    ]
    return {"resourceMetrics": [{"resource": _resource(export), "scopeMetrics": scopes}]}


def _collected_at(export: dict[str, Any]) -> Any:
    """The end of all points of one collection: the first that is written out.

    Gemini CLI's exporter writes `[Circular]` for an object that it has written before, and all points share
    this one.
    """
    ends = (
        point.get("endTime")
        for scope in export.get("scopeMetrics") or ()
        for metric in _object(scope).get("metrics") or ()
        for point in _object(metric).get("dataPoints") or ()
        if isinstance(point, dict)
    )
    return next((end for end in ends if end != CIRCULAR), None)


def _metric(metric: Any, collected: Any) -> Any:
    if not isinstance(metric, dict):
        return metric
    descriptor = _object(metric.get("descriptor"))
    number = metric.get("dataPointType")
    points = [_point(point, collected) for point in metric.get("dataPoints") or ()]
    data = {
        "aggregationTemporality": TEMPORALITIES.get(metric.get("aggregationTemporality", -1)),
        "dataPoints": points,
    }
    named = {"name": descriptor.get("name"), "unit": descriptor.get("unit")}
    if isinstance(number, int) and 0 <= number < len(POINT_TYPES):
        return named | {POINT_TYPES[number]: data}
    return named


def _metric_alone(metric: dict[str, Any]) -> dict[str, Any]:
    """A metric as Copilot CLI's file exporter writes it: by itself, cumulative without saying so."""
    points = metric.get("dataPoints") or ()
    has_sums = any(isinstance(_object(point).get("value"), dict) for point in points)
    data = {
        "aggregationTemporality": CUMULATIVE,
        "dataPoints": [_point(point, None) for point in points],
    }
    found = {"name": metric.get("name"), "unit": metric.get("unit"), "histogram" if has_sums else "sum": data}
    scope = {"scope": metric.get("instrumentationScope"), "metrics": [found]}
    return {"resourceMetrics": [{"resource": _resource(metric), "scopeMetrics": [scope]}]}


def _point(point: Any, collected: Any) -> Any:
    if not isinstance(point, dict):
        return point
    value = point.get("value")
    end = point.get("endTime")
    times = {
        "attributes": point.get("attributes"),
        "startTimeUnixNano": _nanos(point.get("startTime")),
        "timeUnixNano": _nanos(collected if end == CIRCULAR else end),
    }
    if isinstance(value, dict):
        return times | {"sum": value.get("sum"), "count": value.get("count")}
    return times | {"asDouble": value}


def _resource(holder: dict[str, Any]) -> dict[str, Any]:
    """The resource's attributes, under whichever name a release of the SDK keeps them."""
    resource = _object(holder.get("resource"))
    raw = resource.get("_rawAttributes")
    if isinstance(raw, list):  # pairs; of equal keys the first counts
        pairs = [pair for pair in reversed(raw) if isinstance(pair, list) and len(pair) == 2]
        return {"attributes": {str(key): value for key, value in pairs}}
    found = (resource.get(name) for name in ("attributes", "_attributes", "_syncAttributes"))
    return {"attributes": next((item for item in found if isinstance(item, dict)), {})}


def _field(record: dict[str, Any], name: str) -> Any:
    return record.get(name, record.get("_" + name))


def _nanos(pair: Any) -> Any:
    """Nanoseconds of a pair [seconds, nanoseconds]; anything else is left for the reader."""
    if isinstance(pair, list) and len(pair) == 2:
        seconds, nanos = pair
        return int(seconds) * 10**9 + int(nanos)
    return pair


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
