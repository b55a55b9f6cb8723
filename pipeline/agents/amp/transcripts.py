"""Amp: `threads/T-….json`, one document per thread, written anew as a whole.

A message of the assistant may tell what its call used, and so may the thread's ledger, which knows credits
but no cache. Both tell of the same call where the ledger names the message, or else model, input and output
are the same. The four kinds of tokens are disjoint; thinking is part of the output.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.agents.commits import commit_in
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
from pipeline.agents.usage import tell_unknown

AGENT = "amp"
THREAD = re.compile(r"T-[0-9a-fA-F-]{36}")
IN_HEAD = re.compile(rb'"id"\s*:\s*"T-[0-9a-fA-F-]{36}"')
KINDS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_creation_tokens": "cacheCreationInputTokens",
    "cache_read_tokens": "cacheReadInputTokens",
}
READ = ("messages", "usageLedger")
NO_USAGE = frozenset({"env", "meta", "relationships"})  # how it was started, traces, links to threads


@dataclass
class Thread:
    """One document."""

    file: Path
    name: str
    content: dict[str, Any]
    tools: dict[str, str] = field(default_factory=dict)

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
        content = mapping(json_file(file, journal))
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
            tell_unknown(journal, thread.file, None, AGENT, f"field {key}", {key: value}, _fields(NO_USAGE))
    ledger = objects(mapping(thread.content.get("usageLedger")).get("events"))
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
                yield from _call(thread, message, usage, at, ledger)
            else:
                kind = f"message of {text(message.get('role')) or 'nobody'}"
                tell_unknown(journal, thread.file, position, AGENT, kind, message)
        except BadRecord as error:
            journal.quarantine(thread.file, position, str(error))
    for position, entry in enumerate(ledger, start=1):
        try:
            yield from _entry(thread, entry, journal)
        except BadRecord as error:
            journal.quarantine(thread.file, position, f"entry of the ledger: {error}")


def _fields(names: frozenset[str]) -> frozenset[str]:
    return frozenset(f"field {name}" for name in names)


def _call(
    thread: Thread, message: dict[str, Any], usage: dict[str, Any], at: Any, ledger: list[dict[str, Any]]
) -> Iterator[Event]:
    """A call told by its message; takes the ledger's entry of the same call out of the ledger."""
    counts = {kind: tokens(usage.get(name)) for kind, name in KINDS.items()}
    entry = next((one for one in ledger if _is_of(one, message, usage, counts)), {})
    if entry:
        ledger.remove(entry)
    attributes = counts | known(
        model=text(usage.get("model")) or text(entry.get("model")),
        credits=money(entry.get("credits")) or money(usage.get("credits")),
        request_id=f"{thread.name}:{message.get('messageId')}",
    )
    if any(counts.values()) or "credits" in attributes:
        yield _event(thread, "api_request", usage.get("timestamp") or at, attributes)


def _is_of(
    entry: dict[str, Any], message: dict[str, Any], usage: dict[str, Any], counts: dict[str, int]
) -> bool:
    if entry.get("toMessageId") is not None:
        return bool(entry["toMessageId"] == message.get("messageId"))
    told = mapping(entry.get("tokens"))
    same = told.get("input") == counts["input_tokens"] and told.get("output") == counts["output_tokens"]
    return same and entry.get("model") == usage.get("model")


def _entry(thread: Thread, entry: dict[str, Any], journal: Journal) -> Iterator[Event]:
    """A call that only the ledger tells of."""
    told, spent = mapping(entry.get("tokens")), money(entry.get("credits"))
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
        tool, output = thread.tools.get(call), run.get("result")
        attributes = known(
            tool_name=tool or None,
            tool_use_id=call,
            success="false" if run.get("status") == "error" else "true",
            git_commit_id=commit_in(mapping(output).get("output") or output) if tool == "Bash" else None,
        )
        yield _event(thread, "tool_result", at, attributes)
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
