"""Exports in the JSON form of OTLP, turned into rows of the raw tables.

Encoding: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Producers bend it,
so we read leniently: 64-bit integers as text or numbers, enums as numbers or names, attributes
as lists or plain objects, and unknown fields are ignored. A record that makes no sense is put
aside with a reason, and those around it are read.
"""

import math
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from pipeline.ingest.content import ContentFilter
from pipeline.ingest.otlp_sdk import as_export
from pipeline.ingest.otlp_values import attributes_of, value_of
from pipeline.ingest.values import INT64_MAX, INT64_MIN, dumps

LOG_COLUMNS = {
    "timestamp": "instant",
    "observed_timestamp": "instant",
    "severity": "text",
    "body": "text",
    "attributes": "text",
    "event_name": "text",
    "trace_id": "text",
    "span_id": "text",
    "record_hash": "text",
}
METRIC_COLUMNS = {
    "timestamp": "instant",
    "start_timestamp": "instant",
    "metric_name": "text",
    "metric_value": "float",
    "attributes": "text",
    "temporality": "text",
    "metric_type": "text",
    "unit": "text",
    "histogram_count": "integer",
    "record_hash": "text",
}
# What all records of one resource and scope have in common.
COMMON_COLUMNS = (
    "service_name",
    "service_version",
    "scope_name",
    "scope_version",
    "scope_attributes",
    "resource_attributes",
)

# The years 1970 to 2200, in nanoseconds: what lies outside is no time of an agent's record.
YEAR_2200 = 7_258_118_400 * 10**9

NO_TIME = "it has no time"
WRONG_TIME = "its time is before 1970 or after 2200"

# Where OTLP keeps the points of a metric → what we call the kind of metric.
METRIC_TYPES = {
    "sum": "sum",
    "gauge": "gauge",
    "histogram": "histogram",
    "exponentialHistogram": "exponential_histogram",
    "summary": "summary",
}
TEMPORALITIES = {
    1: "delta",
    2: "cumulative",
    "1": "delta",
    "2": "cumulative",
    "AGGREGATION_TEMPORALITY_DELTA": "delta",
    "AGGREGATION_TEMPORALITY_CUMULATIVE": "cumulative",
}
SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
NO_RECORDED_VALUE = "NO_RECORDED_VALUE"

# Records of one piece of input that are put aside one by one; the others are only counted.
MOST_BAD = 10_000

# What a record of the wrong shape raises on its way through the code below.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)


