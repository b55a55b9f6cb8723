"""Cursor's usage events, as its Admin API or its dashboard exports them: JSON, or CSV.

A conversation is a session; CSV names one only for cloud agents. `totalCents` is what the tokens cost at
the model's price; what Cursor charged for them depends on the plan. What was not charged, because it
failed or was stopped, cost nothing.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, objects, text, tokens
from pipeline.agents.files import Sample, json_file

EVENTS = ("usageEvents", "usageEventsDisplay")
KIND = "usage_event_kind_"


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is a page of Cursor's API."""
    return "usageEvents" in value or "usageEventsDisplay" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is Cursor's export: a document over several lines, or CSV."""
    columns = (b"Date", b"Model", b"Cache Read")
    is_csv = all(column in sample.first_line for column in columns)
    return is_csv or (sample.is_json and b'"usageEvents' in sample.head)


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models in the exports, those without tokens are no calls; and which of them failed."""
    for file in files:
        rows = _rows(file, journal) if file.suffix == ".csv" else _objects(file, journal)
        for number, values in rows:
            try:
                told = list(_told(values))
            except BadRecord as error:
                journal.quarantine(file, number, str(error))
                continue
            yield from told
            if not told:
                journal.skip()


def _objects(file: Path, journal: Journal) -> Iterator[tuple[int, dict[str, Any]]]:
    document = json_file(file, journal)
    pages = objects(document) or [mapping(document)]
    found = [event for page in pages for key in EVENTS for event in objects(page.get(key))]
    for number, event in enumerate(found, start=1):
        usage = mapping(event.get("tokenUsage"))
        yield (
            number,
            {
                "at": event.get("timestamp"),
                "session": event.get("conversationId"),
                "person": event.get("userEmail"),
                "model": event.get("model"),
                "kind": event.get("kind") or event.get("kindLabel"),
                "input": usage.get("inputTokens"),
                "output": usage.get("outputTokens"),
                "cache_read": usage.get("cacheReadTokens"),
                "cache_creation": usage.get("cacheWriteTokens"),
                "cost_usd": _dollars(usage.get("totalCents"), 100),
            },
        )


def _rows(file: Path, journal: Journal) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            reader = csv.DictReader(line.replace("\0", "") for line in lines)
            for row in reader:
                numbers = {name: _number(row.get(name)) for name in row if name}
                yield (
                    reader.line_num,
                    {
                        "at": row.get("Date"),
                        "session": row.get("Conversation ID") or row.get("Cloud Agent ID"),
                        "person": row.get("User"),
                        "model": row.get("Model"),
                        "kind": row.get("Kind"),
                        "input": numbers.get("Input (w/o Cache Write)"),
                        "output": numbers.get("Output Tokens"),
                        "cache_read": numbers.get("Cache Read"),
                        "cache_creation": _written(numbers),
                        "cost_usd": _dollars((row.get("Cost") or "").lstrip("$"), 1),
                    },
                )
    except csv.Error as error:
        journal.quarantine(file, None, f"the file is not CSV: {error}")
    except OSError as error:
        journal.warn(f"{file} could not be read: {error.strerror}.")


def _told(values: dict[str, Any]) -> Iterator[Event]:
    kind = text(values["kind"])
    counts = known(
        input_tokens=tokens(values["input"]),
        output_tokens=tokens(values["output"]),
        cache_read_tokens=tokens(values["cache_read"]),
        cache_creation_tokens=tokens(values["cache_creation"]),
        cost_usd=0.0 if _is_not_charged(kind) else values["cost_usd"],
        is_free="true" if _is_not_charged(kind) else None,
    )
    if any(count for name, count in counts.items() if name.endswith("_tokens")):
        yield _event("api_request", values, counts)
    if (kind or "").lower().removeprefix(KIND).startswith("errored"):
        yield _event("api_error", values, {})


def _event(name: str, values: dict[str, Any], counts: dict[str, Any]) -> Event:
    person, session = text(values["person"]), text(values["session"])
    named = known(
        session__id=session,
        model=text(values["model"]),
        kind=text(values["kind"]),
        user__email=person.lower() if person else None,
    )
    return Event(
        instant(values["at"]),
        f"cursor.{name}",
        session or "",
        named | counts,
        agent="cursor",
        person=person.lower() if person else None,
        source="export",
    )


def _is_not_charged(kind: str | None) -> bool:
    """Whether it is `Errored, Not Charged`, or `USAGE_EVENT_KIND_ABORTED_NOT_CHARGED` and the like."""
    return "not charged" in (kind or "").lower().replace("_", " ")


def _written(numbers: dict[str, Any]) -> Any:
    """Cache writes: a column of their own, or what one column of input has more than the other.

    Exports did it both ways; the row's total tells which.
    """
    with_writes = numbers.get("Input (w/ Cache Write)") or 0
    without = numbers.get("Input (w/o Cache Write)") or 0
    rest = (numbers.get("Cache Read") or 0) + (numbers.get("Output Tokens") or 0)
    if with_writes >= without and numbers.get("Total Tokens") == with_writes + rest:
        return with_writes - without
    return with_writes


def _number(value: Any) -> int | None:
    digits = value.replace(",", "").strip() if isinstance(value, str) else ""
    return int(digits) if digits.isdecimal() else None


def _dollars(value: Any, per_dollar: int) -> float | None:
    """An amount of money; `Included` and the like say nothing about it."""
    try:
        amount = float(value) / per_dollar
    except (ValueError, TypeError):
        return None
    return amount if 0 < amount < float("inf") else None
