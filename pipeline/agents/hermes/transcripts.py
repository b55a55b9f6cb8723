"""Hermes Agent: `state.db`, with what every session used in sums.

`session_model_usage` has a row per session, model and task. The task of the main loop is empty, or
`voice_chat`; other tasks (titles, compression, vision …) are calls beside it, which are not in the sums of
`sessions`. Messaging gateways write the main loop to `sessions` only. So all rows count, and of a session's
sums what exceeds its rows of the main loop.

The four kinds of tokens are disjoint; reasoning is part of the output. Sums grow: the event of a row keeps
its request id, by which models take the latest.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
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
    text,
    tokens,
)
from pipeline.agents.files import Sample, json_text

AGENT = "hermes"
EDIT_TOOLS = ("write_file", "patch")
# NousResearch/hermes-agent, acp_adapter/edit_approval.py: only editors ask before each edit.
ASKING = "acp"
DENIED = "Edit approval denied by ACP client"
KINDS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_creation_tokens": "cache_write_tokens",
}
MAIN = ("", "voice_chat")
# What a call belongs to, beside its session.
ROUTE = ("model", "billing_provider", "billing_base_url", "billing_mode", "task")
MONEY = ("actual_cost_usd", "estimated_cost_usd", "cost_status")
SUMS = (*KINDS.values(), *MONEY)
SESSION = (
    "id",
    "source",
    "model",
    "model_config",
    "billing_provider",
    "parent_session_id",
    "started_at",
    "ended_at",
    "last_activity_at",
    "end_reason",
    "cwd",
    "git_branch",
    *SUMS,
)
USAGE = ("session_id", "first_seen", "last_seen", *ROUTE, *SUMS)
MESSAGE = {
    name: name
    for name in (
        "id",
        "session_id",
        "role",
        "tool_call_id",
        "tool_name",
        "timestamp",
        "display_kind",
        "_compressed_summary",
        "active",
        "compacted",
    )
} | {"content": "substr(content, 1, 65536)"}
REASONING = frozenset({"reasoning_tokens"})  # part of the output
KNOWN = {
    "sessions": frozenset(SESSION) | REASONING | {"cost_source"},
    "session_model_usage": frozenset(USAGE) | REASONING | {"cost_source"},
    # How large a message is, which is sent with every later call.
    "messages": frozenset({"token_count"}),
    # The sums of sessions once more, by day.
    "session_daily_usage": frozenset(SUMS) | REASONING | {"cost_source"},
}
SMALLEST = 1e-9  # dollars


@dataclass
class Session:
    """A session, with its rows of usage and its messages."""

    row: dict[str, Any]
    usage: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its id."""
        return text(self.row.get("id")) or "unknown"

    @property
    def parent(self) -> str | None:
        """The session from which it comes, in whatever way."""
        return text(self.row.get("parent_session_id"))

    @property
    def config(self) -> dict[str, Any]:
        """What it was started with."""
        return mapping(json_text(self.row.get("model_config")))


def is_record(value: dict[str, Any]) -> bool:
    """Never: it is a database."""
    return False


