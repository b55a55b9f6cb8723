"""The Collector's exporter for ClickHouse, as far as its rows go: from an export to rows of its tables.

As exporter_logs.go, exporter_traces.go and internal/metrics/*.go of opentelemetry-collector-contrib do it: a
value is text (`AsString`) in a Map, and what it is in JSON.
"""

import datetime as dt
import json

from pipeline.ingest.otlp.values import attributes_of, value_of

COMMON = """
ServiceName LowCardinality(String), ScopeName String, ScopeVersion LowCardinality(String),
ResourceAttributes {attributes}
"""
POINT = """
ResourceSchemaUrl String, ScopeAttributes {attributes}, ScopeDroppedAttrCount UInt32, ScopeSchemaUrl String,
MetricName LowCardinality(String), MetricDescription String, MetricUnit String, Attributes {attributes},
StartTimeUnix {time}, TimeUnix {time}, Flags UInt32
"""
EXEMPLARS = """
Exemplars Nested (FilteredAttributes Map(LowCardinality(String), String), TimeUnix {time}, Value Float64,
    SpanId String, TraceId String)
"""
TABLES = {
    "otel_logs": (
        "Timestamp DateTime64(9), TraceId String, SpanId String, TraceFlags UInt8,"
        " SeverityText LowCardinality(String), SeverityNumber UInt8, Body String, ResourceSchemaUrl String,"
        " ScopeSchemaUrl String, ScopeAttributes {attributes}, LogAttributes {attributes}, EventName String,"
        " TimestampTime DateTime DEFAULT toDateTime(Timestamp)",
        "(ServiceName, toDateTime(Timestamp), Timestamp)",
    ),
    "otel_traces": (
        "Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,"
        " SpanName LowCardinality(String), SpanKind LowCardinality(String), SpanAttributes {attributes},"
        " Duration UInt64, StatusCode LowCardinality(String), StatusMessage String,"
        " Events Nested (Timestamp DateTime64(9), Name LowCardinality(String),"
        " Attributes Map(LowCardinality(String), String))",
        "(ServiceName, SpanName, toDateTime(Timestamp))",
    ),
    "otel_metrics_sum": (
        f"{POINT}, Value Float64, {EXEMPLARS}, AggregationTemporality Int32, IsMonotonic Boolean",
        "(ServiceName, MetricName, TimeUnix)",
    ),
    "otel_metrics_gauge": (f"{POINT}, Value Float64, {EXEMPLARS}", "(ServiceName, MetricName, TimeUnix)"),
    "otel_metrics_histogram": (
        f"{POINT}, Count UInt64, Sum Float64, BucketCounts Array(UInt64), ExplicitBounds Array(Float64),"
        f" {EXEMPLARS}, Min Float64, Max Float64, AggregationTemporality Int32",
        "(ServiceName, MetricName, TimeUnix)",
    ),
    "otel_metrics_exponential_histogram": (
        f"{POINT}, Count UInt64, Sum Float64, Scale Int32, ZeroCount UInt64, PositiveOffset Int32,"
        " PositiveBucketCounts Array(UInt64), NegativeOffset Int32, NegativeBucketCounts Array(UInt64),"
        f" {EXEMPLARS}, Min Float64, Max Float64, AggregationTemporality Int32",
        "(ServiceName, MetricName, TimeUnix)",
    ),
    "otel_metrics_summary": (
        f"{POINT}, Count UInt64, Sum Float64, ValueAtQuantiles Nested (Quantile Float64, Value Float64)",
        "(ServiceName, MetricName, TimeUnix)",
    ),
}
MAP, JSON = "Map(LowCardinality(String), String)", "JSON"
STATUSES = {0: "Unset", 1: "Ok", 2: "Error"}
TEMPORALITIES = {"AGGREGATION_TEMPORALITY_DELTA": 1, "AGGREGATION_TEMPORALITY_CUMULATIVE": 2}
KINDS = {
    "sum": "otel_metrics_sum",
    "gauge": "otel_metrics_gauge",
    "histogram": "otel_metrics_histogram",
    "exponentialHistogram": "otel_metrics_exponential_histogram",
    "summary": "otel_metrics_summary",
}


