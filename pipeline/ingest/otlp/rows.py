"""Rows of the raw tables, as they are gathered from exports.

What reads an export hands on plain values; what lands of them, and which identity they have, is
decided here, whatever the form in which they came.
"""

import math
from contextlib import suppress
from hashlib import blake2b
from typing import Any, NamedTuple

from pipeline.ingest.content import ContentFilter
from pipeline.ingest.otlp.unread import Unread
from pipeline.ingest.otlp.values import integer
from pipeline.ingest.values import INT64_MAX, INT64_MIN, dumps, encode

LOG_COLUMNS = {
    "timestamp": "instant",
    "observed_timestamp": "instant",
    "severity": "text",
    "body": "text",
    "attributes": "json",
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
    "attributes": "json",
    "temporality": "text",
    "metric_type": "text",
    "unit": "text",
    "histogram_count": "integer",
    "record_hash": "text",
}
SPAN_COLUMNS = {
    "trace_id": "text",
    "span_id": "text",
    "parent_span_id": "text",
    "name": "text",
    "start_timestamp": "instant",
    "end_timestamp": "instant",
    "status": "text",
    "attributes": "json",
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

SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
TEMPORALITIES = {
    1: "delta",
    2: "cumulative",
    "AGGREGATION_TEMPORALITY_DELTA": "delta",
    "AGGREGATION_TEMPORALITY_CUMULATIVE": "cumulative",
}
# Where OTLP keeps the points of a metric → what we call the kind of metric.
METRIC_TYPES = {
    "sum": "sum",
    "gauge": "gauge",
    "histogram": "histogram",
    "exponentialHistogram": "exponential_histogram",
    "summary": "summary",
}
SINGLE_NUMBERS = ("sum", "gauge")  # the kinds whose points have one number and no count

# Records of one piece of input that are put aside one by one; the others are only counted.
MOST_BAD = 10_000


class Shared(NamedTuple):
    """What records of one resource and scope have in common: its number, a hash that begins with it."""

    number: int
    hasher: Any
    service: str | None


class Series(NamedTuple):
    """What the points of a metric have in common."""

    name: str
    unit: str | None
    kind: str
    temporality: str | None


class Rows:
    """Rows read from exports, and what could not become a row. NUL is replaced beforehand.

    Attributes:
        logs: tuples in the order of LOG_COLUMNS, instants as microseconds, and the number of
            what they have in common with others.
        metrics: the same in the order of METRIC_COLUMNS.
        spans: the same in the order of SPAN_COLUMNS.
        common: tuples in the order of COMMON_COLUMNS, by number.
        bad: (line, reason) of the records that were put aside, not more than MOST_BAD.
        more_bad: how many more there were.
        empty: points without a value and empty exports.
        documents: exports that were recognised.
        unread: usage that landed, and that no model reads.
    """

    def __init__(self, content: ContentFilter) -> None:
        self.content = content
        self.logs: list[tuple[Any, ...]] = []
        self.metrics: list[tuple[Any, ...]] = []
        self.spans: list[tuple[Any, ...]] = []
        self.common: dict[tuple[str | None, ...], int] = {}
        self._known: dict[str, Shared] = {}
        self.bad: list[tuple[int, str]] = []
        self.more_bad = 0
        self.empty = 0
        self.documents = 0
        self.unread = Unread()

    def count(self) -> int:
        """Records so far, good, bad and empty."""
        landed = len(self.logs) + len(self.metrics) + len(self.spans)
        return landed + len(self.bad) + self.more_bad + self.empty

    def put_aside(self, line: int, reason: str) -> None:
        """Count a record that cannot become a row, and say why."""
        if len(self.bad) < MOST_BAD:
            self.bad.append((line, reason))
        else:
            self.more_bad += 1

    def shared(
        self,
        signal: str,
        resource: dict[str, Any],
        scope_name: Any,
        scope_version: Any,
        scope: dict[str, Any],
    ) -> Shared:
        """What the records of one resource and one scope have in common.

        Args:
            signal: logs, metrics or spans.
            resource: the attributes of the resource.
            scope_name: the instrumentation scope.
            scope_version: its version.
            scope: its attributes.
        """
        key = dumps([signal, resource, scope_name, scope_version, scope])
        if key not in self._known:
            named = text(resource.get("service.name")), text(resource.get("service.version"))
            resource_text, resource_identity = self._common(resource)
            scope_text, scope_identity = self._common(scope) if scope else (None, None)
            scoped = text(scope_name or None), text(scope_version or None)
            number = self.common.setdefault((*named, *scoped, scope_text, resource_text), len(self.common))
            start = encode([signal, (*named, resource_identity), (*scoped, scope_identity)])
            self._known[key] = Shared(number, blake2b(start, digest_size=16), named[0])
        return self._known[key]

    def add_log(
        self,
        shared: Shared,
        time: int,
        observed: int,
        severity: str | None,
        body: Any,
        attributes: dict[str, Any],
        event_name: Any,
        trace_id: Any,
        span_id: Any,
    ) -> None:
        """Add a log record; a time of 0 is none. Raises ValueError if it has none, or one that cannot be."""
        time = time or observed
        if not (0 < time < YEAR_2200 and 0 <= observed < YEAR_2200):
            raise ValueError(NO_TIME if time == 0 else WRONG_TIME)
        event_name = event_name or attributes.get("event.name") or None
        trace_id, span_id = trace_id or None, span_id or None
        start = encode((time, severity, event_name, body, trace_id, span_id))
        landed, hashed = self._attributes(attributes)
        common, hasher, service = shared
        self.unread.log(service, attributes.get("event.name") or event_name, body, attributes)
        identity = hasher.copy()
        identity.update(start + hashed)
        if body is not None:
            body = text(self.content.body(body, event_name))
        self.logs.append(
            (
                time // 1000,
                observed // 1000 if observed else None,
                severity,
                body,
                landed,
                text(event_name),
                trace_id and text(trace_id),
                span_id and text(span_id),
                identity.hexdigest(),
                common,
            )
        )

    def add_point(
        self,
        shared: Shared,
        series: Series,
        time: int,
        start: int,
        value: float | None,
        count: int | None,
        attributes: dict[str, Any],
    ) -> None:
        """Add a point of a metric. Raises ValueError if its time or number cannot be."""
        name, unit, kind, temporality = series
        if not (0 < time < YEAR_2200 and 0 <= start < YEAR_2200):
            raise ValueError(NO_TIME if time == 0 else WRONG_TIME)
        if value is not None:
            value += 0.0  # an integer is a float, and -0 is 0
            if not math.isfinite(value):
                raise ValueError("its value is not a finite number")
        if value is None and kind in SINGLE_NUMBERS:
            raise ValueError("it has no value")
        if not INT64_MIN <= (count or 0) <= INT64_MAX:
            raise ValueError("its count is beyond 64 bits")
        begin = encode((name, unit, kind, temporality, start, time, value, count))
        landed, hashed = self._attributes(attributes)
        common, hasher, service = shared
        self.unread.point(service, name, kind, value, count, attributes)
        identity = hasher.copy()
        identity.update(begin + hashed)
        self.metrics.append(
            (
                time // 1000,
                start // 1000 if start else None,
                name,
                value,
                landed,
                temporality,
                kind,
                unit,
                count,
                identity.hexdigest(),
                common,
            )
        )

    def add_span(
        self,
        shared: Shared,
        trace_id: Any,
        span_id: Any,
        parent_span_id: Any,
        name: Any,
        start: int,
        end: int,
        status: str | None,
        attributes: dict[str, Any],
    ) -> None:
        """Add a span; one without an end ends as it begins. Raises ValueError if it has no time."""
        if not (0 < start < YEAR_2200 and 0 <= end < YEAR_2200):
            raise ValueError(NO_TIME if start == 0 else WRONG_TIME)
        ids = trace_id or None, span_id or None, parent_span_id or None
        begin = encode((*ids, name, start, end, status))
        landed, hashed = self._attributes(attributes)
        common, hasher, service = shared
        self.unread.span(service, name, attributes)
        identity = hasher.copy()
        identity.update(begin + hashed)
        self.spans.append(
            (
                *(text(one) for one in ids),
                text(name),
                start // 1000,
                (end or start) // 1000,
                status,
                landed,
                identity.hexdigest(),
                common,
            )
        )

    def _common(self, attributes: dict[str, Any]) -> tuple[str, str]:
        """As JSON, of a resource or a scope: what lands, and what becomes part of the identity."""
        plain, content = self.content.split(attributes)
        kept = self.content.kept(content)
        return dumps(kept | self.content.allowed(plain)), dumps(kept | plain)

    def _attributes(self, attributes: dict[str, Any]) -> tuple[bytes, bytes]:
        """As JSON: what lands of the attributes, and what becomes part of the identity: all."""
        plain, content = self.content.split(attributes)
        hashed = encoded = encode(plain)
        allowed = self.content.allowed(plain)
        if allowed is not plain:
            encoded = encode(allowed)
        if content:
            hashed += encode(content)
            if kept := self.content.kept(content):
                encoded = encode(kept | allowed)
        # What orjson returns has the room of its buffer, 4 KB, as long as it is kept: so keep a copy.
        return bytes(memoryview(encoded)), hashed


def series_of(name: str, unit: Any, key: str, temporality: Any) -> Series:
    """The series of a metric whose points OTLP keeps under `key`."""
    kind = METRIC_TYPES[key]
    with suppress(ValueError, TypeError, OverflowError):
        temporality = integer(temporality)
    known = TEMPORALITIES.get(temporality)
    if kind == "summary":
        known = "cumulative"  # a summary counts from the start of its process
    return Series(name, text(unit or None), kind, known)


STATUSES = {1: "ok", 2: "error", "STATUS_CODE_OK": "ok", "STATUS_CODE_ERROR": "error"}


def status_of(code: Any) -> str | None:
    """How a span ended: ok or error; None where it does not say."""
    with suppress(ValueError, TypeError, OverflowError):
        code = integer(code)
    return STATUSES.get(code) if isinstance(code, str | int) else None


def severity_of(severity_text: Any, number: Any) -> str | None:
    """The severity's text, else the name of its number."""
    if severity_text:
        return text(severity_text)
    if not number:
        return None
    try:
        level = (integer(number) - 1) // 4
    except ValueError:
        return str(number).removeprefix("SEVERITY_NUMBER_").rstrip("0123456789") or None
    return SEVERITIES[level] if 0 <= level < len(SEVERITIES) else None


def text(value: Any) -> str | None:
    """Text as it is, anything else as JSON."""
    return value if value is None or type(value) is str else dumps(value)
