"""Grok CLI: `sessions/<folder>/<session>/updates.jsonl`, where each turn tells what it used, by model.

Input holds cached tokens, output holds reasoning. A turn holds the usage of the sub-agents that it waited
for, whose own sessions tell it again: theirs is left out, unless it is more than the turn's. A fork's file
begins with its parent's records under another session and time.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, objects, text
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.grok import log
from pipeline.agents.grok.sessions import AGENT, Session, Turn, time_of, turn_of
from pipeline.agents.usage import tell_unknown

UPDATES = "updates.jsonl"
METHODS = ("_x.ai/session/update", "session/update")
NO_USAGE = frozenset(
    {
        "user_message_chunk",
        "agent_message_chunk",
        "agent_thought_chunk",
        "tool_call",
        "tool_call_update",
        # How large the context is.
        "usage_update",
        "auto_compact_started",
        "auto_compact_completed",
        "auto_compact_failed",
        "subagent_spawned",
        "subagent_progress",
        "subagent_finished",
        "compaction_checkpoint",
        "goal_updated",
        "workflow_updated",
        # One response of a turn, which tells the sum.
        "response_completed",
    }
)
# Prompts that Grok writes itself: xai-org/grok-build, PromptOrigin::from_prompt_id.
NOT_TYPED = (
    "task-completed-",
    "subagent-completed-",
    "workflow-completed-",
    "notifications-",
    "goal-summary-",
    "goal-classifier-nudge-",
    "scheduler-fired-",
    "plan-resume-",
)
REMINDERS = ("<system-reminder>", "<monitor-event")
EDIT = "edit"  # what kind of tool
# xai-org/grok-build, permission/manager and tool_calls.rs: what a person answered, or wrote instead.
REJECTED = ("User rejected the execution", "The user elected to avoid running")
# Retries of what is no failed request.
NOT_REQUESTS = ("Too many parallel media-gen calls",)
NOT_SENT = ("disk_full",)


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is an update of a session, or of the log."""
    is_update = value.get("method") in METHODS and "update" in mapping(value.get("params"))
    return is_update or log.is_line(value)


def is_file(sample: Sample) -> bool:
    """Whether a file lies beside a session's updates, or its first line is longer than what was read."""
    if sample.name == UPDATES:
        return sample.is_json and b'"sessionUpdate"' in sample.head
    # Checkpoints and sub-agents have folders of their own.
    return sample.is_json and any((folder / UPDATES).is_file() for folder in sample.path.parents[:3])


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The usage of turns, prompts and tools of all sessions, each once."""
    read = [_read(file, journal) for file in files if file.name.startswith(UPDATES)]
    sessions = {session.name: session for session in sorted(read, key=lambda one: one.age, reverse=True)}
    seen: set[tuple[Any, ...]] = set()

    def once(key: tuple[Any, ...], session: Session, event: Event) -> Iterator[Event]:
        if key in seen:
            journal.repeat(1)
        else:
            seen.add(key)
            yield _under(event, session, sessions)

    for session in sorted(read, key=lambda one: one.age):
        for key, event in session.told:
            if not session.is_subagent or event.name == f"{AGENT}.tool_result":
                yield from once(key, session, event)
        for turn in _counted(session, sessions, journal):
            for number, call in enumerate(turn.calls):
                event = _event("api_request", session, turn.at, call)
                yield from once((*turn.key, number), session, event)
    for file in files:
        if file.name.startswith("unified.jsonl"):
            for key, session, event in log.calls(file, sessions, journal):
                yield from once(key, session, event)


def _under(event: Event, session: Session, sessions: Mapping[str, Session]) -> Event:
    """The event under the session that a person began."""
    root, passed = session, {session.name}
    while root.is_subagent and (parent := sessions.get(root.parent or "")) and parent.name not in passed:
        passed.add(parent.name)
        root = parent
    name = root.parent if root.is_subagent and root.parent not in passed else root.name
    if name is None or name == session.name:
        return event
    attributes = event.attributes | {"session.id": name, "thread.id": session.name}
    return Event(event.at, event.name, name, attributes, agent=AGENT, cwd=event.cwd)


def _counted(session: Session, sessions: Mapping[str, Session], journal: Journal) -> list[Turn]:
    """A session's turns; of a sub-agent's those that are no part of its parent's turn."""
    turns = list(session.turns.values())
    parent = sessions.get(session.parent or "") if session.is_subagent else None
    if not parent or parent is session or not turns:
        return turns
    prompt = parent.children.get(session.name)
    began = session.began or turns[0].at
    later = [turn for turn in parent.turns.values() if turn.at >= began]
    holder = parent.turns.get(prompt or "") or min(later, key=lambda turn: turn.at, default=None)
    size = sum(turn.size for turn in turns)
    if holder and size > holder.size:
        return turns
    if not holder or holder.is_incomplete:
        journal.warn(
            f"{session.file} tells {size:,} tokens of a sub-agent, and nothing tells whether they are in its"
            " parent's turn. They are not counted."
        )
    else:
        journal.repeat(len(turns))
    return []


