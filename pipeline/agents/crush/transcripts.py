"""Crush: one `.crush/crush.db` per project, which the register `projects.json` names.

`cost` is what a session and its sub-agents have cost so far, in US dollars. `prompt_tokens` and
`completion_tokens` show how full the context is: they are the last call's, and no usage. The event of a
session keeps its request id, by which models take the highest cost.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.crush import AGENT as CRUSH
from pipeline.agents.crush import REGISTER
from pipeline.agents.databases import open_database, rows, tables_of, tell_unknown_columns
from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, money, objects, text
from pipeline.agents.families import root_of
from pipeline.agents.files import Sample, json_file, json_text
from pipeline.agents.usage import tell_unknown

AGENT = "crush"
SESSION = ("id", "parent_session_id", "cost", "message_count", "created_at", "updated_at")
MESSAGE = ("id", "session_id", "role", "parts", "model", "provider", "is_summary_message", "created_at")
# What a tool answers where a person has said no: internal/agent/tools/tools.go.
REJECTED = "User denied permission"
# The context of the last call.
KNOWN = {"sessions": frozenset(SESSION) | {"prompt_tokens", "completion_tokens"}}


# A key, an event's name, its time in seconds, and its attributes.
Fact = tuple[str, str, Any, dict[str, Any]]


@dataclass
class Session:
    """A session with what its messages tell, the models that answered, and the tools that were called."""

    row: dict[str, Any]
    facts: list[Fact] = field(default_factory=list)
    messages: int = 0
    models: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    tools: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its id."""
        return text(self.row.get("id")) or "unknown"


def is_record(value: dict[str, Any]) -> bool:
    """Whether a document on one line is the register of projects."""
    return any("data_dir" in project for project in objects(value.get("projects")))


