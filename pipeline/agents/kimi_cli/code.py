"""Kimi Code: `sessions/<folder>/<session>/agents/<agent>/wire.jsonl`, with `state.json` of the session.

A `usage.record` is one call of a model, which the `llm.request` before it names. What stands before the last
`forked` line was copied from the session that `state.json` names, and is told as that session's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import BadRecord, Journal, known, mapping, text, tokens
from pipeline.agents.files import json_file
from pipeline.agents.kimi_cli.wire import AGENT, EDIT_TOOLS, Place, Told, output_of, says
from pipeline.agents.usage import tell_unknown, tell_unread

MAIN = "main"
KINDS = {
    "input_tokens": "inputOther",
    "output_tokens": "output",
    "cache_read_tokens": "inputCacheRead",
    "cache_creation_tokens": "inputCacheCreation",
}
LOOP, USAGE, STEP = "context.append_loop_event", "usage.record", "step.end"
NO_USAGE = frozenset(
    {
        # What usage.record tells again.
        *(LOOP, "context.append_message", "subagent.completed"),
        # How full the context is.
        *(f"token_counting.{what}" for what in ("measured", "rebased", "truncated", "turn_recorded")),
        *("context.apply_compaction", "full_compaction.complete"),
        # What a request and a goal may use.
        *("llm.request", "goal.create", "goal.update"),
    }
)
# What a person typed, and what they began by typing; others are the agent's own.
BY_HAND = {"skill_activation": "user-slash", "plugin_command": "user-slash"}


@dataclass(frozen=True)
class Fact:
    """What a line tells, before it is known whose it is."""

    line: int
    name: str
    at: Any
    attributes: dict[str, Any]
    key: tuple[Any, ...]


def told(file: Path, lines: Iterable[tuple[int, dict[str, Any]]], journal: Journal) -> Iterator[Told]:
    """What one file tells."""
    folder = file.parents[2] if len(file.parents) > 2 else file.parent
    state_file = folder / "state.json"
    state = mapping(json_file(state_file, journal)) if state_file.is_file() else {}
    if mapping(state.get("custom")).get("imported_from_kimi_cli") is True:
        journal.skip()  # Kimi CLI's own files tell
        return
    agent, origin = file.parent.name, text(state.get("forkedFrom"))
    copied: list[Fact] = []
    own: list[Fact] = []
    request: dict[str, Any] = {}
    tools: dict[str, str] = {}
    in_loop: list[tuple[int, dict[str, Any]]] = []
    has_records = False
    for number, line in lines:
        kind = text(line.get("type")) or "line without a type"
        has_records |= kind == USAGE
        if kind == "llm.request":
            request = {name: line.get(name) for name in ("model", "provider")}
        elif kind == "forked":
            copied += own
            own = []
        try:
            own += _facts(number, agent, kind, line, request, tools)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
        if kind == LOOP:
            in_loop.append((number, mapping(line.get("event"))))
        if kind == USAGE:
            tell_unread(journal, file, number, AGENT, kind, mapping(line.get("usage")), KINDS.values())
            line |= {"usage": None}
        tell_unknown(journal, file, number, AGENT, kind, line, NO_USAGE)
    if not has_records:
        _tell_unread(file, in_loop, journal)
    for session, facts in ((origin or folder.name, copied), (folder.name, own)):
        # A folder that was copied as a whole holds no `forked` line.
        order = origin is not None, folder.name
        thread = f"{session}:{agent}" if agent != MAIN else None
        place = Place(session, thread, order, text(state.get("cwd")) or text(state.get("workDir")))
        is_begun_here = facts is own and facts and agent == MAIN and (copied or not origin)
        if is_begun_here and state.get("createdAt") is not None:
            try:
                yield place.told("session_start", state["createdAt"], {}, session)
            except BadRecord as error:
                journal.quarantine(state_file, None, str(error))
        for fact in facts:
            # Steps tell again what records tell.
            if fact.name == STEP and has_records:
                continue
            name = "api_request" if fact.name == STEP else fact.name
            try:
                yield place.told(name, fact.at, fact.attributes, *fact.key)
            except BadRecord as error:
                journal.quarantine(file, fact.line, str(error))


def _tell_unread(file: Path, in_loop: Iterable[tuple[int, dict[str, Any]]], journal: Journal) -> None:
    """Tell of usage in the loop of an agent that is not read; no records tell it again."""
    for number, event in in_loop:
        kind = text(event.get("type")) or "loop event without a type"
        if kind == STEP:
            tell_unread(journal, file, number, AGENT, kind, mapping(event.get("usage")), KINDS.values())
        else:
            tell_unknown(journal, file, number, AGENT, kind, event)


def _facts(
    number: int, agent: str, kind: str, line: dict[str, Any], request: dict[str, Any], tools: dict[str, str]
) -> list[Fact]:
    at, event = line.get("time"), mapping(line.get("event"))

    def fact(name: str, attributes: dict[str, Any], *key: Any) -> list[Fact]:
        return [Fact(number, name, at, attributes, (*map(str, key), str(at)))]

    if kind == USAGE or (kind == LOOP and event.get("type") == STEP):
        alias, used = text(line.get("model")), mapping((line if kind == USAGE else event).get("usage"))
        counts = {kind: tokens(used.get(name)) for kind, name in KINDS.items()}
        model = known(model=text(request.get("model")) or alias, provider=text(request.get("provider")))
        name = "api_request" if kind == USAGE else STEP
        return fact(name, counts | model, agent, alias, *counts.values()) if any(counts.values()) else []
    if kind == LOOP and event.get("type") == "tool.call":
        tools[str(event.get("toolCallId"))] = text(event.get("name")) or ""
    elif kind == LOOP and event.get("type") == "tool.result":
        call, result = str(event.get("toolCallId")), mapping(event.get("result"))
        tool = tools.get(call)
        attributes = known(
            tool_name=tool or None,
            tool_use_id=call,
            success="false" if result.get("isError") is True else "true",
            **made_in(output_of(result) if tool in ("Bash", "Shell") else None),
        )
        done = fact("tool_result", attributes, call)
        if tool in EDIT_TOOLS and attributes["success"] == "true":
            decided = {"tool_name": tool, "tool_use_id": call, "decision": "accept"}
            done += fact("tool_decision", decided, call)
        return done
    elif kind == "permission.record_approval_result" and line.get("toolName") in EDIT_TOOLS:
        call, decision = str(line.get("toolCallId")), mapping(line.get("result")).get("decision")
        if decision == "rejected":
            decided = {"tool_name": line["toolName"], "tool_use_id": call, "decision": "reject"}
            return fact("tool_decision", decided, call)
    elif kind in ("turn.prompt", "turn.steer") and agent == MAIN and _is_typed(line):
        return fact("user_prompt", {})
    elif kind == "turn.ended" and line.get("reason") == "failed":
        return fact("api_error", known(error_type=text(mapping(line.get("error")).get("code"))), agent)
    return []


def _is_typed(line: dict[str, Any]) -> bool:
    """Whether a prompt is what a person typed."""
    origin = line.get("origin")
    described = origin if isinstance(origin, dict) else {"kind": origin}
    kind = text(described.get("kind"))
    if kind == "shell_command":
        return described.get("phase") == "input"
    by_hand = kind == "user" or (kind in BY_HAND and described.get("trigger") == BY_HAND[kind])
    return by_hand and says(line.get("input"))