def ddl(table, name=None, attributes=MAP, time="DateTime64(9)"):
    """How the exporter makes a table."""
    columns, order = TABLES[table]
    made = f"{COMMON}, {columns}".format(attributes=attributes, time=time)
    return f"CREATE TABLE {name or table} ({made}) ENGINE = MergeTree ORDER BY {order}"


def rows(document, as_json=False):
    """Table → the rows that the exporter writes for an export."""
    found = {table: [] for table in TABLES}

    def many(attributes):
        plain = attributes_of(attributes)
        return plain if as_json else {name: as_string(value) for name, value in plain.items()}

    for of_resource in document.get("resourceLogs", []):
        for scope, common in _scopes(of_resource, "scopeLogs", many):
            for record in scope.get("logRecords", []):
                time = int(record.get("timeUnixNano") or 0) or int(record.get("observedTimeUnixNano") or 0)
                found["otel_logs"].append(
                    common
                    | {
                        "Timestamp": _time(time),
                        "TraceId": record.get("traceId", ""),
                        "SpanId": record.get("spanId", ""),
                        "SeverityText": record.get("severityText", ""),
                        "SeverityNumber": int(record.get("severityNumber") or 0),
                        "Body": as_string(value_of(record.get("body"))),
                        "EventName": record.get("eventName", ""),
                        "LogAttributes": many(record.get("attributes")),
                    }
                )
    for of_resource in document.get("resourceSpans", []):
        for scope, common in _scopes(of_resource, "scopeSpans", many):
            common = {name: value for name, value in common.items() if name != "ScopeAttributes"}
            for span in scope.get("spans", []):
                start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
                found["otel_traces"].append(
                    common
                    | {
                        "Timestamp": _time(start),
                        "TraceId": span.get("traceId", ""),
                        "SpanId": span.get("spanId", ""),
                        "ParentSpanId": span.get("parentSpanId", ""),
                        "SpanName": span.get("name", ""),
                        "Duration": end - start,
                        "StatusCode": STATUSES[(span.get("status") or {}).get("code", 0)],
                        "SpanAttributes": many(span.get("attributes")),
                    }
                )
    for of_resource in document.get("resourceMetrics", []):
        for scope, common in _scopes(of_resource, "scopeMetrics", many):
            for metric in scope.get("metrics", []):
                kind = next(kind for kind in KINDS if kind in metric)
                found[KINDS[kind]] += [
                    common | _point(metric, kind, point, many) for point in metric[kind].get("dataPoints", [])
                ]
    return {table: written for table, written in found.items() if written}


def as_string(value):
    """A value as `pcommon.Value.AsString` writes it."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _scopes(of_resource, key, many):
    resource = many(of_resource.get("resource", {}).get("attributes"))
    for of_scope in of_resource.get(key, []):
        scope = of_scope.get("scope") or {}
        yield (
            of_scope,
            {
                "ServiceName": str(resource.get("service.name", "")),
                "ResourceAttributes": resource,
                "ScopeName": scope.get("name", ""),
                "ScopeVersion": scope.get("version", ""),
                "ScopeAttributes": many(scope.get("attributes")),
            },
        )


def _point(metric, kind, point, many):
    temporality = metric[kind].get("aggregationTemporality", 0)
    written = {
        "MetricName": metric["name"],
        "MetricDescription": metric.get("description", ""),
        "MetricUnit": metric.get("unit", ""),
        "Attributes": many(point.get("attributes")),
        "StartTimeUnix": _time(int(point.get("startTimeUnixNano") or 0)),
        "TimeUnix": _time(int(point.get("timeUnixNano") or 0)),
        "Flags": int(point.get("flags") or 0),
    }
    if kind in ("sum", "gauge"):
        written["Value"] = float(point["asInt"] if "asInt" in point else point.get("asDouble", 0))
    else:
        written |= {"Count": int(point.get("count") or 0), "Sum": float(point.get("sum") or 0)}
    if kind not in ("gauge", "summary"):
        written["AggregationTemporality"] = TEMPORALITIES.get(temporality, temporality)
    return written


def _time(nanoseconds):
    instant = dt.datetime.fromtimestamp(nanoseconds // 10**9, dt.UTC)
    return f"{instant:%Y-%m-%d %H:%M:%S}.{nanoseconds % 10**9:09d}"
