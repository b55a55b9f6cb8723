"""Qwen Code: `projects/<project>/chats/<session>.jsonl`, sub-agents in `subagents/<session>/` beside it.

Its lines are called like Claude Code's and hold Gemini's messages. A call of a model is told as the event of
its telemetry (`ui_telemetry`), with an id, and a little later again as `usageMetadata` of the answer, without
one; older files have only that. A sub-agent's calls are told in its parent's file, and in its own.

Input holds cached input. Thoughts are in the output where the total is input and output alone, else beside
it. A branch copies its parent's records and says so (`forkedFrom`).

`usage/token-usage-*.jsonl` is a ledger of all calls: see `ledger`.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, objects, text, tokens
from pipeline.agents.files import Sample, json_lines, json_text
from pipeline.agents.qwen_code import ledger
from pipeline.agents.usage import tell_unknown

AGENT = "qwen_code"
PREFIX = "qwen-code"  # of its events
TYPES = ("user", "assistant", "tool_result", "system")
EDIT_TOOLS = ("edit", "replace", "write_file")
SHELL = "run_shell_command"
ACCEPTED = ("accept", "auto_accept", "modify")
# With these, the output of a model holds its thoughts, if no total tells.
THOUGHTS_INSIDE = ("openai", "anthropic", "qwen-oauth")
AT_ONCE = dt.timedelta(seconds=2)  # between a call's event and its answer
READ = frozenset({"assistant", "system", "tool_result", "user"})
# Sizes of the conversation, and what is read for something else.
NO_USAGE = frozenset({"attribution_snapshot", "chat_compression", "file_history_snapshot", "turn_result"})

Key = tuple[str | None, int, int, int]


@dataclass(frozen=True)
class Told:
    """What a record tells.

    Attributes:
        name: what tells it from others; a copy has its original's.
        event: what happened.
        is_copy: whether it stands in a branch.
        key: of a call of a model, what its event and its answer have in common.
        subagents: names of the sub-agent whose call it is.
    """

    name: str
    event: Event
    is_copy: bool = False
    key: Key | None = None
    subagents: frozenset[str] = frozenset()


@dataclass
class Chat:
    """One file."""

    file: Path
    calls: list[Told] = field(default_factory=list)
    answers: list[Told] = field(default_factory=list)
    others: list[Told] = field(default_factory=list)
    tools: dict[str, Told] = field(default_factory=dict)  # those that wait for their result


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Qwen Code's."""
    if value.get("type") not in TYPES or "sessionId" not in value:
        return ledger.is_line(value)
    in_parts = isinstance(mapping(value.get("message")).get("parts"), list)
    return in_parts or bool(value.keys() & {"usageMetadata", "systemPayload", "provenance"})


