"""OTLP/JSON as the OpenTelemetry Collector's file exporter writes it: one export batch per line.

64-bit integers are decimal strings, enums are numbers, times are nanoseconds as text.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

DELTA, CUMULATIVE = 1, 2

Json = dict[str, Any]


def line(kind: str, resource: Mapping[str, Any], scope: str, items: Iterable[Json]) -> bytes:
    """One batch; `kind` is `log` or `metric`."""
    plural, inner = ("Logs", "logRecords") if kind == "log" else ("Metrics", "metrics")
    batch = {
        "resource": {"attributes": attributes(resource)},
        f"scope{plural}": [{"scope": {"name": scope}, inner: list(items)}],
    }
    return orjson.dumps({f"resource{plural}": [batch]}) + b"\n"


def log(at: dt.datetime, values: Mapping[str, Any], body: str | None = None) -> Json:
    """One log record."""
    record = {
        "timeUnixNano": nanoseconds(at),
        "observedTimeUnixNano": nanoseconds(at),
        "attributes": attributes(values),
        "traceId": "",
        "spanId": "",
    }
    return record | {"body": {"stringValue": body}} if body else record


def counter(
    name: str,
    unit: str,
    span: tuple[dt.datetime, dt.datetime],
    points: Iterable[tuple[float, Mapping[str, Any]]],
    temporality: int = DELTA,
) -> Json:
    """A monotonic sum with one point per value and attributes."""
    data = [_span(span) | {"asDouble": value, "attributes": attributes(of)} for value, of in points]
    kind = {"dataPoints": data, "aggregationTemporality": temporality, "isMonotonic": True}
    return {"name": name, "unit": unit, "sum": kind}


def histogram(
    name: str,
    unit: str,
    span: tuple[dt.datetime, dt.datetime],
    points: Iterable[tuple[int, float, Mapping[str, Any]]],
    temporality: int = DELTA,
) -> Json:
    """A histogram with one point per count, sum and attributes."""
    data = [
        _span(span)
        | {
            "count": str(count),
            "sum": total,
            "bucketCounts": ["0", str(count)],
            "explicitBounds": [0.0],
            "attributes": attributes(of),
        }
        for count, total, of in points
    ]
    return {
        "name": name,
        "unit": unit,
        "histogram": {"dataPoints": data, "aggregationTemporality": temporality},
    }


def attributes(values: Mapping[str, Any]) -> list[Json]:
    """Key-value pairs with typed values."""
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def nanoseconds(at: dt.datetime) -> str:
    """An instant as nanoseconds since 1970, exactly."""
    return f"{int(at.timestamp())}{at.microsecond:06d}000"


def iso(at: dt.datetime) -> str:
    """An instant as agents write it into attributes: UTC with milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _span(span: tuple[dt.datetime, dt.datetime]) -> Json:
    return {"startTimeUnixNano": nanoseconds(span[0]), "timeUnixNano": nanoseconds(span[1])}


def _value(value: Any) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value}
