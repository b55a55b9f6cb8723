"""From rows of the Collector's tables to what lands: the same as of an export with the same records.

The exporter keeps no time of observation, of spans no attributes of their scope, and in a Map every attribute
as text: what lands has these as text, too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.ingest.collector.tables import LOGS, TRACES, Kind
from pipeline.ingest.otlp.json import MALFORMED, said
from pipeline.ingest.otlp.rows import Rows, Shared, series_of, severity_of
from pipeline.ingest.values import clean

STATUSES = {"ok": "ok", "error": "error", "status_code_ok": "ok", "status_code_error": "error"}
NO_RECORDED_VALUE = 1


def read_records(kind: Kind, records: Iterable[Mapping[str, Any]], rows: Rows) -> None:
    """Add the rows of a table.

    Args:
        kind: of the table.
        records: by what `Kind.reads` calls the columns; times in nanoseconds.
        rows: where to.
    """
    read = _log if kind is LOGS else _span if kind is TRACES else _point
    rows.documents += 1
    for record in records:
        try:
            read(kind, {name: clean(value) for name, value in record.items()}, rows)
        except MALFORMED as error:
            rows.put_aside(0, f"a row of {kind.name}: {said(error)}")


def flat(attributes: Any, prefix: str = "") -> dict[str, Any]:
    """Attributes with dotted keys: a JSON column has made objects of them."""
    found: dict[str, Any] = {}
    for key, value in (attributes or {}).items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _log(kind: Kind, record: Mapping[str, Any], rows: Rows) -> None:
    rows.add_log(
        _shared("logs", record, rows),
        record["time"] or 0,
        0,
        severity_of(record.get("severity"), record.get("severity_number")),
        record.get("body") or None,
        flat(record.get("attributes")),
        record.get("event_name"),
        record.get("trace_id"),
        record.get("span_id"),
    )


def _span(kind: Kind, record: Mapping[str, Any], rows: Rows) -> None:
    start = record["time"] or 0
    rows.add_span(
        _shared("spans", record, rows),
        record.get("trace_id"),
        record.get("span_id"),
        record.get("parent_span_id"),
        record.get("name"),
        start,
        start + (record.get("duration") or 0),
        STATUSES.get((record.get("status") or "").lower()),
        flat(record.get("attributes")),
    )


def _point(kind: Kind, record: Mapping[str, Any], rows: Rows) -> None:
    if (record.get("flags") or 0) & NO_RECORDED_VALUE:
        rows.empty += 1
        return
    name = record.get("name")
    if not name:
        raise ValueError("it has no name")
    value = record.get("value")
    rows.add_point(
        _shared("metrics", record, rows),
        series_of(name, record.get("unit"), kind.metric, record.get("temporality")),
        record["time"] or 0,
        record.get("start") or 0,
        None if value is None else float(value),
        (record.get("count") or 0) if "count" in kind.reads else None,
        flat(record.get("attributes")),
    )


def _shared(signal: str, record: Mapping[str, Any], rows: Rows) -> Shared:
    resource = flat(record.get("resource"))
    if record.get("service") and "service.name" not in resource:
        resource["service.name"] = record["service"]
    return rows.shared(
        signal, resource, record.get("scope_name"), record.get("scope_version"), flat(record.get("scope"))
    )
