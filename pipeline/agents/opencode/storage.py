"""Where opencode keeps its messages: tables of version 1 and 2, and files of older versions."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.databases import columns, open_database
from pipeline.agents.events import Journal, mapping, objects, text
from pipeline.agents.files import json_file, json_text

VERSION_1, VERSION_2 = "message", "session_message"


@dataclass(frozen=True)
class Session:
    """What is known of a session; the parent is the one that spawned it, and `began` in milliseconds."""

    parent: str | None = None
    fork_of: str | None = None
    began: int | None = None
    folder: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Message:
    """One message, wherever it was kept, with the tools that were called in it."""

    file: Path
    row: int | None
    name: str
    session: str
    kind: str
    data: dict[str, Any]
    tools: list[dict[str, Any]] = field(default_factory=list)


def messages(files: list[Path], sessions: dict[str, Session], journal: Journal) -> Iterator[Message]:
    """The messages of all files; `sessions` learns of each file's sessions before its messages come."""
    for root in dict.fromkeys(_root(file) for file in files if file.suffix != ".db"):
        sessions.update(_described(root, journal))
    for file in files:
        if file.suffix == ".db":
            yield from _database(file, sessions, journal)
        elif message := mapping(json_file(file, journal)):
            name, session = text(message.get("id")) or file.stem, text(message.get("sessionID")) or "unknown"
            yield Message(file, None, name, session, _role(message), message)


def data_folder(file: Path) -> Path:
    """The folder in which an agent keeps a database, or `storage/message/<session>/<message>.json`."""
    return file.parent if file.suffix == ".db" else _root(file).parent


def _root(file: Path) -> Path:
    """The folder `storage` of `storage/message/<session>/<message>.json`."""
    return file.parents[min(2, len(file.parents) - 1)]


def _described(root: Path, journal: Journal) -> Iterator[tuple[str, Session]]:
    """The sessions that files beside the messages describe: `storage/session/<project>/<session>.json`."""
    for file in sorted((root / "session").glob("*/ses_*.json")):
        told = mapping(json_file(file, journal))
        began = mapping(told.get("time")).get("created")
        yield (
            file.stem,
            _session(told.get("parentID"), None, began, told.get("directory"), told.get("version")),
        )


def _role(message: dict[str, Any]) -> str:
    return text(message.get("role")) or "message without a role"


def _session(parent: Any, fork_of: Any, began: Any, folder: Any, version: Any) -> Session:
    begun = began if type(began) is int else None
    return Session(text(parent), text(fork_of), begun, text(folder), text(version))


def _database(file: Path, sessions: dict[str, Session], journal: Journal) -> Iterator[Message]:
    """The messages of a database, opened so that opencode can go on writing."""
    try:
        with open_database(file) as database:
            tables = columns(database)
            if not tables.keys() & {VERSION_1, VERSION_2}:
                journal.quarantine(file, None, f"it has no table {VERSION_1} or {VERSION_2}")
                return
            for table in ("session", "session_v2"):
                if table in tables:
                    sessions.update(_sessions(database, table, tables[table]))
            if VERSION_2 in tables:
                yield from _version_2(file, database, journal)
            if VERSION_1 in tables:
                yield from _version_1(file, database, "part" in tables, journal)
    except (sqlite3.Error, OSError) as error:
        journal.quarantine(file, None, f"the database could not be read: {error}")


def _sessions(database: sqlite3.Connection, table: str, has: set[str]) -> Iterator[tuple[str, Session]]:
    """A table's sessions, with whatever of these columns it has."""
    wanted = ("id", "parent_id", "fork_session_id", "time_created", "directory", "version")
    selected = ", ".join(name if name in has else "NULL" for name in wanted)
    for name, *told in database.execute(f"SELECT {selected} FROM {table}"):
        yield str(name), _session(*told)


def _version_2(file: Path, database: sqlite3.Connection, journal: Journal) -> Iterator[Message]:
    rows = database.execute("SELECT rowid, id, session_id, type, data FROM session_message ORDER BY rowid")
    for row, name, session, kind, stored in rows:
        data = _object(file, row, stored, journal)
        if data is not None:
            tools = [part for part in objects(data.get("content")) if part.get("type") == "tool"]
            yield Message(file, row, str(name), str(session), str(kind), data, tools)


def _version_1(
    file: Path, database: sqlite3.Connection, has_parts: bool, journal: Journal
) -> Iterator[Message]:
    tools: dict[str, list[dict[str, Any]]] = defaultdict(list)
    if has_parts:
        # Parts hold whole files: only those are looked at that can be tools.
        parts = database.execute(
            "SELECT rowid, message_id, data FROM part WHERE instr(data, '\"tool\"') > 0 ORDER BY rowid"
        )
        for row, message, stored in parts:
            part = _object(file, row, stored, journal)
            if part is not None and part.get("type") == "tool":
                tools[str(message)].append(part)
    rows = database.execute("SELECT rowid, id, session_id, data FROM message ORDER BY rowid")
    for row, name, session, stored in rows:
        data = _object(file, row, stored, journal)
        if data is not None:
            yield Message(file, row, str(name), str(session), _role(data), data, tools[str(name)])


def _object(file: Path, row: int, stored: Any, journal: Journal) -> dict[str, Any] | None:
    value = json_text(stored)
    if isinstance(value, dict):
        return value
    journal.quarantine(file, row, "the message is not a JSON object")
    return None
