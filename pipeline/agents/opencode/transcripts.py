"""opencode: `opencode.db`, or one file per message in `storage/message` in older versions.

Version 2 writes `session_message`, where version 1 wrote `message`; both tables may stand side by side. The
kinds of tokens are disjoint; reasoning is beside the output and is added to it. A cost of 0 means that
opencode knew no price.

A fork copies messages under new ids, with their times, models and counts, which are what tells a response.
Version 2 says what a session is a fork of; else the original is that of the older session, or of the smaller
id, which holds the time.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, money, text, tokens
from pipeline.agents.files import Sample
from pipeline.agents.opencode.storage import Message, Session, data_folder, messages
from pipeline.agents.usage import tell_unknown, tell_unread

AGENT = "opencode"
KIN = ("kilo",)  # folders of agents that were made from it
EDIT_TOOLS = ("apply_patch", "edit", "multiedit", "patch", "write")
# A person said no, and not a rule: packages/opencode/src/permission, of version 1.
REJECTED = "The user rejected permission to use this specific tool call"
SHELLS = ("bash", "shell")
# A person stopped it, or the answer was as long as it may be: the request did not fail.
NO_FAILURES = ("MessageAbortedError", "MessageOutputLengthError", "AbortError", "aborted")
# What a message's tokens are, with their sum.
READ, CACHE = ("input", "output", "reasoning", "cache", "total"), ("read", "write")
NO_USAGE = frozenset(
    {"user", "synthetic", "system", "skill", "shell", "idle"}
    | {"agent-switched", "model-switched", "location-switched"}
)


@dataclass(frozen=True)
class Told:
    """What a message tells: the key that it shares with its copies, and how likely it is a copy."""

    key: tuple[object, ...]
    order: tuple[object, ...]
    event: Event


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is an opencode message."""
    return "sessionID" in value and "role" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is opencode's database, or a message over several lines; its kin keeps the same."""
    if data_folder(sample.path).name in KIN:
        return False
    return is_kept_as_here(sample)


def is_kept_as_here(sample: Sample) -> bool:
    """Whether a file is a database of this name, or a message over several lines, whoever wrote it."""
    if sample.head.startswith(b"SQLite format 3\0"):
        return sample.path.name.startswith("opencode")
    return sample.is_json and sample.path.name.startswith("msg_") and b'"sessionID"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The responses, prompts, tools and errors of all sessions, each once."""
    return events_of(AGENT, files, journal)


def events_of(agent: str, files: list[Path], journal: Journal) -> Iterator[Event]:
    """The same of an agent that keeps its sessions as opencode does."""
    sessions: dict[str, Session] = {}
    found: dict[tuple[object, ...], Told] = {}
    for message in messages(files, sessions, journal):
        try:
            for told in _told(agent, message, sessions, journal):
                if told.key in found:
                    journal.repeat(1)
                if told.key not in found or told.order < found[told.key].order:
                    found[told.key] = told
        except BadRecord as error:
            journal.quarantine(message.file, message.row, str(error))
    first_at: dict[str, dt.datetime] = {}
    for told in found.values():
        for event in _of_person(told.event, sessions):
            first_at[event.session] = min(event.at, first_at.get(event.session, event.at))
            yield event
    for name, first in first_at.items():
        yield from _start(agent, name, sessions.get(name, Session()), first)


def _start(agent: str, name: str, session: Session, first: dt.datetime) -> Iterator[Event]:
    """When a session began, if its record tells, and not later than what happened in it."""
    if session.began is not None and 0 <= session.began <= first.timestamp() * 1000:
        attributes = known(session__id=name, app__version=session.version)
        yield Event(
            instant(session.began),
            f"{agent}.session_start",
            name,
            attributes,
            agent=agent,
            cwd=session.folder,
            version=session.version,
        )


def _of_person(event: Event, sessions: dict[str, Session]) -> Iterator[Event]:
    """The event as a part of the session that a person began; a prompt to a sub-agent is none."""
    root, passed = event.session, {event.session}
    while (parent := sessions.get(root, Session()).parent) and parent not in passed:
        passed.add(parent)
        root = parent
    if root == event.session:
        yield event
    elif not event.name.endswith(".user_prompt"):
        named = event.attributes | {"session.id": root, "thread.id": event.session}
        yield replace(event, session=root, attributes=named)


def _told(agent: str, message: Message, sessions: dict[str, Session], journal: Journal) -> Iterable[Told]:
    data, kind = message.data, message.kind
    if isinstance(data.get("tokens"), dict) and kind in ("assistant", "compaction"):
        yield from _response(agent, message, sessions)
        usage = data["tokens"]
        for name, part, read in (
            ("tokens", usage, READ),
            ("tokens.cache", mapping(usage.get("cache")), CACHE),
        ):
            tell_unread(journal, message.file, message.row, agent, f"{kind}.{name}", part, read)
    elif kind == "user":
        at = instant(mapping(data.get("time")).get("created"))
        yield _event(agent, message, sessions, "user_prompt", {}, key=(at, text(data.get("agent"))))
    else:
        tell_unknown(journal, message.file, message.row, agent, kind, data, NO_USAGE)
    error = mapping(data.get("error"))
    failure = text(error.get("name")) or text(error.get("type"))
    if failure and failure not in NO_FAILURES:
        status = mapping(error.get("data")).get("statusCode") or error.get("statusCode")
        attributes = known(status_code=status if type(status) is int else None, error_type=failure)
        yield _event(agent, message, sessions, "api_error", attributes)
    for tool in message.tools:
        yield from _tool(agent, message, sessions, tool)


