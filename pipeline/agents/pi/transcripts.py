"""Pi: `agent/sessions/--<folder>--/<time>_<session>.jsonl`, one tree of entries per file.

All branches of a tree were paid for, so every entry counts. Usage stands on assistant messages, on results
of tools that called models themselves, and on compactions and summaries of branches. The four kinds of
tokens are disjoint; reasoning is part of the output. A cost of 0 means that Pi knew no price.

A fork's file begins with its parent's entries as they were: what an earlier session has told is a repetition.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import (
    BadRecord,
    Event,
    Journal,
    instant,
    known,
    mapping,
    money,
    objects,
    text,
    tokens,
)
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.usage import tell_unknown

AGENT = "pi"
NO_USAGE = frozenset(
    {
        "title",
        "session",
        "model_change",
        "thinking_level_change",
        "label",
        "session_info",
        "message user",
        "message bashExecution",  # what a person ran
        # Without usage of their own they tell only how large the context was.
        "compaction",
        "branch_summary",
        "message compactionSummary",
        "message branchSummary",
    }
)
SUMMARIES = ("compaction", "branch_summary")
SUBAGENT = "subagent-"  # how extensions begin the name of a session that a tool started

# An event, with what tells it from others.
Told = tuple[tuple[Any, ...], Event]


@dataclass
class Session:
    """One file: what its header says, and what it tells."""

    name: str
    began: str = "~"  # after all times
    cwd: str | None = None
    parent: str | None = None
    is_subagent: bool = False
    model: str | None = None
    provider: str | None = None
    told: list[Told] = field(default_factory=list)


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is the header of a session of Pi."""
    return value.get("type") == "session" and {"id", "timestamp", "cwd"} <= value.keys()


