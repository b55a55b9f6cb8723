"""Gemini CLI: `tmp/<project>/chats/session-*.jsonl`, or one JSON document in older versions.

A message is written again whenever it changes: the last one of an id that has tokens counts. `$set` lines
change what is known of the session; a rewind (`$rewindTo`) takes messages out of the conversation, but not
off the bill, so that they stay.

A sub-agent's file lies in a folder that is called like the session that it is part of
(google-gemini/gemini-cli, chatRecordingService.ts).

Input holds cached input; thoughts are not in the output, as in Gemini CLI's telemetry.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, objects, text, tokens
from pipeline.agents.files import Sample, json_file, json_lines
from pipeline.agents.usage import tell_unknown

AGENT = "gemini_cli"
EDIT_TOOLS = ("replace", "write_file")
SHELL = "run_shell_command"
# What the agent itself writes into the user's turn.
NOT_TYPED = ("<session_context>", "<hook_context>", "This is the Gemini CLI. We are setting up the context")
# How the failure of a request begins that a person was shown: errorParsing.ts and useHistoryManager.ts.
FAILED = "[API Error: "
STATUS = re.compile(r"\(Status: ([A-Z_]{1,40})\)")
NO_USAGE = frozenset({"user", "info", "error", "warning"})


@dataclass
class Chat:
    """One file: what is known of its session so far."""

    file: Path
    session: dict[str, Any]

    @property
    def own_id(self) -> str:
        return text(self.session.get("sessionId")) or self.file.stem

    @property
    def is_subagent(self) -> bool:
        return self.session.get("kind") == "subagent"

    @property
    def root(self) -> str:
        """The session that a person started."""
        return self.file.parent.name if self.is_subagent else self.own_id

    def event(self, name: str, at: Any, attributes: dict[str, Any]) -> Event:
        thread = self.own_id if self.own_id != self.root else None
        of_session = known(session__id=self.root, thread__id=thread)
        return Event(
            instant(at), f"{AGENT}.{name}", self.root, of_session | attributes, agent=AGENT, cwd=_folder(self)
        )


@dataclass(frozen=True)
class Told:
    """An event, and when the session began that tells it."""

    event: Event
    began: str


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Gemini CLI's."""
    return "projectHash" in value or "$set" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is Gemini CLI's document over several lines."""
    return sample.is_json and b'"projectHash"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The starts, responses, prompts and tools of all sessions."""
    found: dict[str, Told] = {}
    for file in files:
        chat, told_before = Chat(file, {}), len(found)
        for number, message in _messages(chat, journal):
            try:
                for name, event in _events(chat, message, number, journal):
                    _keep(found, name, Told(event, str(chat.session.get("startTime"))), journal)
            except BadRecord as error:
                journal.quarantine(file, number, str(error))
        try:
            if len(found) > told_before and not chat.is_subagent and chat.session.get("startTime"):
                start = chat.event("session_start", chat.session["startTime"], {})
                found.setdefault(f"start {chat.own_id}", Told(start, ""))
        except BadRecord as error:
            journal.quarantine(file, None, str(error))
    yield from (told.event for told in found.values())


def _keep(found: dict[str, Told], name: str, told: Told, journal: Journal) -> None:
    """Of one session the last record counts; of several that tell the same, the first session's."""
    other = found.get(name)
    if other and other.event == told.event and other.event.attributes == told.event.attributes:
        if name.startswith("message"):
            journal.repeat(1)
        return
    if other:
        journal.repeat(1)
        if other.event.session != told.event.session and other.began <= told.began:
            return
    found[name] = told


def _messages(chat: Chat, journal: Journal) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """Messages with an id, and the line of each; `chat` learns of the session on the way."""
    if chat.file.name.removesuffix(".zst").removesuffix(".gz").endswith(".json"):
        document = mapping(json_file(chat.file, journal))
        chat.session.update(document)
        yield from ((None, message) for message in _with_id(document.get("messages")))
        return
    for number, line in json_lines(chat.file, journal):
        if isinstance(line.get("id"), str):
            yield number, line
            continue
        update = mapping(line.get("$set")) or line
        chat.session.update(update)
        yield from ((number, message) for message in _with_id(update.get("messages")))
        rest = {name: value for name, value in update.items() if name != "messages"}
        tell_unknown(journal, chat.file, number, AGENT, "session", rest)