def _read(file: Path, journal: Journal) -> Session:
    session = Session.of(file, journal)
    created = session.summary.get("created_at")
    last_prompt: str | None = None
    tools: dict[str, str | None] = {}
    try:
        if created:
            session.began = instant(created)
            branch = text(session.summary.get("head_branch"))
            attributes = known(vcs__ref__head__name=branch)
            session.told.append(
                (("start", session.name), _event("session_start", session, session.began, attributes))
            )
    except BadRecord as error:
        journal.quarantine(file.with_name("summary.json"), None, str(error))
    for number, record in json_lines(file, journal):
        params = mapping(record.get("params"))
        update = mapping(params.get("update"))
        kind = text(update.get("sessionUpdate")) or "unknown"
        meta = mapping(params.get("_meta"))
        prompt = None
        try:
            if kind == "turn_completed":
                turn = turn_of(session, record, update)
                if turn:
                    session.turns[turn.prompt] = turn
                else:
                    tell_unknown(journal, file, number, AGENT, kind, update)
            elif kind == "subagent_spawned":
                child, by = text(update.get("child_session_id")), text(update.get("parent_prompt_id"))
                if child and by:
                    session.children[child] = by
            elif kind == "user_message_chunk" and _is_typed(update, meta):
                # A prompt may come in several pieces.
                prompt = text(meta.get("promptId")) or last_prompt or f"line {number}"
                if prompt != last_prompt:
                    name = text(meta.get("promptId")) or f"{session.name}:{number}"
                    event = _event("user_prompt", session, time_of(record), {"message.uuid": name})
                    session.told.append((("prompt", *_identity(meta, session, number)), event))
            elif kind in ("tool_call", "tool_call_update"):
                _tool(session, tools, record, update, number)
            elif kind == "retry_state":
                _failure(session, record, update, number)
            else:
                tell_unknown(journal, file, number, AGENT, kind, update, NO_USAGE)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
        last_prompt = prompt
    return session


def _identity(meta: dict[str, Any], session: Session, number: int) -> tuple[Any, ...]:
    """What a fork's copy of a record has, too."""
    event = text(meta.get("eventId"))
    return (event, str(meta.get("agentTimestampMs"))) if event else (session.name, number)


def _is_typed(update: dict[str, Any], meta: dict[str, Any]) -> bool:
    own = mapping(update.get("_meta"))
    if own.get("hostTurn") is True or own.get("hideFromScrollback") is True:
        return False
    written = str(mapping(update.get("content")).get("text")).lstrip()
    return not written.startswith(REMINDERS) and not str(meta.get("promptId")).startswith(NOT_TYPED)


def _tool(
    session: Session,
    tools: dict[str, str | None],
    record: dict[str, Any],
    update: dict[str, Any],
    number: int,
) -> None:
    """Keep what kind of tool is called, and tell of it when it has ended."""
    call = text(update.get("toolCallId")) or f"{session.name}:{number}"
    tools[call] = text(update.get("kind")) or tools.get(call)
    if update.get("status") not in ("completed", "failed"):
        return
    tool = tools[call]
    written = "\n".join(
        str(mapping(block.get("content")).get("text")) for block in objects(update.get("content"))
    )
    attributes = known(
        tool_name=tool,
        tool_use_id=call,
        success="true" if update["status"] == "completed" else "false",
        **made_in(written if tool == "execute" else None),
    )
    meta = mapping(mapping(record.get("params")).get("_meta"))
    identity = call, *_identity(meta, session, number)
    at, success = time_of(record), update["status"] == "completed"
    session.told.append((("tool", *identity), _event("tool_result", session, at, attributes)))
    # What was done was accepted.
    if tool == EDIT and (success or written.startswith(REJECTED)):
        decided = {"tool_name": tool, "tool_use_id": call, "decision": "accept" if success else "reject"}
        session.told.append((("decision", *identity), _event("tool_decision", session, at, decided)))


def _failure(session: Session, record: dict[str, Any], update: dict[str, Any], number: int) -> None:
    """A request that failed: one that is tried again, or the last one."""
    kind = text(update.get("error_type"))
    if kind in NOT_SENT or str(update.get("reason")).startswith(NOT_REQUESTS):
        return
    attributes = known(error_type=kind, status_code=429 if update.get("is_rate_limited") is True else None)
    meta = mapping(mapping(record.get("params")).get("_meta"))
    event = _event("api_error", session, time_of(record), attributes)
    session.told.append((("error", *_identity(meta, session, number)), event))


def _event(name: str, session: Session, at: Any, attributes: dict[str, Any]) -> Event:
    named = {"session.id": session.name} | attributes
    return Event(at, f"{AGENT}.{name}", session.name, named, agent=AGENT, cwd=session.cwd)
