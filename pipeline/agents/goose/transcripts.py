"""Goose: `sessions.db`; until 2025 one file per session, whose first line has its sums.

`usage_ledger` has a row per call of a model; input holds cache reads and writes, output holds reasoning. What
a session's own sums exceed its calls by is usage from before the ledger, and counts as one record, whether or
not a row has carried it forward.

Ids of sessions count the sessions of a day, so that many computers have the same: they are told apart by when
the database was made.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.databases import open_database, rows, tables_of, tell_unknown_columns
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
from pipeline.agents.families import root_of
from pipeline.agents.files import Sample, json_lines, json_text
from pipeline.agents.goose import AGENT as GOOSE
from pipeline.agents.usage import tell_unknown, tell_unread

AGENT = "goose"
KINDS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_creation_tokens": "cache_write_tokens",
    "cache_read_tokens": "cache_read_tokens",
}
SUMS = {kind: f"accumulated_{name}" for kind, name in KINDS.items()}
SUM = "accumulated_total_tokens"
SESSION = (
    *("id", "session_type", "parent_session_id", "working_dir", "created_at", "updated_at"),
    *("provider_name", "model_config_json", "accumulated_cost", SUM, *SUMS.values()),
)
CALL = ("id", "session_id", "created_timestamp", "model", "cost", "cost_source", *KINDS.values())
MESSAGE = ("id", "message_id", "session_id", "role", "content_json", "created_timestamp", "metadata_json")
TOTAL = frozenset({"total_tokens"})
KNOWN = {
    # Without `accumulated` it is the last call once more.
    "sessions": frozenset((*SESSION, *KINDS.values())) | TOTAL,
    "usage_ledger": frozenset(CALL) | TOTAL,
    "messages": frozenset({"tokens"}),  # how large a message is
}
CARRIED = "carried_forward"
# What a tool answers where a person has said no: agents/tool_execution.rs.
REJECTED = "The user has declined to run this tool."
SHELLS = ("developer__shell", "shell")
# An id that is a time, as the oldest versions gave it.
A_TIME = re.compile(r"\d{8}_\d{6}")
IN_SECONDS = 10**10  # larger times are in milliseconds
SMALLEST = 1e-9  # dollars


@dataclass(frozen=True)
class Message:
    """What a message tells, without what is written in it: its copies have the same key."""

    key: tuple[Any, ...]
    at: Any
    results: list[tuple[str, str, dict[str, Any]]]
    prompt: tuple[str, dict[str, Any]] | None


@dataclass
class Session:
    """A session with its calls, its messages, and the tools that were called in it."""

    row: dict[str, Any]
    name: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    tools: dict[str, str] = field(default_factory=dict)
    views: set[str] = field(default_factory=set)

    @property
    def is_agents(self) -> bool:
        """Whether it was not begun by a person."""
        return self.row.get("session_type") in ("sub_agent", "hidden")

    @property
    def model(self) -> str | None:
        """The model that was last chosen."""
        return text(mapping(json_text(self.row.get("model_config_json"))).get("model_name"))


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line opens a session of an older version."""
    return {"working_dir", "message_count", "accumulated_total_tokens"} <= value.keys()


