"""Cline: sessions of its command line and newer extensions, and tasks of older extensions (`tasks`).

A session is a folder with a manifest, `<session>.json`, and `<name>.messages.json` for the session itself and
for each of its sub-agents, whose session is called `<session>__<agent>`. `inputTokens` hold cache reads and
writes; output holds reasoning. A fork copies messages with their time and usage, which are what tells a call.
Compaction takes messages out: what the manifest's own sums exceed them by counts, once the session has ended.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.cline import tasks
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
from pipeline.agents.files import Sample, json_file, plain_name
from pipeline.agents.usage import tell_unknown, tell_unread

AGENT = "cline"
MESSAGES, COMPACTION = ".messages.json", ".compaction.json"
KINDS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_creation_tokens": "cacheWriteTokens",
    "cache_read_tokens": "cacheReadTokens",
}
READ = frozenset({*KINDS.values(), "cost"})
SUMS = frozenset({*KINDS.values(), "totalCost"})
SMALLEST = 1e-9  # dollars
# What a file says of itself becomes no path, unless it is a plain name.
NAME = re.compile(r"[\w.-]{1,128}", re.ASCII)


@dataclass
class Session:
    """One file of messages."""

    file: Path
    name: str
    content: dict[str, Any]
    manifest: dict[str, Any]
    used: dict[str, float] = field(default_factory=lambda: dict.fromkeys((*KINDS, "cost"), 0.0))

    @property
    def root(self) -> str:
        """The session that a person began."""
        return self.name.partition("__")[0]

    @property
    def is_fork(self) -> bool:
        """Whether it has copied another one's messages."""
        return bool(mapping(mapping(self.manifest.get("metadata")).get("fork")).get("forkedFromSessionId"))


def is_record(value: dict[str, Any]) -> bool:
    """Whether a document on one line is a session's messages, or its manifest."""
    is_messages = "agent" in value and "sessionId" in value and isinstance(value.get("messages"), list)
    return is_messages or _is_manifest(value)


def is_file(sample: Sample) -> bool:
    """Whether a file is a session's over several lines, or one long line, or lies in the folder of a task."""
    if sample.name == "sessions.db" and b"messages_path" in sample.head:
        return True
    if not sample.is_json:
        return False
    if sample.name.endswith((MESSAGES, COMPACTION)):
        return b'"sessionId"' in sample.head or b'"session_id"' in sample.head
    is_manifest = sample.name == f"{sample.path.parent.name}.json" and b'"session_id"' in sample.head
    return is_manifest or tasks.owner(sample) == AGENT


