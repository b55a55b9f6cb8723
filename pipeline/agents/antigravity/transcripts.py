"""Antigravity: `conversations/<conversation>.db`, with one row of `gen_metadata` per response.

Rows are Protocol Buffers without a public definition; the numbers of fields are those that others have
read from the program's own descriptors. Input is without what came from the cache; output holds thinking.
Field 1 of the usage is the model as a number, and no count of tokens.

Older conversations (`.pb`) are encrypted.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.agents.antigravity.protobuf import (
    Fields,
    earliest_time,
    fields,
    message,
    number,
    numbers,
    string,
    time,
)
from pipeline.agents.databases import open_database, rows, tables_of, tell_unknown_columns
from pipeline.agents.events import BadRecord, Event, Journal, known
from pipeline.agents.files import Sample

AGENT = "antigravity"
FOLDERS = ("conversations", "implicit")
USER_INPUT = 14  # the type of a step
MOST = 2_000_000  # more tokens than one response can have: the field is another one
GENERIC = ("gemini-default",)


@dataclass
class Generation:
    """A row of `gen_metadata`."""

    index: int
    chat: Fields
    usage: Fields
    steps: list[int]

    @property
    def model(self) -> str | None:
        """The model that responded, if it is named."""
        name = string(self.chat, 19)
        return None if name in GENERIC else name

    @property
    def display(self) -> str | None:
        """The model as people see it, with how hard it thinks."""
        return string(self.chat, 21)


@dataclass
class Conversation:
    """One database."""

    file: Path
    created: dt.datetime | None = None
    cwd: str | None = None
    generations: list[Generation] = field(default_factory=list)
    steps: dict[int, tuple[Any, dt.datetime | None]] = field(default_factory=dict)  # type and time
    executors: list[tuple[int, str]] = field(default_factory=list)  # last step and model
    is_empty: bool = True

    @property
    def name(self) -> str:
        """The conversation's id; in `implicit` the same one may stand again."""
        return f"implicit-{self.file.stem}" if self.file.parent.name == "implicit" else self.file.stem


def is_record(value: dict[str, Any]) -> bool:
    """Never: it is a database."""
    return False


