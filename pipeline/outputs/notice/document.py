"""What is worth telling of a build; `notice.schema.json` beside this file is its contract."""

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.run import RunResult

# Grows when a reader of the document would have to change.
VERSION = 1

SCHEMA = Path(__file__).with_name("notice.schema.json")

BUDGET = "inside_budget"  # the law
# Of an audit; examples of failing rows stay in the database.
TOLD = ("table", "audit", "kind", "severity", "status", "failures", "row_count", "description")


def document(
    result: RunResult | None, *, target: str, version: str, seconds: float, error: str | None
) -> dict[str, Any] | None:
    """The notice of a build; None if there is nothing to tell.

    Args:
        result: what was done; None if an error ended it before.
        target: the database, without secrets.
        version: of aa-pipeline.
        seconds: how long it took.
        error: what went wrong, for people and without secrets.
    """
    found = [audit for audit in result.audits if audit.status in ("failed", "warned")] if result else []
    warnings = result.warnings if result else []
    if error:
        event, headline = "failure", f"The build of {target} failed. {error}"
    elif any(audit.audit == BUDGET for audit in found):
        event, headline = "budget", f"A budget is broken in {target}."
    elif found or warnings:
        event, headline = "warning", f"The build of {target} warns of {_counted(len(found) + len(warnings))}."
    else:
        return None
    return {
        "format_version": VERSION,
        "event": event,
        "headline": headline,
        "status": result.status if result else "error",
        "target": target,
        "version": version,
        "run_id": result.run_id if result else None,
        "as_of": _instant(result.as_of) if result else None,
        "seconds": round(seconds, 3),
        "error": error,
        "warnings": warnings,
        "audits": [{name: value for name, value in asdict(audit).items() if name in TOLD} for audit in found],
    }


def _counted(things: int) -> str:
    return "1 thing" if things == 1 else f"{things} things"


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
