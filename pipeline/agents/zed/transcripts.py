"""Zed's own agent: `threads/threads.db`, one row per thread, which holds JSON that is mostly compressed.

Two counters tell of the same requests: `cumulative_token_usage`, which is younger and may have begun in the
middle of a thread, and `request_token_usage`, the last request of each turn. They are never added: the larger
one counts, under the thread's id, again whenever it has grown. The four kinds of tokens are disjoint, and
what is 0 is left out.

A sub-agent is a thread of its own; nothing shows that its parent counts it too.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.agents.databases import open_database, rows, tables_of, tell_unknown_columns
from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, objects, text, tokens
from pipeline.agents.files import Sample, json_text
from pipeline.agents.usage import tell_unknown

AGENT = "zed"
EDIT_TOOLS = ("edit_file", "write_file", "create_file")
DENIED = "Permission to run tool denied by user"  # zed-industries/zed, crates/agent/src/thread.rs
COLUMNS = {
    name: name
    for name in (
        "id",
        "updated_at",
        "created_at",
        "data_type",
        "data",
        "parent_id",
        "folder_paths",
        "folder_paths_order",
    )
}
LARGEST = 1 << 28  # bytes of a thread
KINDS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_creation_tokens": "cache_creation_input_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
}
COUNTERS = ("cumulative_token_usage", "request_token_usage")


@dataclass
class Thread:
    """One row."""

    name: str
    row: dict[str, Any]
    content: dict[str, Any]

    @property
    def parent(self) -> str | None:
        """The thread that started this one."""
        context = mapping(self.content.get("subagent_context"))
        return text(self.row.get("parent_id")) or text(context.get("parent_thread_id"))


def is_record(value: dict[str, Any]) -> bool:
    """Never: it is a database."""
    return False


def is_file(sample: Sample) -> bool:
    """Whether a file is Zed's database."""
    return {"id", "data_type", "data", "updated_at"} <= tables_of(sample).get("threads", set())


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The usage, the prompts and the tools of all threads; a copy of a database adds nothing."""
    told: dict[tuple[str, str], Event] = {}
    for file in files:
        threads = {thread.name: thread for thread in _threads(file, journal)}
        for thread in threads.values():
            root = _root(thread, threads)
            try:
                found = list(_thread(thread, root, file, journal))
            except BadRecord as error:
                journal.quarantine(file, None, f"thread {thread.name}: {error}")
                continue
            for key, event in found:
                if key in told:
                    journal.repeat(1)
                told[key] = max(told.get(key, event), event, key=_size)
    yield from told.values()


def _size(event: Event) -> tuple[int, Any]:
    return sum(event.attributes.get(kind, 0) for kind in KINDS), event.at


def _threads(file: Path, journal: Journal) -> Iterator[Thread]:
    try:
        with open_database(file) as database:
            for number, row in enumerate(rows(database, "threads", COLUMNS), start=1):
                name = text(row.get("id"))
                try:
                    if not name:
                        raise BadRecord("the thread has no id")
                    yield Thread(name, row, _content(row))
                except BadRecord as error:
                    journal.quarantine(file, number, str(error))
            tell_unknown_columns(database, {}, file, AGENT, journal)
    except (sqlite3.Error, OSError) as error:
        journal.quarantine(file, None, f"the database could not be read: {error}")


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    import zstandard

    data = row.get("data")
    try:
        if row.get("data_type") == "zstd" and isinstance(data, bytes):
            data = zstandard.ZstdDecompressor().stream_reader(data).read(LARGEST + 1)
    except zstandard.ZstdError as error:
        raise BadRecord(f"the thread is not JSON: {error}") from None
    if not isinstance(data, str | bytes) or len(data) > LARGEST:
        raise BadRecord(f"the thread is neither JSON nor zstd, or larger than {LARGEST >> 20} MiB")
    content = json_text(data)
    if not isinstance(content, dict):
        raise BadRecord("the thread is not a JSON object")
    return content


def _root(thread: Thread, threads: Mapping[str, Thread]) -> str:
    """The thread that a person began; parents that go round in a circle are none."""
    passed = {thread.name}
    name, parent = thread.name, thread.parent
    while parent and parent not in passed:
        passed.add(parent)
        name, parent = parent, threads[parent].parent if parent in threads else None
    return name


def _thread(
    thread: Thread, root: str, file: Path, journal: Journal
) -> Iterator[tuple[tuple[str, str], Event]]:
    content, row = thread.content, thread.row
    if content.get("imported") is True:
        journal.skip()
        return
    cwd = _folder(row)
    named = {"session.id": root} | ({"thread.id": thread.name} if root != thread.name else {})

    def event(name: str, at: Any, attributes: dict[str, Any]) -> Event:
        return Event(instant(at), f"{AGENT}.{name}", root, named | attributes, agent=AGENT, cwd=cwd)

    counts = _counts(content)
    updated_at = row.get("updated_at") or content.get("updated_at")
    model = mapping(content.get("model"))
    if any(counts.values()):
        attributes = counts | known(
            model=text(model.get("model")), provider=text(model.get("provider")), request_id=thread.name
        )
        yield (thread.name, "usage"), event("api_request", updated_at, attributes)
    else:
        tell_unknown(journal, file, None, AGENT, "thread", content, ())
    # Messages have no time, and an event that moves is another one.
    created_at = row.get("created_at")
    if created_at and root == thread.name:
        yield (thread.name, "start"), event("session_start", created_at, {})
    for position, message in enumerate(objects(content.get("messages")) if created_at else []):
        user, agent = message.get("User"), mapping(message.get("Agent"))
        if (isinstance(user, dict) or message.get("role") == "user") and root == thread.name:
            name = text(mapping(user).get("id")) or f"{thread.name}:{position}"
            yield (thread.name, name), event("user_prompt", created_at, {"message.uuid": name})
        for number, result in enumerate(mapping(agent.get("tool_results")).values()):
            call = f"{thread.name}:{position}:{number}"
            for name, attributes in _tool(mapping(result), call):
                key = thread.name, f"{name} {position} {attributes['tool_use_id']}"
                yield key, event(name, created_at, attributes)


def _tool(result: dict[str, Any], unnamed: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What came of a call, and what was decided about an edit: what was done was accepted."""
    tool, success = text(result.get("tool_name")), result.get("is_error") is not True
    of_tool = known(tool_name=tool, tool_use_id=text(result.get("tool_use_id")) or unnamed)
    is_edit = tool in EDIT_TOOLS
    diff = mapping(result.get("output")).get("diff") if is_edit and success else None
    changed = diff.splitlines() if isinstance(diff, str) else None
    outcome = known(
        success="true" if success else "false",
        lines_added=None if changed is None else sum(line.startswith("+") for line in changed),
        lines_removed=None if changed is None else sum(line.startswith("-") for line in changed),
    )
    yield "tool_result", of_tool | outcome
    if is_edit and (success or _is_denied(result)):
        yield "tool_decision", of_tool | {"decision": "accept" if success else "reject"}


def _is_denied(result: dict[str, Any]) -> bool:
    """Whether a person did not let a tool run; its content may be one text, or a list of them."""
    content = result.get("content")
    for block in content if isinstance(content, list) else [content]:
        written = block.get("Text", block.get("text")) if isinstance(block, dict) else block
        if isinstance(written, str) and written.startswith(DENIED):
            return True
    return False


def _counts(content: dict[str, Any]) -> dict[str, int]:
    """What the larger one of the two counters says."""
    cumulative, requests = (content.get(name) for name in COUNTERS)
    single = objects(requests) or objects(list(mapping(requests).values()))
    told = [_sum([mapping(cumulative)]), _sum(single)]
    return max(told, key=lambda counts: sum(counts.values()))


def _sum(usages: list[dict[str, Any]]) -> dict[str, int]:
    return {kind: sum(tokens(usage.get(name)) for usage in usages) for kind, name in KINDS.items()}


def _folder(row: Mapping[str, Any]) -> str | None:
    """The folder that stands first in Zed's window."""
    paths = (text(row.get("folder_paths")) or "").split("\n")
    order = (text(row.get("folder_paths_order")) or "").split(",")
    first = order.index("0") if "0" in order else 0
    return text(paths[first]) if first < len(paths) else None
