"""The report as a JSON document; `report.schema.json` beside this file is its contract."""

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.outputs.report.read import Report, ReportedCheck
from pipeline.system.hidden import escaped_json

# Grows when a reader of the document would have to change.
VERSION = 1

SCHEMA = Path(__file__).with_name("report.schema.json")


def render_json(report: Report) -> str:
    """A report as JSON text."""
    return escaped_json(json.dumps(document(report), ensure_ascii=False, indent=2)) + "\n"


def document(report: Report) -> dict[str, Any]:
    """A report as plain values, instants as ISO 8601 text in UTC."""
    tables = [
        {"name": table.name, "layer": table.layer, "status": table.status, "counts": table.counts}
        | asdict(table)
        | {"checks": [_without_table(check) for check in table.checks]}
        for table in report.tables
    ]
    found = {"format_version": VERSION, "headline": report.headline, "counts": report.counts}
    values: dict[str, Any] = _plain(found | asdict(report) | {"tables": tables})
    if not report.note:
        del values["note"]
    return values


def _without_table(check: ReportedCheck) -> dict[str, Any]:
    values = asdict(check)
    del values["table"]
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return value
