"""Amp: `threads/T-….json`, one document per thread, written anew as a whole.

A message of the assistant may tell what its call used, and so may the thread's ledger, which knows credits
but no cache. Both tell of the same call where the ledger names the message, or else model, input and output
are the same. The four kinds of tokens are disjoint; thinking is part of the output.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.agents.amp import AGENT as AMP
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
from pipeline.agents.files import Sample, json_file
from pipeline.agents.usage import tell_unknown, tell_unread

AGENT = "amp"
THREAD = re.compile(r"T-[0-9a-fA-F-]{36}")
IN_HEAD = re.compile(rb'"id"\s*:\s*"T-[0-9a-fA-F-]{36}"')
KINDS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_creation_tokens": "cacheCreationInputTokens",
    "cache_read_tokens": "cacheReadInputTokens",
}
# `totalInputTokens` sums up.
OF_A_MESSAGE = frozenset({*KINDS.values(), "totalInputTokens", "credits", "timestamp", "model"})
OF_AN_ENTRY = frozenset({"input", "output", "total"})
# What was done was accepted.
DECIDED = {"done": "accept", "rejected-by-user": "reject"}
FAILED = ("error", "cancelled", "rejected-by-user")  # what became of a tool's run; else it is `done`
# What is read, and how it was started, traces, links to threads.
READ = ("messages", "usageLedger", "env", "meta", "relationships")


@dataclass
class Thread:
    """One document; of its ledger the entries that no message has told of yet."""

    file: Path
    name: str
    content: dict[str, Any]
    tools: dict[str, str] = field(default_factory=dict)
    ledger: dict[int, dict[str, Any]] = field(default_factory=dict)
    by_call: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @property
    def version(self) -> int:
        """How often it was written."""
        written = self.content.get("v")
        return written if type(written) is int else 0

    @property
    def environment(self) -> dict[str, Any]:
        """Where it was started."""
        return mapping(mapping(self.content.get("env")).get("initial"))


def is_record(value: dict[str, Any]) -> bool:
    """Whether a document on one line is a thread."""
    name = value.get("id")
    return isinstance(name, str) and THREAD.fullmatch(name) is not None and "messages" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is a thread over several lines, or longer than what was read."""
    return sample.is_json and sample.name.startswith("T-") and IN_HEAD.search(sample.head) is not None


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts and tools of all threads, each in its latest version."""
    threads: dict[str, Thread] = {}
    for file in files:
        document = json_file(file, journal)
        if document is None:
            continue
        content = mapping(document)
        name = text(content.get("id"))
        if not name:
            journal.quarantine(file, None, "the thread has no id")
            continue
        thread = Thread(file, name, content)
        if name in threads:
            journal.repeat(1)
        threads[name] = max(threads.get(name, thread), thread, key=lambda one: one.version)
    for thread in threads.values():
        yield from _thread(thread, journal)


def _thread(thread: Thread, journal: Journal) -> Iterator[Event]:
    for key, value in thread.content.items():
        if key not in READ:
            tell_unknown(journal, thread.file, None, AGENT, f"field {key}", {key: value})
    _open_ledger(thread, journal)
    at: Any = thread.content.get("created")
    if at is not None:
        try:
            yield _event(thread, "session_start", at, {})
        except BadRecord as error:
            journal.quarantine(thread.file, None, str(error))
    for position, message in enumerate(objects(thread.content.get("messages")), start=1):
        usage = mapping(message.get("usage"))
        at = mapping(message.get("meta")).get("sentAt") or usage.get("timestamp") or at
        try:
            if message.get("role") == "user":
                yield from _from_user(thread, message, at)
                continue
            for block in objects(message.get("content")):
                if block.get("type") == "tool_use":
                    thread.tools[str(block.get("id"))] = text(block.get("name")) or ""
            if any(name in usage for name in KINDS.values()) or "credits" in usage:
                yield from _call(thread, message, usage, at)
                tell_unread(journal, thread.file, position, AGENT, "message.usage", usage, OF_A_MESSAGE)
            else:
                kind = f"message of {text(message.get('role')) or 'nobody'}"
                tell_unknown(journal, thread.file, position, AGENT, kind, message)
        except BadRecord as error:
            journal.quarantine(thread.file, position, str(error))
    for position, entry in thread.ledger.items():
        try:
            yield from _entry(thread, entry, journal)
        except BadRecord as error:
            journal.quarantine(thread.file, position, f"entry of the ledger: {error}")


def _open_ledger(thread: Thread, journal: Journal) -> None:
    ledger = mapping(thread.content.get("usageLedger"))
    rest = {name: value for name, value in ledger.items() if name != "events"}
    tell_unknown(journal, thread.file, None, AGENT, "field usageLedger", rest)
    for position, entry in enumerate(objects(ledger.get("events")), start=1):
        used, message = mapping(entry.get("tokens")), entry.get("toMessageId")
        call = (
            [message] if message is not None else [entry.get("model"), used.get("input"), used.get("output")]
        )
        thread.ledger[position] = entry
        thread.by_call[repr(call)].append(position)


def _taken(thread: Thread, *calls: list[Any]) -> dict[str, Any]:
    """The first entry of a call, taken out of the ledger."""
    for positions in filter(None, (thread.by_call.get(repr(call)) for call in calls)):
        return thread.ledger.pop(positions.pop(0))
    return {}


def _call(thread: Thread, message: dict[str, Any], usage: dict[str, Any], at: Any) -> Iterator[Event]:
    """A call told by its message; takes the ledger's entry of the same call out of the ledger."""
    counts = {kind: tokens(usage.get(name)) for kind, name in KINDS.items()}
    alike = [usage.get("model"), counts["input_tokens"], counts["output_tokens"]]
    entry = _taken(thread, [message.get("messageId")], alike)
    attributes = counts | known(
        model=text(usage.get("model")) or text(entry.get("model")),
        credits=money(entry.get("credits")) or money(usage.get("credits")),
        request_id=f"{thread.name}:{message.get('messageId')}",
    )
    if any(counts.values()) or "credits" in attributes:
        yield _event(thread, "api_request", usage.get("timestamp") or at, attributes)