def is_file(sample: Sample) -> bool:
    """Whether a file is Goose's database: others call their tables sessions and messages, too."""
    tables = tables_of(sample)
    return {"working_dir", "accumulated_total_tokens"} <= tables.get(
        "sessions", set()
    ) and "messages" in tables


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts and tools of all sessions; a copy of a database adds nothing."""
    told: dict[tuple[Any, ...], Event] = {}
    for file in files:
        for key, event in _lines(file, journal) if ".jsonl" in file.name else _database(file, journal):
            if key in told:
                journal.repeat(1)
            told[key] = max(told.get(key, event), event, key=_size)
    yield from told.values()


def _size(event: Event) -> int:
    return sum(event.attributes.get(kind, 0) for kind in KINDS)


def _database(file: Path, journal: Journal) -> Iterator[tuple[tuple[Any, ...], Event]]:
    sessions: dict[str, Session] = {}
    try:
        with open_database(file) as database:
            made = _made(database)

            def of(name: Any) -> Session:
                name = text(name) or "unknown"
                full = name if A_TIME.fullmatch(name) or not made else f"{made}:{name}"
                return sessions.setdefault(name, Session({}, full))

            for row in rows(database, "sessions", {name: name for name in SESSION}):
                of(row.get("id")).row = row
            for row in rows(database, "usage_ledger", {name: name for name in CALL}):
                of(row.get("session_id")).calls.append(row)
            for row in rows(database, "messages", {name: name for name in MESSAGE}):
                session = of(row.get("session_id"))
                session.messages.append(_message(session, row))
            tell_unknown_columns(database, KNOWN, file, AGENT, journal)
    except (sqlite3.Error, OSError) as error:
        journal.quarantine(file, None, f"the database could not be read: {error}")
    spawned = {
        session.name: sessions[parent].name
        for session in sessions.values()
        if session.is_agents and (parent := text(session.row.get("parent_session_id"))) in sessions
    }
    copied: set[tuple[Any, ...]] = set()
    for session in sorted(sessions.values(), key=lambda one: (str(one.row.get("created_at")), one.name)):
        yield from _session(session, root_of(session.name, spawned), copied, file, journal)


def _made(database: sqlite3.Connection) -> str:
    """What tells this database from those of other computers."""
    times = [
        str(row["applied_at"])
        for row in rows(database, "schema_version", {"applied_at": "applied_at"})
        if row["applied_at"]
    ]
    return hashlib.sha256(min(times).encode()).hexdigest()[:8] if times else ""


def _session(
    session: Session, root: str, copied: set[tuple[Any, ...]], file: Path, journal: Journal
) -> Iterator[tuple[tuple[Any, ...], Event]]:
    def event(name: str, at: Any, attributes: dict[str, Any]) -> Event:
        named = known(session__id=root, thread__id=session.name if root != session.name else None)
        cwd = text(session.row.get("working_dir"))
        return Event(_instant(at), f"{AGENT}.{name}", root, named | attributes, agent=AGENT, cwd=cwd)

    def told() -> Iterator[tuple[Any, str, Any, dict[str, Any]]]:
        if root == session.name and not session.is_agents and session.row.get("created_at"):
            yield "start", "session_start", session.row["created_at"], {}
        yield from _usage(session, file, journal)
        yield from _messages(session, root, copied, journal)

    for key, name, at, attributes in told():
        try:
            yield (session.name, key), event(name, at, attributes)
        except BadRecord as error:
            journal.quarantine(file, None, f"session {session.name}: {error}")


def _instant(at: Any) -> Any:
    is_number = isinstance(at, int | float) and not isinstance(at, bool)
    return instant(at * 1000 if is_number and abs(at) <= IN_SECONDS else at)


def _usage(session: Session, file: Path, journal: Journal) -> Iterator[tuple[Any, str, Any, dict[str, Any]]]:
    """Each call, and what came before the calls."""
    total, carried = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    costs: list[float | None] = []
    at = session.row.get("updated_at") or session.row.get("created_at")
    provider = text(session.row.get("provider_name"))
    for row in session.calls:
        try:
            counts = {kind: tokens(row.get(name)) for kind, name in KINDS.items()}
        except BadRecord as error:
            journal.quarantine(file, None, f"row {row.get('id')} of the ledger: {error}")
            continue
        if row.get("cost_source") == CARRIED:
            carried = _plus(carried, counts)
            at = row.get("created_timestamp")
            continue
        total = _plus(total, counts)
        costs.append(money(row.get("cost")))
        if any(counts.values()) or costs[-1]:
            request = f"{session.name}:{row.get('id')}"
            attributes = _disjoint(counts) | known(
                model=text(row.get("model")) or session.model,
                provider=provider,
                cost_usd=costs[-1] or None,
                request_id=request,
            )
            yield request, "api_request", row.get("created_timestamp"), attributes
    try:
        sums = {kind: tokens(session.row.get(name)) for kind, name in SUMS.items()}
        rest = {kind: tokens(max(0, sums[kind] - total[kind], carried[kind])) for kind in KINDS}
    except BadRecord as error:
        journal.quarantine(file, None, f"session {session.name}: {error}")
        rest = dict.fromkeys(KINDS, 0)
    if not any(total.values()) and not any(rest.values()):
        tell_unread(journal, file, None, AGENT, "session", {SUM: session.row.get(SUM)}, ())
    if any(rest.values()):
        spent = (money(session.row.get("accumulated_cost")) or 0.0) - sum(cost or 0.0 for cost in costs)
        # Of a call without a cost nobody knows its part of the sum.
        is_told = None not in costs and spent > SMALLEST
        attributes = _disjoint(rest) | known(
            model=session.model,
            provider=provider,
            cost_usd=spent if is_told else None,
            request_id=f"{session.name}:sums",
        )
        yield "sums", "api_request", at, attributes


def _plus(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {kind: one[kind] + other[kind] for kind in KINDS}


def _disjoint(counts: dict[str, int]) -> dict[str, int]:
    """Input without the cache; where the cache is larger, an old version has told it apart already."""
    rest = counts["input_tokens"] - counts["cache_creation_tokens"] - counts["cache_read_tokens"]
    return counts | {"input_tokens": rest} if rest >= 0 else counts


def _message(session: Session, row: dict[str, Any]) -> Message:
    content = row.get("content_json")
    blocks = objects(json_text(content))
    for block in blocks:
        if block.get("type") == "toolRequest":
            call = mapping(mapping(block.get("toolCall")).get("value"))
            session.tools[str(block.get("id"))] = text(call.get("name")) or ""
            # The older editor shows files, too.
            if mapping(call.get("arguments")).get("command") == "view":
                session.views.add(str(block.get("id")))
    results = []
    for block in blocks:
        if block.get("type") == "toolResponse":
            call_id, result = str(block.get("id")), mapping(block.get("toolResult"))
            tool = session.tools.get(call_id)
            output = _output(result.get("value"))
            is_rejected = output.startswith(REJECTED)
            has_failed = (
                result.get("status") == "error" or mapping(result.get("value")).get("isError") is True
            )
            of_tool = known(tool_name=tool or None, tool_use_id=call_id)
            outcome = known(
                success="false" if has_failed or is_rejected else "true",
                **made_in(output if tool in SHELLS else None),
            )
            results.append((f"tool {row.get('id')} {call_id}", "tool_result", of_tool | outcome))
            is_edit = tool in GOOSE.telemetry.edit_tools and call_id not in session.views
            if is_edit and (is_rejected or not has_failed):
                decision = {"decision": "reject" if is_rejected else "accept"}
                results.append((f"decision {row.get('id')} {call_id}", "tool_decision", of_tool | decision))
    is_seen = mapping(json_text(row.get("metadata_json"))).get("userVisible") is not False
    is_text = any(block.get("type") == "text" for block in blocks) and not results
    prompt = None
    if row.get("role") == "user" and is_text and is_seen:
        name = text(row.get("message_id")) or f"{session.name}:{row.get('id')}"
        prompt = f"prompt {row.get('id')}", {"message.uuid": name}
    at = row.get("created_timestamp")
    # The same words at the same second are the same message.
    return Message((at, row.get("role"), hash(content)), at, results, prompt)


def _messages(
    session: Session, root: str, copied: set[tuple[Any, ...]], journal: Journal
) -> Iterator[tuple[Any, str, Any, dict[str, Any]]]:
    """Prompts and tools, without those that a copy of a session has taken over."""
    for message in session.messages:
        if message.key in copied:
            journal.repeat(1)
            continue
        copied.add(message.key)
        for key, name, attributes in message.results:
            yield key, name, message.at, attributes
        if message.prompt and root == session.name and not session.is_agents:
            key, attributes = message.prompt
            yield key, "user_prompt", message.at, attributes


def _output(value: Any) -> str:
    blocks = objects(value) or objects(mapping(value).get("content"))
    return "\n".join(text(block.get("text")) or "" for block in blocks)


def _lines(file: Path, journal: Journal) -> Iterator[tuple[tuple[Any, ...], Event]]:
    """The sums of a session that is a file; a newer version has taken them over under the same id."""
    opening: dict[str, Any] = {}
    ended: Any = None
    for number, line in json_lines(file, journal):
        unread = {name: value for name, value in line.items() if name not in KNOWN["sessions"]}
        tell_unknown(journal, file, number, AGENT, "session" if number == 1 else "message", unread)
        if number == 1:
            opening = line
        ended = line.get("created") or ended
    session = Session(opening, file.name.partition(".jsonl")[0])
    session.row = opening | {"updated_at": ended}
    yield from _session(session, session.name, set(), file, journal)