def _response(agent: str, message: Message, sessions: dict[str, Session]) -> Iterable[Told]:
    data = message.data
    usage, model = mapping(data.get("tokens")), mapping(data.get("model"))
    cache = mapping(usage.get("cache"))
    attributes = known(
        model=text(data.get("modelID")) or text(model.get("id")),
        provider=text(data.get("providerID")) or text(model.get("providerID")),
        input_tokens=tokens(usage.get("input")),
        output_tokens=tokens(usage.get("output")) + tokens(usage.get("reasoning")),
        cache_read_tokens=tokens(cache.get("read")),
        cache_creation_tokens=tokens(cache.get("write")),
    )
    if not any(count for name, count in attributes.items() if name.endswith("_tokens")):
        return  # it failed, or has only begun
    at = instant(mapping(data.get("time")).get("created"))
    # A fork's copy, and what version 2 has taken over from version 1, is the same response. Its cost may be
    # taken from it: it was paid once.
    key = (at.isoformat(), *sorted(attributes.items()))
    attributes["request_id"] = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
    attributes |= known(cost_usd=money(data.get("cost")) or None)
    yield _event(agent, message, sessions, "api_request", attributes, key=key)


def _tool(agent: str, message: Message, sessions: dict[str, Session], tool: dict[str, Any]) -> Iterable[Told]:
    """A call of a tool that has come to its end."""
    state = mapping(tool.get("state"))
    status, name = state.get("status"), text(tool.get("tool")) or text(tool.get("name"))
    if status not in ("completed", "error"):
        return
    time = mapping(state.get("time")) or mapping(tool.get("time"))
    begun = time.get("start") or time.get("created")
    ended = time.get("end") or time.get("completed") or begun
    call = text(tool.get("callID")) or text(tool.get("id"))
    changed = mapping(mapping(state.get("metadata")).get("filediff")) if status == "completed" else {}
    attributes = known(
        tool_name=name,
        tool_use_id=call,
        success="true" if status == "completed" else "false",
        duration_ms=ended - begun if type(begun) is int and type(ended) is int and ended > begun else None,
        lines_added=_lines(changed.get("additions")),
        lines_removed=_lines(changed.get("deletions")),
        **made_in(_output(state) if name in SHELLS else None),
    )
    key = call, begun, name
    yield _event(agent, message, sessions, "tool_result", attributes, at=ended, key=key)
    is_rejected = status == "error" and (text(state.get("error")) or "").startswith(REJECTED)
    if name in EDIT_TOOLS and (status == "completed" or is_rejected):
        decided = known(tool_name=name, tool_use_id=call, decision="reject" if is_rejected else "accept")
        yield _event(agent, message, sessions, "tool_decision", decided, at=ended, key=key)


def _output(state: dict[str, Any]) -> str | None:
    output, content = text(state.get("output")), state.get("content")
    if output or not isinstance(content, list):
        return output
    return "\n".join(text(mapping(part).get("text")) or "" for part in content)


def _lines(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 1e9 else None


def _event(
    agent: str,
    message: Message,
    sessions: dict[str, Session],
    name: str,
    attributes: dict[str, Any],
    *,
    at: object = None,
    key: tuple[object, ...] = (),
) -> Told:
    at = instant(at or mapping(message.data.get("time")).get("created"))
    kept_in = sessions.get(message.session, Session())
    name_of_session = _first_written_in(message, sessions)
    session = sessions.get(name_of_session, kept_in)
    event = Event(
        at,
        f"{agent}.{name}",
        name_of_session,
        known(session__id=name_of_session, app__version=session.version) | attributes,
        agent=agent,
        cwd=text(mapping(message.data.get("path")).get("cwd")) or session.folder,
        version=session.version,
    )
    began = kept_in.began if kept_in.began is not None else float("inf")
    order = (kept_in.fork_of is not None, began, message.name)
    return Told((name, *(key or (message.session, message.name))), order, event)


def _first_written_in(message: Message, sessions: dict[str, Session]) -> str:
    """The session of a message; of one that is older than the fork that keeps it, the fork's origin."""
    created = mapping(message.data.get("time")).get("created")
    name, passed = message.session, {message.session}
    while (
        (session := sessions.get(name, Session())).fork_of
        and session.fork_of not in passed
        and session.began is not None
        and type(created) is int
        and created < session.began
    ):
        name = session.fork_of
        passed.add(name)
    return name