def _is_manifest(value: dict[str, Any]) -> bool:
    return {"session_id", "source", "started_at", "workspace_root"} <= value.keys()


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts, tools and failures of all sessions and tasks, each once."""
    told: dict[tuple[Any, ...], Event] = {}
    sessions = [session for file in files if (session := _session(file, journal))]
    _tell_lone_manifests(files, journal)
    order = sorted(sessions, key=lambda one: (one.is_fork, str(one.manifest.get("started_at")), one.name))
    for session in order:
        for key, event in _messages(session, journal):
            if key in told:
                journal.repeat(1)
            told.setdefault(key, event)
        for key, event in _compacted(session, journal):
            told.setdefault(key, event)
    yield from told.values()
    for _, event in tasks.events(AGENT, files, lambda counts: counts, journal):
        yield event


def _session(file: Path, journal: Journal) -> Session | None:
    if not plain_name(file).endswith(MESSAGES):
        return None
    document = json_file(file, journal)
    content = mapping(document)
    if not isinstance(content.get("messages"), list):
        if document is not None:
            journal.quarantine(file, None, "the session has no list of messages")
        return None
    name = text(content.get("sessionId")) or plain_name(file).removesuffix(MESSAGES)
    root = name.partition("__")[0]
    beside = file.with_name(f"{root}.json") if NAME.fullmatch(root) else None
    manifest = mapping(json_file(beside, journal)) if beside and beside.is_file() else {}
    return Session(file, name, content, manifest)


def _tell_lone_manifests(files: list[Path], journal: Journal) -> None:
    """Put sums of sessions aside whose messages are gone: an earlier ingest may have counted them."""
    for file in files:
        name = file.parent.name
        if file.name == f"{name}.json" and not file.with_name(f"{name}{MESSAGES}").is_file():
            metadata = mapping(mapping(json_file(file, journal)).get("metadata"))
            usage = mapping(metadata.get("usage"))
            tell_unread(journal, file, None, AGENT, "manifest without messages", usage, ())


def _messages(session: Session, journal: Journal) -> Iterator[tuple[tuple[Any, ...], Event]]:
    called: dict[str, str] = {}
    began = session.manifest.get("started_at")
    if began and session.root == session.name:
        try:
            yield ("start", session.name), _event(session, "session_start", began, {})
        except BadRecord as error:
            journal.quarantine(session.file, None, str(error))
    for number, message in enumerate(objects(session.content.get("messages")), start=1):
        role, at = text(message.get("role")), message.get("ts")
        blocks = objects(message.get("content"))
        usage = message.get("metrics")
        try:
            if role == "assistant" and isinstance(usage, dict):
                yield from _call(session, message, usage)
                tell_unread(journal, session.file, number, AGENT, "message.metrics", usage, READ)
            else:
                record = {name: value for name, value in message.items() if name != "content"}
                kind = f"message of {role or 'nobody'}"
                tell_unknown(journal, session.file, number, AGENT, kind, record)
            for block in blocks:
                if block.get("type") == "tool_use":
                    called[str(block.get("id"))] = text(block.get("name")) or ""
                elif block.get("type") == "tool_result":
                    yield _tool(session, block, called, at)
            is_prompt = role == "user" and not any(block.get("type") == "tool_result" for block in blocks)
            if is_prompt and session.root == session.name and _says(message.get("content")):
                event = _event(session, "user_prompt", at, known(message__uuid=text(message.get("id"))))
                yield ("prompt", at, str(message.get("id"))), event
        except BadRecord as error:
            journal.quarantine(session.file, number, str(error))


def _says(content: Any) -> bool:
    return text(content) is not None or any(block.get("type") == "text" for block in objects(content))


def _call(
    session: Session, message: dict[str, Any], usage: dict[str, Any]
) -> Iterator[tuple[tuple[Any, ...], Event]]:
    counts = {kind: tokens(usage.get(name)) for kind, name in KINDS.items()}
    cost = money(usage.get("cost"))
    for kind, count in counts.items():
        session.used[kind] += count
    session.used["cost"] += cost or 0.0
    if not any(counts.values()) and not cost:
        return
    model, at = mapping(message.get("modelInfo")), message.get("ts")
    attributes = _disjoint(counts) | known(
        model=text(model.get("id")), provider=text(model.get("provider")), cost_usd=cost or None
    )
    # A copy in a fork may have another id.
    key = (str(at), *sorted(attributes.items()))
    attributes["request_id"] = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
    yield ("call", *key), _event(session, "api_request", at, attributes)


def _disjoint(counts: dict[str, int]) -> dict[str, int]:
    cached = counts["cache_creation_tokens"] + counts["cache_read_tokens"]
    return counts | {"input_tokens": max(0, counts["input_tokens"] - cached)}


def _tool(
    session: Session, block: dict[str, Any], called: dict[str, str], at: Any
) -> tuple[tuple[Any, ...], Event]:
    call, content = str(block.get("tool_use_id")), block.get("content")
    tool = called.get(call) or text(block.get("name"))
    output = content if isinstance(content, str) else "\n".join(_texts(content))
    attributes = known(
        tool_name=tool,
        tool_use_id=call,
        success="false" if block.get("is_error") is True else "true",
        **made_in(output if tool == "run_commands" else None),
    )
    return ("tool", call, at), _event(session, "tool_result", at, attributes)


def _texts(content: Any) -> list[str]:
    return [text(block.get("text")) or "" for block in objects(content)]


def _compacted(session: Session, journal: Journal) -> Iterator[tuple[tuple[Any, ...], Event]]:
    """What a session used beyond its messages, once it has ended; until then that is put aside."""
    metadata = mapping(session.manifest.get("metadata"))
    sums, ended = mapping(metadata.get("usage")), session.manifest.get("ended_at")
    if session.root != session.name or metadata.get("legacyTask") is True:
        return
    if not SUMS & sums.keys():
        tell_unknown(journal, session.file, None, AGENT, "manifest", session.manifest)
    tell_unread(journal, session.file, None, AGENT, "manifest.usage", sums, SUMS)
    try:
        rest = {
            kind: max(0, tokens(sums.get(name)) - int(session.used[kind])) for kind, name in KINDS.items()
        }
        cost = (money(sums.get("totalCost")) or 0.0) - session.used["cost"]
        if any(rest.values()) and not ended:
            more = next(KINDS[kind] for kind, count in rest.items() if count)
            journal.not_understood(session.file, None, AGENT, "session that has not ended", f"usage.{more}")
        elif any(rest.values()):
            attributes = _disjoint(rest) | known(
                model=text(session.manifest.get("model")),
                provider=text(session.manifest.get("provider")),
                cost_usd=cost if cost > SMALLEST else None,
                request_id=f"{session.name}:compacted",
            )
            yield ("rest", session.name), _event(session, "api_request", ended, attributes)
    except BadRecord as error:
        journal.quarantine(session.file, None, str(error))


def _event(session: Session, name: str, at: Any, attributes: dict[str, Any]) -> Event:
    thread = session.name if session.name != session.root else None
    return Event(
        instant(at),
        f"{AGENT}.{name}",
        session.root,
        known(session__id=session.root, thread__id=thread) | attributes,
        agent=AGENT,
        cwd=text(session.manifest.get("cwd")) or text(session.manifest.get("workspace_root")),
    )