def is_file(sample: Sample) -> bool:
    """Whether a file is Hermes' database: others call their tables sessions and messages, too."""
    tables = tables_of(sample)
    return "messages" in tables and {"source", "started_at", "end_reason"} <= tables.get("sessions", set())


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The usage, the prompts and the tools of all sessions; a copy of a database adds nothing."""
    told: dict[tuple[str, str], Event] = {}
    for file in files:
        sessions = _read(file, journal)
        for session in sessions.values():
            for key, event in _session(session, sessions, file, journal):
                if key in told:
                    journal.repeat(1)
                told[key] = max(told.get(key, event), event, key=_size)
    yield from told.values()


def _size(event: Event) -> tuple[int, Any]:
    return sum(event.attributes.get(kind, 0) for kind in KINDS), event.at


def _read(file: Path, journal: Journal) -> dict[str, Session]:
    sessions: dict[str, Session] = {}
    try:
        with open_database(file) as database:
            for row in rows(database, "sessions", {name: name for name in SESSION}):
                session = Session(row)
                sessions[session.name] = session
            for row in rows(database, "session_model_usage", {name: name for name in USAGE}):
                _of(row, sessions).usage.append(row)
            for row in rows(database, "messages", MESSAGE):
                if row.get("role") in ("user", "tool"):
                    row["told"] = _tool(row) if row["role"] == "tool" else {}
                    row["is_denied"] = _is_denied(row)
                    row["content"] = hash(row.get("content"))  # enough to compare
                    _of(row, sessions).messages.append(row)
            tell_unknown_columns(database, KNOWN, file, AGENT, journal)
    except (sqlite3.Error, OSError) as error:
        journal.quarantine(file, None, f"the database could not be read: {error}")
    for session in sessions.values():
        session.messages.sort(key=lambda message: str(message.get("id")).rjust(20))
    return sessions


def _of(row: Mapping[str, Any], sessions: dict[str, Session]) -> Session:
    """The session of a row, also where it has been deleted."""
    name = text(row.get("session_id")) or "unknown"
    return sessions.setdefault(name, Session({"id": name}))


def _session(
    session: Session, sessions: Mapping[str, Session], file: Path, journal: Journal
) -> Iterator[tuple[tuple[str, str], Event]]:
    root, is_delegate = _root(session, sessions)
    named = known(session__id=root, thread__id=session.name if root != session.name else None)
    cwd = text(session.row.get("cwd"))

    def event(name: str, at: Any, attributes: dict[str, Any]) -> Event:
        seconds = at if isinstance(at, int | float) else None
        when = instant(seconds * 1000 if seconds is not None else None)
        return Event(when, f"{AGENT}.{name}", root, named | attributes, agent=AGENT, cwd=cwd)

    def told() -> Iterator[tuple[Any, str, Any, dict[str, Any]]]:
        if root == session.name and session.row.get("started_at") is not None:
            branch = text(session.row.get("git_branch"))
            yield "start", "session_start", session.row["started_at"], known(vcs__ref__head__name=branch)
        for message in _own_messages(session, sessions, journal):
            if message["role"] == "tool":
                at, result = message.get("timestamp"), message["told"]
                yield f"tool {message.get('id')}", "tool_result", at, result
                decision = _decision(message, session)
                if decision:
                    of_tool = {name: result[name] for name in ("tool_name", "tool_use_id") if name in result}
                    yield f"decision {message.get('id')}", "tool_decision", at, of_tool | decision
            elif _is_prompt(message) and not is_delegate:
                name = f"{session.name}:{message.get('id')}"
                yield name, "user_prompt", message.get("timestamp"), {"message.uuid": name}

    for key, name, at, attributes in told():
        try:
            yield (session.name, key), event(name, at, attributes)
        except BadRecord as error:
            journal.quarantine(file, None, f"session {session.name}: {error}")
    main: list[dict[str, Any]] = []
    for row in session.usage:
        try:
            attributes = _usage(row) | known(
                model=text(row.get("model")), provider=text(row.get("billing_provider"))
            )
            if (text(row.get("task")) or "") in MAIN:
                main.append(attributes)
            yield from _call(session, row, attributes, event)
        except BadRecord as error:
            journal.quarantine(file, None, f"session {session.name}: {error}")
    try:
        rest = _rest(_usage(session.row), main)
        rest |= known(
            model=text(session.row.get("model")), provider=text(session.row.get("billing_provider"))
        )
        yield from _call(session, session.row, rest, event)
    except BadRecord as error:
        journal.quarantine(file, None, f"session {session.name}: {error}")


def _root(session: Session, sessions: Mapping[str, Session]) -> tuple[str, bool]:
    """The session that a person began, and whether this one was started by an agent instead."""
    passed, is_delegate = {session.name}, False
    while (parent := sessions.get(session.parent or "")) and parent.name not in passed:
        config = session.config
        if config.get("_branched_from") or config.get("_reset_from"):
            break
        # After a compression the same conversation goes on under another id.
        goes_on = parent.row.get("end_reason") == "compression" and not config.get("_delegate_from")
        is_delegate |= not goes_on
        passed.add(parent.name)
        session = parent
    return session.name, is_delegate


def _call(
    session: Session, row: Mapping[str, Any], attributes: dict[str, Any], event: Any
) -> Iterator[tuple[tuple[str, str], Event]]:
    if not any(attributes[kind] for kind in KINDS) and not attributes.get("cost_usd"):
        return
    # An address may hold a password.
    route = "\0".join(str(row.get(name) or "") for name in ROUTE) if "session_id" in row else "rest"
    request = f"{session.name}:{hashlib.sha256(route.encode()).hexdigest()[:12]}"
    times = ("last_seen", "first_seen", "last_activity_at", "ended_at", "started_at")
    own = [row[name] for name in times if row.get(name) is not None]
    at = (own or [session.row.get("started_at")])[0]
    yield (session.name, request), event("api_request", at, attributes | {"request_id": request})


def _usage(row: Mapping[str, Any]) -> dict[str, Any]:
    counts = {kind: tokens(row.get(name)) for kind, name in KINDS.items()}
    # A subscription's $0, and what nobody knows, are no cost of these tokens.
    is_told = row.get("cost_status") not in ("included", "unknown")
    cost = money(row.get("actual_cost_usd")) or money(row.get("estimated_cost_usd"))
    return counts | known(cost_usd=cost if is_told and cost else None)


def _rest(sums: dict[str, Any], main: list[dict[str, Any]]) -> dict[str, Any]:
    """What a session's sums tell beyond its rows of the main loop."""
    rest = {kind: max(0, sums[kind] - sum(row[kind] for row in main)) for kind in KINDS}
    cost = sums.get("cost_usd", 0.0) - sum(row.get("cost_usd", 0.0) for row in main)
    # A row without a cost is priced by its tokens; the sum holds it, too.
    is_whole = all("cost_usd" in row for row in main)
    return rest | known(cost_usd=cost if is_whole and cost > SMALLEST else None)


