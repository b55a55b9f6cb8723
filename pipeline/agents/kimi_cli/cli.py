"""Kimi CLI: `sessions/<folder>/<session>/wire.jsonl`, sub-agents in `subagents/<agent>/wire.jsonl` below it.

A `StatusUpdate` with `token_usage` is one step of a model; the model is not told. What sub-agents do is
mirrored in their session's file as `SubagentEvent`, which counts only where they have no files of their own.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import BadRecord, Journal, known, mapping, text, tokens
from pipeline.agents.files import json_file
from pipeline.agents.kimi_cli.wire import AGENT, EDIT_TOOLS, Place, Told, output_of, says
from pipeline.agents.usage import tell_unknown, tell_unread

KINDS = {
    "input_tokens": "input_other",
    "output_tokens": "output",
    "cache_read_tokens": "input_cache_read",
    "cache_creation_tokens": "input_cache_creation",
}
# kimi_cli/soul/approval.py
REJECTED = "The tool call is rejected by the user"
# How full the context is.
CONTEXT = ("context_usage", "context_tokens", "max_context_tokens")


def is_line(value: dict[str, Any]) -> bool:
    """Whether a line is a message of Kimi CLI."""
    message = value.get("message")
    return (
        isinstance(value.get("timestamp"), int | float)
        and isinstance(message, dict)
        and isinstance(message.get("type"), str)
        and "payload" in message
    )


def told(file: Path, lines: Iterable[tuple[int, dict[str, Any]]], journal: Journal) -> Iterator[Told]:
    """What one file tells."""
    is_subagent = file.parent.parent.name == "subagents"
    folder = file.parents[2] if is_subagent else file.parent
    place = Place(folder.name, file.parent.name if is_subagent else None, _order(folder, journal))
    have_files = {there.parent.name for there in folder.glob("subagents/*/wire.jsonl")}
    tools: dict[str, str] = {}
    for number, line in lines:
        if line.get("type") == "metadata":
            continue
        message, of = mapping(line.get("message")), place
        kind, payload = text(message.get("type")), mapping(message.get("payload"))
        if kind == "SubagentEvent":
            agent = text(payload.get("agent_id")) or text(payload.get("task_tool_call_id"))
            if agent in have_files:
                continue
            inner = mapping(payload.get("event"))
            kind, payload = text(inner.get("type")), mapping(inner.get("payload"))
            of = Place(place.session, agent or "subagent", place.order)
        try:
            yield from _message(of, kind, payload, line.get("timestamp"), tools)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
        rest, kind = dict(payload), kind or "line without a type"
        if kind == "StatusUpdate":
            rest.pop("token_usage", None)
            usage = mapping(payload.get("token_usage"))
            tell_unread(journal, file, number, AGENT, f"{kind}.token_usage", usage, KINDS.values())
        for name in CONTEXT:
            rest.pop(name, None)
        tell_unknown(journal, file, number, AGENT, kind, line | {"message": rest})


def _order(folder: Path, journal: Journal) -> tuple[Any, ...]:
    """A fork is known by its title only."""
    state = folder / "state.json"
    title = text(mapping(json_file(state, journal)).get("title")) if state.is_file() else None
    return (title or "").startswith("Fork"), folder.name


def _message(
    place: Place, kind: str | None, payload: dict[str, Any], timestamp: Any, tools: dict[str, str]
) -> Iterator[Told]:
    is_number = isinstance(timestamp, int | float) and not isinstance(timestamp, bool)
    at = round(timestamp * 1000) if is_number and abs(timestamp) < 1e12 else None
    if kind == "StatusUpdate":
        usage = mapping(payload.get("token_usage"))
        counts = {name: tokens(usage.get(key)) for name, key in KINDS.items()}
        if any(counts.values()):
            response = text(payload.get("message_id"))
            attributes = counts | known(request_id=response)
            yield place.told("api_request", at, attributes, response, at, *counts.values())
    elif kind in ("TurnBegin", "SteerInput") and place.thread is None and says(payload.get("user_input")):
        yield place.told("user_prompt", at, {}, at)
    elif kind == "StepRetry":
        status = payload.get("status_code")
        attributes = known(
            status_code=status if type(status) is int else None, error_type=text(payload.get("error_type"))
        )
        yield place.told("api_error", at, attributes, place.thread, at)
    elif kind == "ToolCall":
        tools[str(payload.get("id"))] = text(mapping(payload.get("function")).get("name")) or ""
    elif kind == "ToolResult":
        call, result = str(payload.get("tool_call_id")), mapping(payload.get("return_value"))
        tool = tools.get(call)
        attributes = known(
            tool_name=tool or None,
            tool_use_id=call,
            success="false" if result.get("is_error") is True else "true",
            **made_in(output_of(result) if tool in ("Shell", "Bash") else None),
        )
        yield place.told("tool_result", at, attributes, call, at)
        is_rejected = (text(result.get("message")) or "").startswith(REJECTED)
        if tool in EDIT_TOOLS and (is_rejected or result.get("is_error") is not True):
            decision = "reject" if is_rejected else "accept"
            decided = {"tool_name": tool, "tool_use_id": call, "decision": decision}
            yield place.told("tool_decision", at, decided, call, at)
