"""opencode: `opencode.db`, or one file per message in `storage/message` in older versions.

The four kinds of tokens are disjoint; reasoning is beside the output and is added to it. A cost of
0 means that opencode knew no price.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, money, text, tokens
from pipeline.agents.files import Sample, json_file


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is an opencode message."""
    return "sessionID" in value and "role" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is opencode's database, or a message over several lines."""
    if sample.head.startswith(b"SQLite format 3\0"):
        return sample.path.name.startswith("opencode")
    return sample.is_json and sample.path.name.startswith("msg_") and b'"sessionID"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The responses and prompts of all sessions; a database may hold what older files hold, too."""
    found: dict[str, Event] = {}
    for file in files:
        messages = _rows(file, journal) if file.suffix == ".db" else _document(file, journal)
        for number, message in messages:
            try:
                event = _event(message)
            except BadRecord as error:
                journal.quarantine(file, number, str(error))
                continue
            if event:
                if message["id"] in found:
                    journal.repeat(1)
                found[message["id"]] = event
    yield from found.values()


def _document(file: Path, journal: Journal) -> Iterator[tuple[int | None, dict[str, Any]]]:
    message = mapping(json_file(file, journal))
    if message:
        yield None, {"id": file.stem} | message


def _rows(file: Path, journal: Journal) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """The messages of a database, opened so that opencode can go on writing."""
    import orjson

    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT rowid, id, session_id, data FROM message ORDER BY rowid")
            for number, name, session, data in rows:
                try:
                    message = orjson.loads(data)
                except orjson.JSONDecodeError:
                    message = None
                if isinstance(message, dict):
                    yield number, {"sessionID": session} | message | {"id": str(name)}
                else:
                    journal.quarantine(file, number, "the message is not a JSON object")
    except sqlite3.Error as error:
        journal.quarantine(file, None, f"the database could not be read: {error}")


def _event(message: dict[str, Any]) -> Event | None:
    session = text(message.get("sessionID")) or "unknown"
    attributes = known(session__id=session)
    usage = message.get("tokens")
    if message.get("role") == "assistant" and isinstance(usage, dict):
        cache = mapping(usage.get("cache"))
        attributes |= known(
            model=text(message.get("modelID")),
            provider=text(message.get("providerID")),
            input_tokens=tokens(usage.get("input")),
            output_tokens=tokens(usage.get("output")) + tokens(usage.get("reasoning")),
            cache_read_tokens=tokens(cache.get("read")),
            cache_creation_tokens=tokens(cache.get("write")),
            request_id=text(message["id"]),
            cost_usd=money(message.get("cost")) or None,
        )
        if not any(count for name, count in attributes.items() if name.endswith("_tokens")):
            return None  # it failed, or has only begun
        event = "opencode.api_request"
    elif message.get("role") == "user":
        event = "opencode.user_prompt"
        attributes |= known(message__uuid=text(message["id"]))
    else:
        return None
    return Event(
        instant(mapping(message.get("time")).get("created")),
        event,
        session,
        attributes,
        agent="opencode",
        cwd=text(mapping(message.get("path")).get("cwd")),
    )