def is_file(sample: Sample) -> bool:
    """Whether a file is a conversation, though it may be encrypted."""
    if sample.path.suffix == ".pb" and sample.path.parent.name in FOLDERS:
        return True
    tables = tables_of(sample)
    own = ("gen_metadata", "trajectory_metadata_blob", "executor_metadata")
    return "steps" in tables and any(table in tables for table in own)


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The responses and prompts of all conversations, each once."""
    _tell_encrypted([file for file in files if file.suffix == ".pb"], journal)
    seen: set[tuple[Any, ...]] = set()
    for file in files:
        if file.suffix == ".pb":
            continue
        for key, event in _events(_read(file, journal), journal):
            if key in seen:
                journal.repeat(1)
            else:
                yield event
            seen.add(key)


def _tell_encrypted(files: list[Path], journal: Journal) -> None:
    for folder in sorted({file.parent for file in files}):
        there = [file for file in files if file.parent == folder and not file.with_suffix(".db").exists()]
        if there:
            journal.warn(
                f"{folder} holds conversations that Antigravity has encrypted, which are not read:"
                f" {len(there):,} files ending in .pb."
            )


def _read(file: Path, journal: Journal) -> Conversation:
    told = Conversation(file)
    data = {"idx": "idx", "data": "data"}
    try:
        with open_database(file) as database:
            for row in rows(database, "trajectory_metadata_blob", {"data": "data"}):
                _learn(told, row)
            for row in rows(
                database, "steps", {name: name for name in ("idx", "step_type", "step_payload", "metadata")}
            ):
                at = earliest_time(row.get("step_payload")) or earliest_time(row.get("metadata"))
                if isinstance(row.get("idx"), int):
                    told.steps[row["idx"]] = row.get("step_type"), at
            for row in rows(database, "executor_metadata", data):
                _executor(told, row)
            for row in rows(database, "gen_metadata", data):
                told.is_empty = False
                try:
                    _generation(told, row, journal)
                except BadRecord as error:
                    journal.quarantine(file, None, f"generation {row.get('idx')}: {error}")
            tell_unknown_columns(database, {}, file, AGENT, journal)
    except (sqlite3.Error, OSError) as error:
        journal.quarantine(file, None, f"the database could not be read: {error}")
    return told


def _learn(told: Conversation, row: dict[str, Any]) -> None:
    try:
        metadata = fields(row.get("data"))
        told.created = time(message(metadata, 2)) or told.created
        address = string(message(metadata, 1), 1)
    except BadRecord:
        return
    if address and address.startswith("file://"):
        told.cwd = unquote(urlsplit(address).path) or None


def _executor(told: Conversation, row: dict[str, Any]) -> None:
    try:
        executor = fields(row.get("data"))
        model = string(message(message(executor, 10), 1), 28)
        if model:
            told.executors.append((number(executor, 3), model))
    except BadRecord:
        return


def _generation(told: Conversation, row: dict[str, Any], journal: Journal) -> None:
    """Keep a row that tells usage; a request that failed tells none."""
    metadata = fields(row.get("data"))
    chat = message(metadata, 1)
    usage = message(chat, 4)
    if not any(number(usage, kind) for kind in (2, 3, 5, 9, 10)):
        journal.skip()
        return
    index = row.get("idx")
    if not isinstance(index, int):
        raise BadRecord("it has no number")
    told.generations.append(Generation(index, chat, usage, numbers(metadata, 2)))


def _events(told: Conversation, journal: Journal) -> Iterator[tuple[tuple[Any, ...], Event]]:
    def event(name: str, at: dt.datetime, attributes: dict[str, Any]) -> Event:
        named = {"session.id": told.name} | attributes
        return Event(at, f"{AGENT}.{name}", told.name, named, agent=AGENT, cwd=told.cwd)

    if told.created:
        yield ("start", told.name), event("session_start", told.created, {})
    for index, (kind, at) in sorted(told.steps.items()):
        when = at or told.created
        if kind == USER_INPUT and when:
            name = f"{told.file.stem}:{index}"
            yield ("prompt", name), event("user_prompt", when, {"message.uuid": name})
    for generation in told.generations:
        try:
            attributes, at = _usage(generation), _time(generation, told)
        except BadRecord as error:
            journal.quarantine(told.file, None, f"generation {generation.index}: {error}")
            continue
        response = string(generation.usage, 11)
        key = response or f"{told.file.stem}:{generation.index}"
        attributes |= known(model=_model(generation, told), request_id=key)
        yield ("call", key, *attributes.values()), event("api_request", at, attributes)
    if not told.generations and not told.is_empty:
        journal.not_understood(told.file, None, AGENT, "gen_metadata", "chat_model.usage")
    elif told.is_empty and any(kind == USER_INPUT for kind, _ in told.steps.values()):
        journal.warn(f"{told.file} has prompts, and no table or row that tells usage.")


def _usage(generation: Generation) -> dict[str, Any]:
    usage = generation.usage
    counts = {
        "input_tokens": number(usage, 2),
        # Response and thinking are its parts.
        "output_tokens": number(usage, 3) or number(usage, 9) + number(usage, 10),
        "cache_read_tokens": number(usage, 5),
        "cache_creation_tokens": 0,
    }
    if max(counts.values()) > MOST:
        raise BadRecord("it tells more tokens than a response can have")
    return counts


def _time(generation: Generation, told: Conversation) -> dt.datetime:
    begun = time(message(message(generation.chat, 9), 4))
    steps = [told.steps[index][1] for index in generation.steps if index in told.steps]
    at = begun or min((at for at in steps if at), default=None) or told.created
    if not at:
        raise BadRecord("its time is missing or unreadable")
    return at


def _model(generation: Generation, told: Conversation) -> str | None:
    """The model: named by the response, by others that are displayed like it, or by what asked for it."""
    if generation.model:
        return generation.model
    display = generation.display
    alike = {other.model for other in told.generations if other.model and other.display == display}
    if display and len(alike) == 1:
        return alike.pop()
    last = max(generation.steps, default=None)
    asked = [model for step, model in sorted(told.executors) if last is not None and step >= last]
    return asked[0] if asked else display
