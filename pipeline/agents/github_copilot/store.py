"""`session-store.db`: a row of `assistant_usage_events` per call of a model, of all sessions of a home.

Copilot CLI, its app and editors that run it write a row as soon as a call ends, whatever becomes of the
session; a `session.usage_record` of the same call stands in events.jsonl before it. Rows have no id that the
log has, too.
"""

import datetime as dt
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.agents.databases import open_database, rows, tables_of, tell_unknown_columns
from pipeline.agents.events import BadRecord, Journal, instant, money, text, tokens
from pipeline.agents.files import Sample

AGENT = "github_copilot"
NAME, TABLE = "session-store.db", "assistant_usage_events"
KINDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
READ = ("id", "session_id", "agent_id", "model", *KINDS, "total_nano_aiu", "created_at")
# Reasoning is in the output; details are the same counts by price.
NO_USAGE = ("reasoning_tokens", "token_details_json", "request_multiplier", "time_to_first_token_ms")

Counts = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One call of a model; its name stays the same when the database is made anew."""

    name: str
    at: dt.datetime
    session: str
    agent: str | None
    model: str | None
    counts: Counts
    nano_credits: float
    cwd: str | None


def is_store(sample: Sample) -> bool:
    """Whether a file is such a database."""
    return TABLE in tables_of(sample)


def calls(files: Iterable[Path], journal: Journal) -> dict[str, list[Row]]:
    """The calls of each session, in order of time."""
    found: dict[str, list[Row]] = defaultdict(list)
    for file in files:
        try:
            with open_database(file) as database:
                folders = {
                    str(row["id"]): text(row.get("cwd"))
                    for row in rows(database, "sessions", {"id": "id", "cwd": "cwd"})
                }
                for row in rows(database, TABLE, {name: name for name in READ}):
                    try:
                        call = _call(row, folders)
                        found[call.session].append(call)
                    except BadRecord as error:
                        number = row.get("id")
                        journal.quarantine(file, number if isinstance(number, int) else None, str(error))
                known = {TABLE: frozenset((*READ, *NO_USAGE))}
                tell_unknown_columns(database, known, file, AGENT, journal)
        except (sqlite3.Error, OSError) as error:
            journal.quarantine(file, None, f"the database could not be read: {error}")
    return {session: sorted(those, key=lambda call: call.at) for session, those in found.items()}


def _call(row: Mapping[str, object], folders: Mapping[str, str | None]) -> Row:
    session, agent = text(row.get("session_id")), text(row.get("agent_id"))
    if session is None:
        raise BadRecord("the call names no session")
    at, counts = instant(row.get("created_at")), tuple(tokens(row.get(kind)) for kind in KINDS)
    return Row(
        f"{session} {at.isoformat()} {agent or 'main'} {' '.join(map(str, counts))}",
        at,
        session,
        agent,
        text(row.get("model")),
        counts,
        money(row.get("total_nano_aiu")) or 0.0,
        folders.get(session),
    )
