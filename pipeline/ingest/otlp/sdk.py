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


def as_export(document: Any) -> dict[str, Any] | None:
    """A document as an OTLP export; None if it is neither one nor an object of the SDK."""
    if not isinstance(document, dict):
        return None
    if not document or any(key in document for key in OTLP_KEYS):
        return document
    if "hrTime" in document and "attributes" in document:
        return _log(document)
    if "scopeMetrics" in document:
        return _metrics(document)
    if "startTime" in document and ("spanId" in document or "_spanContext" in document):
        return {"resourceSpans": [{"scopeSpans": [{"spans": [document]}]}]}
    return None


def _log(record: dict[str, Any]) -> dict[str, Any]:
    context = _object(record.get("spanContext"))
    return {
        "resourceLogs": [
            {
                "resource": _resource(record),
                "scopeLogs": [
                    {
                        "scope": record.get("instrumentationScope"),
                        "logRecords": [
                            {
                                "timeUnixNano": _nanos(record.get("hrTime")),
                                "observedTimeUnixNano": _nanos(record.get("hrTimeObserved")),
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
    scopes = [
        {
            "scope": scope.get("scope"),
            "metrics": [_metric(metric) for metric in scope.get("metrics") or ()],
        }
        for scope in export.get("scopeMetrics") or ()
        if isinstance(scope, dict)
    ]
    return {"resourceMetrics": [{"resource": _resource(export), "scopeMetrics": scopes}]}


def _metric(metric: Any) -> Any:
    if not isinstance(metric, dict):
        return metric
    descriptor = _object(metric.get("descriptor"))
    number = metric.get("dataPointType")
    points = [_point(point) for point in metric.get("dataPoints") or ()]
    data = {
        "aggregationTemporality": TEMPORALITIES.get(metric.get("aggregationTemporality", -1)),
        "dataPoints": points,
    }
    named = {"name": descriptor.get("name"), "unit": descriptor.get("unit")}
    if isinstance(number, int) and 0 <= number < len(POINT_TYPES):
        return named | {POINT_TYPES[number]: data}
    return named


def _point(point: Any) -> Any:
    if not isinstance(point, dict):
        return point
    value = point.get("value")
    times = {
        "attributes": point.get("attributes"),
        "startTimeUnixNano": _nanos(point.get("startTime")),
        "timeUnixNano": _nanos(point.get("endTime")),
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