class Rows:
    """Rows read from exports, and what could not become a row. NUL is replaced beforehand.

    Attributes:
        logs: tuples in the order of LOG_COLUMNS, instants as microseconds, and the number of
            what they have in common with others.
        metrics: the same in the order of METRIC_COLUMNS.
        common: tuples in the order of COMMON_COLUMNS, by number.
        bad: (line, reason) of the records that were put aside, not more than MOST_BAD.
        more_bad: how many more there were.
        empty: spans, points without a value and empty exports.
        documents: exports that were recognised.
    """

    def __init__(self, content: ContentFilter) -> None:
        self.content = content
        self.logs: list[tuple[Any, ...]] = []
        self.metrics: list[tuple[Any, ...]] = []
        self.common: dict[tuple[str | None, ...], int] = {}
        self._known: dict[str, tuple[int, Any]] = {}
        self.bad: list[tuple[int, str]] = []
        self.more_bad = 0
        self.empty = 0
        self.documents = 0

    def read(self, document: Any, line: int) -> None:
        """Read one export, a list of them, or one object of a JavaScript SDK."""
        if isinstance(document, list):
            for item in document:
                self.read(item, line)
            return
        try:
            export = as_export(document)
        except MALFORMED as error:
            self.put_aside(line, f"malformed object of an SDK: {_said(error)}")
            return
        if export is None:
            self.put_aside(line, _unknown(document))
            return
        self.documents += 1
        before = self._count()
        readers: tuple[tuple[str, Callable[[Any, int], None]], ...] = (
            ("resourceLogs", self._read_logs),
            ("resourceMetrics", self._read_metrics),
            ("resourceSpans", self._skip_spans),
        )
        for key, reader in readers:
            resources = export.get(key) or []
            if not isinstance(resources, list):
                self.put_aside(line, f"{key} is not a list")
                continue
            for number, resource in enumerate(resources):
                try:
                    reader(resource, line)
                except MALFORMED as error:
                    self.put_aside(line, f"{key}[{number}] is malformed: {_said(error)}")
        if self._count() == before:
            self.empty += 1

    def put_aside(self, line: int, reason: str) -> None:
        """Count a record that cannot become a row, and say why."""
        if len(self.bad) < MOST_BAD:
            self.bad.append((line, reason))
        else:
            self.more_bad += 1

    def _count(self) -> int:
        return len(self.logs) + len(self.metrics) + len(self.bad) + self.more_bad + self.empty

    def _skip_spans(self, resource_spans: dict[str, Any], line: int) -> None:
        for scope_spans in resource_spans.get("scopeSpans") or ():
            self.empty += len(scope_spans.get("spans") or ())

    def _read_logs(self, resource_logs: dict[str, Any], line: int) -> None:
        for scope_logs in resource_logs.get("scopeLogs") or ():
            common, hasher = self._shared("logs", resource_logs, scope_logs)
            for record in scope_logs.get("logRecords") or ():
                try:
                    self.logs.append(self._log(record, common, hasher))
                except MALFORMED as error:
                    self.put_aside(line, f"log record: {_said(error)}")

    def _log(self, record: dict[str, Any], common: int, hasher: Any) -> tuple[Any, ...]:
        observed = int(record.get("observedTimeUnixNano") or 0)
        time = int(record.get("timeUnixNano") or 0) or observed
        if not (0 < time < YEAR_2200 and 0 <= observed < YEAR_2200):
            raise ValueError(NO_TIME if time == 0 else WRONG_TIME)
        attributes = attributes_of(record.get("attributes"))
        event_name = record.get("eventName") or attributes.get("event.name") or None
        severity = None
        if "severityText" in record or "severityNumber" in record:
            severity = _severity(record)
        body = record.get("body")
        if body is not None:
            body = value_of(body)
        trace_id = record.get("traceId") or None
        span_id = record.get("spanId") or None

        identity = hasher.copy()
        identity.update(dumps([time, severity, event_name, body, trace_id, span_id]).encode())
        attributes_text = self._attributes(attributes, identity)
        if body is not None:
            body = _text(self.content.body(body, event_name))
        return (
            time // 1000,
            observed // 1000 if observed else None,
            severity,
            body,
            attributes_text,
            _text(event_name),
            _text(trace_id),
            _text(span_id),
            identity.hexdigest(),
            common,
        )

    def _read_metrics(self, resource_metrics: dict[str, Any], line: int) -> None:
        for scope_metrics in resource_metrics.get("scopeMetrics") or ():
            common, hasher = self._shared("metrics", resource_metrics, scope_metrics)
            for metric in scope_metrics.get("metrics") or ():
                try:
                    self._read_metric(metric, line, common, hasher)
                except MALFORMED as error:
                    self.put_aside(line, f"metric: {_said(error)}")

    def _read_metric(self, metric: dict[str, Any], line: int, common: int, hasher: Any) -> None:
        name = metric.get("name")
        if not name or not isinstance(name, str):
            raise ValueError("it has no name")
        key = next((key for key in METRIC_TYPES if key in metric), None)
        if key is None:
            raise ValueError(f"{name[:80]} is of no kind that we know")
        data = metric[key]
        kind = METRIC_TYPES[key]
        temporality = TEMPORALITIES.get(data.get("aggregationTemporality"))
        if kind == "summary":
            temporality = "cumulative"  # a summary counts from the start of its process
        series = (name, _text(metric.get("unit") or None), kind, temporality)
        for point in data.get("dataPoints") or ():
            try:
                row = self._point(point, series, common, hasher)
            except MALFORMED as error:
                self.put_aside(line, f"point of {name[:80]}: {_said(error)}")
                continue
            if row is None:
                self.empty += 1
            else:
                self.metrics.append(row)

    def _point(
        self,
        point: dict[str, Any],
        series: tuple[str, str | None, str, str | None],
        common: int,
        hasher: Any,
    ) -> tuple[Any, ...] | None:
        """The row of a data point; None if it is flagged as having no value."""
        flags = point.get("flags")
        if flags and (NO_RECORDED_VALUE in str(flags) or int(flags) & 1):
            return None
        name, unit, kind, temporality = series
        time = int(point.get("timeUnixNano") or 0)
        start = int(point.get("startTimeUnixNano") or 0)
        if not (0 < time < YEAR_2200 and 0 <= start < YEAR_2200):
            raise ValueError(NO_TIME if time == 0 else WRONG_TIME)
        count = None
        if kind in ("sum", "gauge"):
            value = _number(point["asInt"] if "asInt" in point else point.get("asDouble"))
            if value is None:
                raise ValueError("it has no value")
        else:
            value = _number(point.get("sum"))
            count = int(point.get("count") or 0)
            if not INT64_MIN <= count <= INT64_MAX:
                raise ValueError("its count is beyond 64 bits")
        identity = hasher.copy()
        identity.update(dumps([name, unit, kind, temporality, start, time, value, count]).encode())
        attributes_text = self._attributes(attributes_of(point.get("attributes")), identity)
        return (
            time // 1000,
            start // 1000 if start else None,
            name,
            value,
            attributes_text,
            temporality,
            kind,
            unit,
            count,
            identity.hexdigest(),
            common,
        )

    def _attributes(self, attributes: dict[str, Any], identity: Any) -> str:
        """What lands of the attributes, as JSON; all of them become part of the identity."""
        plain, content = self.content.split(attributes)
        text = dumps(plain)
        identity.update(text.encode())
        if not content:
            return text
        identity.update(dumps(content).encode())
        kept = self.content.kept(content)
        return dumps(kept | plain) if kept else text

    def _shared(self, signal: str, holder: dict[str, Any], inner: dict[str, Any]) -> tuple[int, Any]:
        """The number of a resource and scope, and a hash that begins with them."""
        key = dumps([signal, holder.get("resource"), inner.get("scope")])
        if key not in self._known:
            resource, scope = self._resource(holder), self._scope(inner)
            service_name, service_version, attributes = resource
            values = (service_name, service_version, *scope, attributes)
            number = self.common.setdefault(values, len(self.common))
            hasher = blake2b(dumps([signal, resource, scope]).encode(), digest_size=16)
            self._known[key] = number, hasher
        return self._known[key]

    def _resource(self, holder: dict[str, Any]) -> tuple[str | None, str | None, str]:
        """Service name, service version, and all attributes as JSON."""
        attributes = attributes_of((holder.get("resource") or {}).get("attributes"))
        return (
            _text(attributes.get("service.name")),
            _text(attributes.get("service.version")),
            dumps(self.content.attributes(attributes)),
        )

    def _scope(self, holder: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
        """Name and version of the scope, and its attributes as JSON if it has any."""
        scope = holder.get("scope") or {}
        attributes = attributes_of(scope.get("attributes"))
        text = dumps(self.content.attributes(attributes)) if attributes else None
        return _text(scope.get("name") or None), _text(scope.get("version") or None), text


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("its value is not a finite number")
    return number


def _severity(record: dict[str, Any]) -> str | None:
    """The severity's text, else the name of its number."""
    text = record.get("severityText")
    if text:
        return _text(text)
    number = record.get("severityNumber")
    if not number:
        return None
    if isinstance(number, str) and not number.isdigit():
        return number.removeprefix("SEVERITY_NUMBER_").rstrip("0123456789") or None
    level = (int(number) - 1) // 4
    return SEVERITIES[level] if 0 <= level < len(SEVERITIES) else None


def _text(value: Any) -> str | None:
    return value if value is None or type(value) is str else dumps(value)


def _unknown(document: Any) -> str:
    wanted = "not an export of logs, metrics or traces"
    if not isinstance(document, dict):
        return f"{wanted}, but a JSON {type(document).__name__}"
    keys = ", ".join(str(key)[:40] for key in list(document)[:5])
    return f"{wanted}: its keys are {keys}"


def _said(error: BaseException) -> str:
    """An exception as words for a person."""
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if type(error) in (AttributeError, TypeError):
        return "a part of it has the wrong type"
    return str(error)[:200]