def _own_messages(
    session: Session, sessions: Mapping[str, Session], journal: Journal
) -> Iterator[dict[str, Any]]:
    """The messages without those that a branch has copied from its parent."""
    parent = sessions.get(session.parent or "") if session.config.get("_branched_from") else None
    copied = parent.messages if parent else []
    known_calls = {message.get("tool_call_id") for message in copied if message["role"] == "tool"}
    prompts = [message["content"] for message in copied if message["role"] == "user"]
    in_copy = True
    for message in session.messages:
        if message["role"] == "tool":
            is_copy = message.get("tool_call_id") in known_calls
        else:
            in_copy = in_copy and bool(prompts) and message["content"] == prompts.pop(0)
            is_copy = in_copy
        if is_copy:
            journal.repeat(1)
        else:
            yield message


def _is_prompt(message: Mapping[str, Any]) -> bool:
    """Whether a message is what a person typed."""
    stands = message.get("active", 1) == 1 or message.get("compacted") == 1
    return stands and message.get("display_kind") != "hidden" and not message.get("_compressed_summary")


def _tool(message: Mapping[str, Any]) -> dict[str, Any]:
    result = mapping(json_text(message.get("content")))
    tool = text(message.get("tool_name"))
    diff = result.get("diff") if tool in EDIT_TOOLS and not result.get("error") else None
    changed = (
        [line for line in diff.splitlines() if not line.startswith(("+++ ", "--- "))]
        if isinstance(diff, str)
        else None
    )
    return known(
        tool_name=tool,
        tool_use_id=text(message.get("tool_call_id")),
        success="false" if result.get("error") else "true",
        **made_in(result.get("output") if tool == "terminal" else None),
        lines_added=None if changed is None else sum(line.startswith("+") for line in changed),
        lines_removed=None if changed is None else sum(line.startswith("-") for line in changed),
    )


def _is_denied(message: Mapping[str, Any]) -> bool:
    error = mapping(json_text(message.get("content"))).get("error")
    return isinstance(error, str) and error.startswith(DENIED)


def _decision(message: Mapping[str, Any], session: Session) -> dict[str, str]:
    """What was decided about an edit, where somebody was asked: what was done was accepted."""
    if message["told"].get("tool_name") not in EDIT_TOOLS:
        return {}
    if message["is_denied"]:
        return {"decision": "reject"}
    is_accepted = session.row.get("source") == ASKING and message["told"]["success"] == "true"
    return {"decision": "accept"} if is_accepted else {}