def is_file(sample: Sample) -> bool:
    """Never: the header tells."""
    return False


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts, tools and errors of all sessions, each once."""
    sessions = [_read(file, journal) for file in files]
    seen: set[tuple[Any, ...]] = set()
    for session in sorted(sessions, key=lambda session: (session.began, session.parent or "", session.name)):
        for key, event in session.told:
            if key in seen:
                journal.repeat(1)
                continue
            seen.add(key)
            if not session.is_subagent:
                yield event
            elif event.name not in (f"{AGENT}.user_prompt", f"{AGENT}.session_start"):
                yield _of_parent(event, session)


def _of_parent(event: Event, session: Session) -> Event:
    parent = session.parent or session.name
    attributes = {"thread.id": session.name} | event.attributes | {"session.id": parent}
    return Event(event.at, event.name, parent, attributes, agent=AGENT, cwd=event.cwd)


def _read(file: Path, journal: Journal) -> Session:
    session = Session(file.name.partition(".jsonl")[0].rpartition("_")[2])
    for number, entry in json_lines(file, journal):
        try:
            session.told += _entry(session, entry, file, number, journal)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
    return session


def _entry(
    session: Session, entry: dict[str, Any], file: Path, number: int, journal: Journal
) -> Iterator[Told]:
    kind = text(entry.get("type")) or "unknown"
    message = mapping(entry.get("message")) if kind == "message" else entry
    if kind == "message":
        kind = f"message {text(message.get('role')) or 'unknown'}"
    if kind == "session":
        yield from _header(session, entry)
    elif kind == "model_change":
        session.model, session.provider = text(entry.get("modelId")), text(entry.get("provider"))
    elif kind == "session_info":
        session.is_subagent = bool(session.parent) and str(entry.get("name")).startswith(SUBAGENT)
    elif kind == "message user":
        yield _prompt(session, entry, message)

    usage = message.get("usage")
    if kind == "message assistant":
        session.model = text(message.get("responseModel")) or text(message.get("model")) or session.model
        session.provider = text(message.get("provider")) or session.provider
        if message.get("stopReason") == "error":
            yield _error(session, entry, message)
    if kind == "message toolResult":
        yield _tool(session, entry, message)
    call = None
    if kind in (*SUMMARIES, "message assistant", "message toolResult") and isinstance(usage, dict):
        call = _call(session, entry, message, kind, usage)
    if call:
        yield call
    else:
        tell_unknown(journal, file, number, AGENT, kind, message, NO_USAGE)


def _header(session: Session, entry: dict[str, Any]) -> Iterator[Told]:
    session.name = text(entry.get("id")) or session.name
    session.began = text(entry.get("timestamp")) or session.began
    session.cwd = text(entry.get("cwd"))
    parent = text(entry.get("parentSession"))  # the path of its file
    session.parent = (
        re.split(r"[/\\]", parent)[-1].removesuffix(".jsonl").rpartition("_")[2] if parent else None
    )
    session.model, session.provider = text(entry.get("modelId")), text(entry.get("provider"))
    yield ("start", session.name), _event("session_start", session, entry, {})


def _prompt(session: Session, entry: dict[str, Any], message: dict[str, Any]) -> Told:
    event = _event("user_prompt", session, entry, known(message__uuid=text(entry.get("id"))), message)
    return ("prompt", text(entry.get("id")), event.at), event


def _call(
    session: Session, entry: dict[str, Any], message: dict[str, Any], kind: str, usage: dict[str, Any]
) -> Told | None:
    """A call of a model; None if it used nothing."""
    counts = {
        "input_tokens": tokens(usage.get("input")),
        "output_tokens": tokens(usage.get("output")),
        "cache_read_tokens": tokens(usage.get("cacheRead")),
        "cache_creation_tokens": tokens(usage.get("cacheWrite")),
    }
    cost = money(mapping(usage.get("cost")).get("total")) or None
    if not any(counts.values()) and not cost:
        return None
    an_hour = tokens(usage.get("cacheWrite1h"))
    # A tool may call any model, and does not say which.
    own = kind != "message toolResult"
    attributes = counts | known(
        model=session.model if own else text(message.get("model")),
        provider=session.provider if own else text(message.get("provider")),
        cache_creation_1h_tokens=an_hour or None,
        cost_usd=cost,
    )
    response = text(message.get("responseId"))
    event = _event("api_request", session, entry, attributes, message)
    place = text(entry.get("id")) or text(entry.get("toolCallId")) or "entry"
    # The same in every copy of the entry, whichever file is read first.
    event.attributes["request_id"] = response or f"{place}:{event.at.isoformat(timespec='milliseconds')}"
    return ("call", event.attributes["request_id"], event.at, session.model, *counts.values()), event


def _tool(session: Session, entry: dict[str, Any], message: dict[str, Any]) -> Told:
    success = message.get("isError") is not True
    tool = text(message.get("toolName"))
    written = "\n".join(str(block.get("text")) for block in objects(message.get("content")))
    diff = mapping(message.get("details")).get("diff")
    changed = diff.split("\n") if success and isinstance(diff, str) else None
    attributes = known(
        tool_name=tool,
        tool_use_id=text(message.get("toolCallId")),
        success="true" if success else "false",
        **made_in(written if tool == "bash" else None),
        lines_added=sum(line.startswith("+") for line in changed) if changed else None,
        lines_removed=sum(line.startswith("-") for line in changed) if changed else None,
    )
    event = _event("tool_result", session, entry, attributes, message)
    return ("tool", text(entry.get("id")), attributes.get("tool_use_id"), event.at), event


def _error(session: Session, entry: dict[str, Any], message: dict[str, Any]) -> Told:
    status = re.match(r"[45]\d\d\b", str(message.get("errorMessage")))
    attributes = known(model=session.model, status_code=int(status[0]) if status else None)
    event = _event("api_error", session, entry, attributes, message)
    return ("error", text(entry.get("id")), event.at), event


def _event(
    name: str,
    session: Session,
    entry: dict[str, Any],
    attributes: dict[str, Any],
    message: dict[str, Any] | None = None,
) -> Event:
    at = entry.get("timestamp") or mapping(message).get("timestamp")
    named = {"session.id": session.name} | attributes
    return Event(instant(at), f"{AGENT}.{name}", session.name, named, agent=AGENT, cwd=session.cwd)