def is_file(sample: Sample) -> bool:
    """Whether a file is Qwen Code's whose first line is longer than what was read."""
    return sample.head.lstrip().startswith(b'{"uuid"') and b'"parts":[' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts, tools and errors of all sessions, each once."""
    parents: dict[str, str] = {}
    ledgers = [file for file in files if ledger.is_line(mapping(json_text(Sample.of(file).first_line)))]
    chats = [_read(file, parents, journal) for file in files if file not in ledgers]
    in_parents: dict[str, set[str]] = defaultdict(set)
    for chat in chats:
        for call in chat.calls:
            in_parents[call.event.session] |= call.subagents
    found: dict[str, Told] = {}
    for chat in chats:
        for told in (*chat.calls, *_untold(chat, in_parents, journal), *chat.others):
            if told.name in found:
                journal.repeat(1)
            # Where a branch's parent is there, too, its own record counts.
            if told.name not in found or (found[told.name].is_copy and not told.is_copy):
                found[told.name] = told
    noted = {
        event.attributes["request_id"]: event for file in ledgers for event in ledger.calls(file, journal)
    }
    for event in (*(told.event for told in found.values()), *noted.values()):
        yield from _of_person(event, parents)


def _untold(chat: Chat, in_parents: dict[str, set[str]], journal: Journal) -> Iterator[Told]:
    """The answers whose call no event tells."""
    times: dict[Key | None, list[dt.datetime]] = defaultdict(list)
    for call in chat.calls:
        times[call.key].append(call.event.at)
    for answer in chat.answers:
        same = times[answer.key]
        near = next((at for at in same if abs(answer.event.at - at) <= AT_ONCE), None)
        if near is not None:
            same.remove(near)
        elif answer.subagents & in_parents[answer.event.session]:
            journal.repeat(1)
        else:
            yield answer


def _of_person(event: Event, parents: dict[str, str]) -> Iterator[Event]:
    """The event as a part of the session that a person began; a prompt to one that it spawned is none."""
    root, passed = event.session, {event.session}
    while (parent := parents.get(root)) and parent not in passed:
        passed.add(parent)
        root = parent
    if root == event.session:
        yield event
    elif event.name != f"{PREFIX}.user_prompt":
        named = {"thread.id": event.session} | event.attributes | {"session.id": root}
        yield replace(event, session=root, attributes=named)


def _read(file: Path, parents: dict[str, str], journal: Journal) -> Chat:
    chat = Chat(file)
    for number, line in json_lines(file, journal):
        kind = text(line.get("type"))
        try:
            if kind == "system":
                _system(chat, line, number, parents, journal)
            elif kind == "assistant" and isinstance(line.get("usageMetadata"), dict):
                _answer(chat, line, journal)
            elif kind == "tool_result" or _responses(line):
                _result(chat, line)
            elif kind == "user" and _is_prompt(line, file):
                chat.others.append(_told(line, "user_prompt", known(message__uuid=text(line.get("uuid")))))
            elif kind not in READ or kind == "assistant":
                tell_unknown(journal, file, number, AGENT, kind or "record without a type", line)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
    chat.others += chat.tools.values()
    return chat


def _system(chat: Chat, line: dict[str, Any], number: int, parents: dict[str, str], journal: Journal) -> None:
    payload, kind = mapping(line.get("systemPayload")), text(line.get("subtype")) or "system"
    told = mapping(payload.get("uiEvent"))
    event = text(told.get("event.name")) if kind == "ui_telemetry" else None
    if event == "qwen-code.api_response":
        _call(chat, line, told, journal)
    elif event == "qwen-code.api_error":
        status = told.get("status_code")
        attributes = known(
            model=text(told.get("model")),
            status_code=status if type(status) is int else None,
            error_type=text(told.get("error_type")),
        )
        chat.others.append(_told(line, "api_error", attributes))
    elif event == "qwen-code.tool_call":
        _tool(chat, line, told)
    elif kind == "parent_session" and (parent := text(payload.get("parentSessionId"))):
        parents[text(line.get("sessionId")) or ""] = parent
    else:
        tell_unknown(journal, chat.file, number, AGENT, event or kind, payload, NO_USAGE)


def _call(chat: Chat, line: dict[str, Any], told: dict[str, Any], journal: Journal) -> None:
    agent = [text(told.get("subagent_id")), text(told.get("subagent_name"))]
    attributes = _usage(
        text(told.get("model")),
        tokens(told.get("input_token_count")),
        tokens(told.get("output_token_count")),
        tokens(told.get("cached_content_token_count")),
        tokens(told.get("thoughts_token_count")),
        tokens(told.get("tool_token_count")),
        tokens(told.get("total_token_count")),
        text(told.get("auth_type")),
    ) | known(thread__id=agent[0] or agent[1])
    request = text(told.get("response_id"))
    _take(chat.calls, line, attributes, request, frozenset(name for name in agent if name), journal)


def _answer(chat: Chat, line: dict[str, Any], journal: Journal) -> None:
    usage = mapping(line.get("usageMetadata"))
    in_file = chat.file.name.removeprefix("agent-").partition(".")[0] if _is_subagents(chat.file) else None
    agent = [text(line.get("agentId")) or in_file, text(line.get("agentName"))]
    attributes = _usage(
        text(line.get("model")),
        tokens(usage.get("promptTokenCount")),
        tokens(usage.get("candidatesTokenCount")),
        tokens(usage.get("cachedContentTokenCount")),
        tokens(usage.get("thoughtsTokenCount")),
        tokens(usage.get("toolUsePromptTokenCount")),
        tokens(usage.get("totalTokenCount")),
        None,
    ) | known(thread__id=agent[0] or agent[1])
    _take(chat.answers, line, attributes, None, frozenset(name for name in agent if name), journal)


def _usage(
    model: str | None,
    sent: int,
    received: int,
    cached: int,
    thoughts: int,
    for_tools: int,
    total: int,
    auth_type: str | None,
) -> dict[str, Any]:
    if thoughts and total in (sent + received, sent + received + for_tools):
        is_inside = True
    elif thoughts and total in (sent + received + thoughts, sent + received + thoughts + for_tools):
        is_inside = False
    elif auth_type:
        is_inside = auth_type in THOUGHTS_INSIDE
    else:
        is_inside = not (model or "").startswith("gemini")
    return known(
        model=model,
        input_token_count=sent,
        output_token_count=received,
        cached_content_token_count=cached,
        thoughts_token_count=None if is_inside else thoughts,
        tool_token_count=for_tools or None,
        total_token_count=total,
    )


def _take(
    calls: list[Told],
    line: dict[str, Any],
    attributes: dict[str, Any],
    request: str | None,
    subagents: frozenset[str],
    journal: Journal,
) -> None:
    counts = [attributes[f"{kind}_token_count"] for kind in ("input", "output", "cached_content")]
    if not any(counts):
        journal.skip()  # a provider that tells no usage
        return
    told = _told(line, "api_response", attributes | known(request_id=request or text(line.get("uuid"))))
    key = (attributes.get("model"), counts[0], counts[1], counts[2])
    calls.append(replace(told, name=request or told.name, key=key, subagents=subagents))


def _is_subagents(file: Path) -> bool:
    return file.name.startswith("agent-")


def _responses(line: dict[str, Any]) -> list[dict[str, Any]]:
    """What tools answered, in a line that older versions call the user's."""
    parts = objects(mapping(line.get("message")).get("parts"))
    return [part["functionResponse"] for part in parts if isinstance(part.get("functionResponse"), dict)]


