"""The tables that the OpenTelemetry Collector's exporter for ClickHouse makes, known by their columns.

Their names can be configured; their columns are those of its templates, of which releases have had some more
or fewer: exporter/clickhouseexporter/internal/sqltemplates of opentelemetry-collector-contrib, looked at in
November 2026. Attributes are a Map of texts, or JSON where `json: true` is configured. The same columns in
Parquet files are read alike.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

RESOURCE = {
    "service": "ServiceName",
    "resource": "ResourceAttributes",
    "scope_name": "ScopeName",
    "scope_version": "ScopeVersion",
    "scope": "ScopeAttributes",
}
POINT = {
    **RESOURCE,
    "name": "MetricName",
    "unit": "MetricUnit",
    "attributes": "Attributes",
    "start": "StartTimeUnix",
    "time": "TimeUnix",
    "flags": "Flags",
}
NUMBER = {**POINT, "value": "Value"}
HISTOGRAM = {**POINT, "value": "Sum", "count": "Count", "temporality": "AggregationTemporality"}


@dataclass(frozen=True)
class Kind:
    """A kind of tables.

    Attributes:
        name: as the exporter calls a table of it.
        lands_in: the raw table.
        reads: what is read → its column.
        marks: columns by which a table is of this kind, and of none before it.
        metric: where OTLP keeps points of this kind.
    """

    name: str
    lands_in: str
    reads: Mapping[str, str]
    marks: frozenset[str]
    metric: str = ""

    @property
    def time(self) -> str:
        """The column of when something happened."""
        return self.reads["time"]


LOGS = Kind(
    "otel_logs",
    "otel_logs",
    {
        **RESOURCE,
        "time": "Timestamp",
        "severity": "SeverityText",
        "severity_number": "SeverityNumber",
        "body": "Body",
        "event_name": "EventName",
        "trace_id": "TraceId",
        "span_id": "SpanId",
        "attributes": "LogAttributes",
    },
    frozenset({"Timestamp", "Body", "LogAttributes"}),
)
TRACES = Kind(
    "otel_traces",
    "otel_spans",
    {
        **RESOURCE,
        "time": "Timestamp",
        "trace_id": "TraceId",
        "span_id": "SpanId",
        "parent_span_id": "ParentSpanId",
        "name": "SpanName",
        "duration": "Duration",
        "status": "StatusCode",
        "attributes": "SpanAttributes",
    },
    frozenset({"Timestamp", "SpanName", "SpanAttributes", "Duration"}),
)


def _metrics(name: str, reads: Mapping[str, str], metric: str, *marks: str) -> Kind:
    common = {"TimeUnix", "MetricName", "Attributes"}
    return Kind(f"otel_metrics_{name}", "otel_metrics", reads, frozenset(common | {*marks}), metric)


KINDS = (
    LOGS,
    TRACES,
    _metrics("exponential_histogram", HISTOGRAM, "exponentialHistogram", "Scale", "Sum", "Count"),
    _metrics("histogram", HISTOGRAM, "histogram", "ExplicitBounds", "Sum", "Count"),
    _metrics("summary", {**POINT, "value": "Sum", "count": "Count"}, "summary", "Sum", "Count"),
    _metrics(
        "sum", {**NUMBER, "temporality": "AggregationTemporality"}, "sum", "Value", "AggregationTemporality"
    ),
    _metrics("gauge", NUMBER, "gauge", "Value"),
)

# What is known, and not read: nothing that we keep.
NOT_READ = frozenset(
    {
        "TimestampTime",
        "TraceFlags",
        "ResourceSchemaUrl",
        "ScopeSchemaUrl",
        "ResourceAttributesKeys",
        "ScopeAttributesKeys",
        "LogAttributesKeys",
        "SpanAttributesKeys",
        "AttributesKeys",
        "ScopeDroppedAttrCount",
        "MetricDescription",
        "IsMonotonic",
        "BucketCounts",
        "ExplicitBounds",
        "Min",
        "Max",
        "Scale",
        "ZeroCount",
        "ZeroThreshold",
        "PositiveOffset",
        "PositiveBucketCounts",
        "NegativeOffset",
        "NegativeBucketCounts",
        "TraceState",
        "SpanKind",
        "StatusMessage",
        "ResourceAttributeItems",
        "ScopeAttributeItems",
        "LogAttributeItems",
        "SpanAttributeItems",
        "AttributeItems",
    }
)
NESTED = ("Exemplars", "ValueAtQuantiles", "Events", "Links")
# Where the exporter finds the times of a trace by its id.
LOOKUP = frozenset({"TraceId", "Start", "End"})


def kind_of(columns: Collection[str]) -> Kind | None:
    """The kind of a table with these columns; None if the exporter makes none such."""
    return next((kind for kind in KINDS if kind.marks <= {*columns}), None)


def unknown_columns(kind: Kind, columns: Collection[str]) -> list[str]:
    """Columns that we know nothing of."""
    known = NOT_READ | {*kind.reads.values()}
    return [name for name in columns if name not in known and name.partition(".")[0] not in NESTED]
