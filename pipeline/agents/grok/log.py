"""Grok CLI's log, `logs/unified.jsonl`: one line per call, of versions whose sessions told no usage."""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, text, tokens
from pipeline.agents.files import json_lines
from pipeline.agents.grok.sessions import AGENT, KINDS, Session
from pipeline.agents.usage import tell_unknown

CALL = "shell.turn.inference_done"


def is_line(value: dict[str, Any]) -> bool:
    """Whether a line is the log's."""
    return {"ts", "src", "lvl", "msg", "pid"} <= value.keys()


def calls(
    file: Path, sessions: Mapping[str, Session], journal: Journal
) -> Iterator[tuple[tuple[Any, ...], Session, Event]]:
    """The calls of sessions that tell no usage themselves."""
    models: dict[str, list[tuple[dt.datetime, str]]] = {}
    unknown = 0
    for number, line in json_lines(file, journal):
        name = text(line.get("sid")) or ""
        session = sessions.get(name)
        if session and session.turns:
            continue
        if line.get("msg") != CALL:
            tell_unknown(journal, file, number, AGENT, f"log {line.get('msg')}", line.get("ctx"))
            continue
        try:
            counts = _counts(mapping(line.get("ctx")))
            if not session:
                unknown += sum(counts.values())
                continue
            at = instant(line.get("ts"))
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
            continue
        if name not in models:
            models[name] = _models(session, journal)
        before = [model for since, model in models[name] if since <= at]
        request = f"{name}:{line.get('ts')}:{mapping(line.get('ctx')).get('loop_index')}"
        attributes = counts | known(
            session__id=name, model=before[-1] if before else session.model, request_id=request
        )
        event = Event(at, f"{AGENT}.api_request", name, attributes, agent=AGENT, cwd=session.cwd)
        yield ("log", request), session, event
    if unknown:
        journal.warn(
            f"{file} tells {unknown:,} tokens of sessions that are not there. They are not counted: their"
            " sessions may have told them before."
        )


def _counts(told: dict[str, Any]) -> dict[str, int]:
    read = tokens(told.get("cached_prompt_tokens"))
    sent, received = tokens(told.get("prompt_tokens")), tokens(told.get("completion_tokens"))
    return dict(zip(KINDS, (max(0, sent - read), received, read, 0), strict=True))


def _models(session: Session, journal: Journal) -> list[tuple[dt.datetime, str]]:
    """Since when which model was used, as the session's `events.jsonl` tells."""
    file = session.file.with_name("events.jsonl")
    found: list[tuple[dt.datetime, str]] = []
    for _, line in json_lines(file, journal) if file.is_file() else ():
        model = text(line.get("model_id"))
        if line.get("type") == "turn_started" and model:
            try:
                found.append((instant(line.get("ts") or line.get("timestamp")), model))
            except BadRecord:
                continue
    return sorted(found)