def is_file(sample: Sample) -> bool:
    """Whether a file is a project's database, or the register."""
    if sample.name == REGISTER and sample.is_json and b'"data_dir"' in sample.head:
        return True
    tables = tables_of(sample)
    is_kept = {"parent_session_id", "prompt_tokens", "cost"} <= tables.get("sessions", set())
    return is_kept and {"parts", "model"} <= tables.get("messages", set())


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The costs, prompts, tools and failures of all sessions; a copy of a database adds nothing."""
    projects: dict[Path, str | None] = {}
    for file in files:
        if file.suffix == ".json":
            projects.update(_registered(file, journal))
        else:
            projects.setdefault(file.resolve(), _project(file))
    told: dict[tuple[str, str], Event] = {}
    for file, cwd in projects.items():
        for key, event in _database(file, cwd, journal):
            if key in told:
                journal.repeat(1)
            told[key] = max(told.get(key, event), event, key=_spent)
    yield from told.values()


def _spent(event: Event) -> float:
    return float(event.attributes.get("cost_usd", 0.0))


def _project(file: Path) -> str | None:
    return str(file.parent.parent) if file.parent.name == ".crush" else None


def _registered(file: Path, journal: Journal) -> Iterator[tuple[Path, str | None]]:
    """The databases of a register: a list of projects, or in older versions a list or an object alone."""
    document = json_file(file, journal)
    listed = document.get("projects", document) if isinstance(document, dict) else document
    for project in objects(list(listed.values()) if isinstance(listed, dict) else listed):
        path, folder = text(project.get("path")), text(project.get("data_dir"))
        if not folder or not Path(path or "", folder).is_absolute():
            continue
        try:
            found = Path(path or "", folder, "crush.db").resolve()
            if found.is_file():
                yield found, path
            else:
                journal.skip()  # the project is gone
        except (OSError, ValueError, RuntimeError) as error:  # a link to itself is a RuntimeError
            journal.quarantine(file, None, f"a project's folder cannot be read: {error}")


def _read(file: Path, journal: Journal) -> dict[str, Session]:
    sessions: dict[str, Session] = {}
    try:
        with open_database(file) as database:
            for row in rows(database, "sessions", {name: name for name in SESSION}):
                session = Session(row)
                sessions[session.name] = session
            for row in rows(database, "messages", {name: name for name in MESSAGE}):
                name = text(row.get("session_id")) or "unknown"
                session = sessions.setdefault(name, Session({"id": name}))
                session.facts += _message(session, row, file, journal)
            tell_unknown_columns(database, KNOWN, file, AGENT, journal)
    except (sqlite3.Error, OSError) as error:
        journal.quarantine(file, None, f"the database could not be read: {error}")
    return sessions


def _database(file: Path, cwd: str | None, journal: Journal) -> Iterator[tuple[tuple[str, str], Event]]:
    sessions = _read(file, journal)
    parents = {
        session.name: parent
        for session in sessions.values()
        if (parent := text(session.row.get("parent_session_id")))
    }
    roots = {name: root_of(name, parents) for name in sessions}
    models: dict[str, Counter[tuple[str | None, str | None]]] = defaultdict(Counter)
    for name, session in sessions.items():
        models[roots[name]].update(session.models)
    without_cost = 0
    for session in sessions.values():
        root = roots[session.name]
        is_root = root == session.name
        named = known(session__id=root, thread__id=None if is_root else session.name)
        for key, name, at, attributes in [*_sums(session, models[root])] * is_root + session.facts:
            if name == "user_prompt" and not is_root:
                continue
            try:
                event = Event(_instant(at), f"{AGENT}.{name}", root, named | attributes, agent=AGENT, cwd=cwd)
                yield (session.name, key), event
            except BadRecord as error:
                journal.quarantine(file, None, f"session {session.name}: {error}")
        without_cost += is_root and session.messages > 0 and not money(session.row.get("cost"))
    if without_cost:
        journal.warn(f"{file} tells no cost of {without_cost} sessions; Crush never tells tokens.")


def _instant(seconds: Any) -> Any:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return instant(seconds * 1000 if is_number else None)


def _sums(session: Session, models: Counter[tuple[str | None, str | None]]) -> Iterator[Fact]:
    """The start and the cost of a session that a person began."""
    cost = money(session.row.get("cost"))
    if session.row.get("created_at"):
        yield "start", "session_start", session.row["created_at"], {}
    if cost:
        model, provider = min(models, key=lambda used: (-models[used], str(used)), default=(None, None))
        attributes = known(model=model, provider=provider, cost_usd=cost, request_id=session.name)
        yield "cost", "api_request", session.row.get("updated_at"), attributes


def _message(session: Session, message: dict[str, Any], file: Path, journal: Journal) -> Iterator[Fact]:
    session.messages += 1
    at, name, model = message.get("created_at"), str(message.get("id")), text(message.get("model"))
    if message.get("role") == "assistant" and model:
        session.models[model, text(message.get("provider"))] += 1
    says = False
    for position, part in enumerate(objects(json_text(message.get("parts")))):
        data, kind = mapping(part.get("data")), part.get("type")
        if kind == "text":
            says = says or text(data.get("text")) is not None
        elif kind == "tool_call":
            session.tools[str(data.get("id"))] = text(data.get("name")) or ""
        elif kind == "tool_result":
            call = str(data.get("tool_call_id"))
            tool = session.tools.get(call) or text(data.get("name"))
            success = data.get("is_error") is not True
            added, removed = _lines(data) if success else (None, None)
            attributes = known(
                tool_name=tool,
                tool_use_id=call,
                success="true" if success else "false",
                lines_added=added,
                lines_removed=removed,
                **made_in(data.get("content") if tool == "bash" else None),
            )
            yield f"tool {name} {position}", "tool_result", at, attributes
            decision = _decision(data, success) if tool in CRUSH.telemetry.edit_tools else None
            if decision:
                told = {"tool_name": tool, "tool_use_id": call, "decision": decision}
                yield f"decision {name} {position}", "tool_decision", at, told
        elif kind == "finish" and data.get("reason") == "error":
            yield f"error {name}", "api_error", at, {}
        else:
            tell_unknown(journal, file, None, AGENT, f"part {kind}", data)
    if message.get("role") == "user" and says:
        yield f"prompt {name}", "user_prompt", at, {"message.uuid": name}


def _lines(result: dict[str, Any]) -> tuple[int | None, int | None]:
    """Lines that an edit added and removed."""
    told = mapping(json_text(result.get("metadata")))
    added, removed = told.get("additions"), told.get("removals")
    return added if type(added) is int else None, removed if type(removed) is int else None


def _decision(result: dict[str, Any], success: bool) -> str | None:
    """What was decided about an edit: what was done was accepted."""
    said = result.get("content")
    if not success and isinstance(said, str) and said.startswith(REJECTED):
        return "reject"
    return "accept" if success else None