def _with_id(messages: Any) -> Iterator[dict[str, Any]]:
    return (message for message in objects(messages) if isinstance(message.get("id"), str))


def _events(
    chat: Chat, message: dict[str, Any], number: int | None, journal: Journal
) -> Iterator[tuple[str, Event]]:
    """What a message tells, by what tells it from others."""
    name, kind, usage = message["id"], text(message.get("type")), message.get("tokens")
    if kind == "gemini" and isinstance(usage, dict):
        attributes = known(
            model=text(message.get("model")),
            input_token_count=tokens(usage.get("input")),
            output_token_count=tokens(usage.get("output")),
            cached_content_token_count=tokens(usage.get("cached")),
            thoughts_token_count=tokens(usage.get("thoughts")),
            tool_token_count=tokens(usage.get("tool")),
            total_token_count=tokens(usage.get("total")),
            request_id=name,
        )
        yield f"message {name}", chat.event("api_response", message.get("timestamp"), attributes)
    elif kind == "user" and not chat.is_subagent and _is_typed(message.get("content")):
        yield (
            f"message {name}",
            chat.event("user_prompt", message.get("timestamp"), known(message__uuid=name)),
        )
    elif kind == "error" and isinstance(shown := message.get("content"), str) and shown.startswith(FAILED):
        status = STATUS.search(shown)
        attributes = known(error_type=status[1] if status else None)
        yield f"message {name}", chat.event("api_error", message.get("timestamp"), attributes)
    elif kind != "gemini" or usage is not None or "toolCalls" not in message:
        tell_unknown(journal, chat.file, number, AGENT, kind or "message without a type", message, NO_USAGE)
    if kind == "gemini":
        for call in objects(message.get("toolCalls")):
            yield from _tool(chat, call, message)


def _is_typed(content: Any) -> bool:
    """Whether a person wrote something of a message, and not a tool or the agent."""
    if isinstance(content, str):
        return not content.lstrip().startswith(NOT_TYPED)
    parts = objects(content)
    if any("functionResponse" in part for part in parts):
        return False
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    return any(not words.lstrip().startswith(NOT_TYPED) for words in texts) or (bool(parts) and not texts)


def _tool(chat: Chat, call: dict[str, Any], message: dict[str, Any]) -> Iterator[tuple[str, Event]]:
    """The call of a tool, once it has ended, and the decision about an edit."""
    name, tool, status = text(call.get("id")), text(call.get("name")), call.get("status")
    if status not in ("success", "error", "cancelled") or not name:
        return
    at = call.get("timestamp") or message.get("timestamp")
    of_tool = known(tool_name=tool, tool_use_id=name)
    shown = call.get("resultDisplay")
    result = of_tool | {"success": "true" if status == "success" else "false"}
    if status == "success":
        counts = mapping(mapping(shown).get("diffStat"))
        result |= known(
            lines_added=_count(counts.get("model_added_lines")),
            lines_removed=_count(counts.get("model_removed_lines")),
            **made_in(shown if tool == SHELL else None),
        )
    yield f"tool {name}", chat.event("tool_result", at, result)
    if tool in EDIT_TOOLS and status != "error":
        decision = {"decision": "accept" if status == "success" else "reject"}
        yield f"decision {name}", chat.event("tool_decision", at, of_tool | decision)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 1e9 else None


def _folder(chat: Chat) -> str | None:
    """The project's folder: named by the session, or by a file beside the chats."""
    folders = chat.session.get("directories")
    if isinstance(folders, list) and folders and text(folders[0]):
        return text(folders[0])
    for parent in chat.file.parents[:3]:
        try:
            return text((parent / ".project_root").read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return None