def _is_prompt(line: dict[str, Any], file: Path) -> bool:
    """Whether a person typed it, and not a timer, a goal or an agent."""
    return (
        line.get("subtype") in (None, "mid_turn_user_message")
        and line.get("provenance") in (None, "real_user")
        and line.get("isSidechain") is not True
        and not _is_subagents(file)
    )


def _tool(chat: Chat, line: dict[str, Any], told: dict[str, Any]) -> None:
    """A call of a tool waits for its result, which tells the commit that it made."""
    call, tool = text(told.get("call_id")) or "", text(told.get("function_name"))
    success = told.get("success") is True
    duration = told.get("duration_ms")
    attributes = known(
        tool_name=tool,
        tool_use_id=call or None,
        success="true" if success else "false",
        duration_ms=duration if type(duration) is int else None,
    )
    if success:
        attributes |= _lines(told.get("metadata"))
    if call in chat.tools:  # an id that is used again
        chat.others.append(chat.tools[call])
    chat.tools[call] = _told(line, "tool_result", attributes)
    decision = text(told.get("decision"))
    if decision and tool in EDIT_TOOLS:
        decided = known(tool_name=tool, tool_use_id=call or None)
        decided["decision"] = "accept" if decision in ACCEPTED else "reject"
        event = _told(line, "tool_decision", decided)
        chat.others.append(replace(event, name=f"decision {event.name}"))


def _result(chat: Chat, line: dict[str, Any]) -> None:
    result = mapping(line.get("toolCallResult"))
    answers = _responses(line)
    answer = answers[0] if answers else {}
    call = text(result.get("callId")) or text(answer.get("id")) or ""
    shown = result.get("resultDisplay")
    told = chat.tools.pop(call, None)
    if not told:
        attributes = known(tool_name=text(answer.get("name")), tool_use_id=call or None)
        if result:
            attributes["success"] = "true" if result.get("status") == "success" else "false"
            attributes |= _lines(mapping(shown).get("diffStat"))
        told = _told(line, "tool_result", attributes)
    if told.event.attributes.get("tool_name") == SHELL:
        output = mapping(shown).get("text") or mapping(answer.get("response")).get("output")
        told.event.attributes.update(known(**made_in(shown if isinstance(shown, str) else output)))
    chat.others.append(told)


def _lines(counts: Any) -> dict[str, Any]:
    counted = {
        name: mapping(counts).get(f"model_{word}_lines")
        for name, word in (("lines_added", "added"), ("lines_removed", "removed"))
    }
    return {name: count for name, count in counted.items() if type(count) is int and 0 <= count < 1e9}


def _told(line: dict[str, Any], name: str, attributes: dict[str, Any]) -> Told:
    """What a line tells, of the session that it was first written in."""
    origin = line.get("forkedFrom")
    session = text(mapping(origin).get("sessionId")) or text(line.get("sessionId")) or "unknown"
    at = instant(line.get("timestamp"))
    named = known(
        session__id=session,
        app__version=text(line.get("version")),
        vcs__ref__head__name=text(line.get("gitBranch")),
    )
    event = Event(
        at,
        f"{PREFIX}.{name}",
        session,
        named | attributes,
        agent=AGENT,
        cwd=text(line.get("cwd")),
        version=text(line.get("version")),
    )
    return Told(text(line.get("uuid")) or f"{session} {name} {at}", event, isinstance(origin, dict))