def _entry(thread: Thread, entry: dict[str, Any], journal: Journal) -> Iterator[Event]:
    """A call that only the ledger tells of."""
    told, spent = mapping(entry.get("tokens")), money(entry.get("credits"))
    tell_unread(journal, thread.file, None, AGENT, "entry of the ledger", told, OF_AN_ENTRY)
    counts = {"input_tokens": tokens(told.get("input")), "output_tokens": tokens(told.get("output"))}
    if not any(counts.values()) and not spent:
        tell_unknown(journal, thread.file, None, AGENT, "entry of the ledger", entry)
        return
    request = f"{thread.name}:{text(entry.get('id')) or entry.get('timestamp')}"
    attributes = counts | known(model=text(entry.get("model")), credits=spent, request_id=request)
    yield _event(thread, "api_request", entry.get("timestamp"), attributes)


def _from_user(thread: Thread, message: dict[str, Any], at: Any) -> Iterator[Event]:
    """What a person wrote, or what tools gave back."""
    blocks = objects(message.get("content"))
    results = [block for block in blocks if block.get("type") == "tool_result"]
    for result in results:
        call, run = str(result.get("toolUseID")), mapping(result.get("run"))
        tool, output, status = thread.tools.get(call), run.get("result"), run.get("status")
        of_tool = known(tool_name=tool or None, tool_use_id=call)
        outcome = known(
            success="false" if status in FAILED else "true",
            **made_in(mapping(output).get("output") or output if tool == "Bash" else None),
        )
        yield _event(thread, "tool_result", at, of_tool | outcome)
        if tool in AMP.telemetry.edit_tools and status in DECIDED:
            yield _event(thread, "tool_decision", at, of_tool | {"decision": DECIDED[status]})
    if not results and any(block.get("type") == "text" for block in blocks):
        name = f"{thread.name}:{message.get('messageId')}"
        yield _event(thread, "user_prompt", at, {"message.uuid": name})


def _event(thread: Thread, name: str, at: Any, attributes: dict[str, Any]) -> Event:
    tree = next(iter(objects(thread.environment.get("trees"))), {})
    repository = mapping(tree.get("repository"))
    version = text(mapping(thread.environment.get("platform")).get("clientVersion"))
    return Event(
        instant(at),
        f"{AGENT}.{name}",
        thread.name,
        known(
            session__id=thread.name,
            app__version=version,
            vcs__ref__head__name=(text(repository.get("ref")) or "").removeprefix("refs/heads/") or None,
            vcs__repository__url__full=text(repository.get("url")),
        )
        | attributes,
        agent=AGENT,
        cwd=_path(tree.get("uri")),
        version=version,
    )


def _path(address: Any) -> str | None:
    """The path of a `file://` address."""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        return None
    return unquote(parts.path) or None if parts and parts.scheme == "file" else None
