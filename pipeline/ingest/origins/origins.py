"""The files and lines of some raw records, among what was ingested when they landed."""

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pipeline.engines.base import Engine
from pipeline.ingest.content import is_content
from pipeline.ingest.landing.identity import key_of
from pipeline.ingest.origins import copilot, git, landed_again, otlp, requests, transcripts
from pipeline.ingest.origins.origin import Origin, Wanted

# Attributes whose values stand in a file as they stand in the record.
TELLING = (
    *("session.id", "request_id", "session_id", "conversation.id", "gen_ai.conversation.id"),
    "commit_hash",
)
PLAIN = re.compile(r"[A-Za-z0-9._:-]{8,}")
READ_BY: Mapping[str, Callable[[Collection[str], Wanted], Mapping[str, Origin]]] = {
    "otlp": otlp.find,
    "transcripts": transcripts.find,
    "copilot": copilot.find,
    "git": git.find,
    "github": requests.github,
    "gitlab": requests.gitlab,
    "billing": landed_again.bills,
}


class Ingest(NamedTuple):
    """A row of `meta.ingests`."""

    source: str
    inputs: str
    started_at: dt.datetime
    finished_at: dt.datetime


def find_origins(engine: Engine, table: str, hashes: Iterable[str]) -> dict[str, Origin]:
    """Where records of a raw table stand in what was ingested.

    Args:
        engine: an open database.
        table: a raw table, such as otel_logs.
        hashes: `record_hash` of the records, `commit_hash` of commits.

    Returns:
        by hash; without those that are found no more: files change and go, and where people have pseudonyms
        neither names nor hashes are those of the files.
    """
    wanted = list(dict.fromkeys(hashes))
    shape = engine.shapes("raw").get(table, {})
    if not wanted or "inputs" not in engine.shapes("meta").get("ingests", {}):
        return {}
    if not {"created_at", key_of(table)} <= shape.keys():
        return {}
    telling = [name for name in ("attributes", "commit_hash", "account") if name in shape]
    columns = ", ".join(dict.fromkeys([key_of(table), "created_at", *telling]))
    rows = engine.fetch_dicts(
        f"SELECT {columns} FROM {engine.name('raw', table)}"
        f" WHERE {key_of(table)} IN ({', '.join('?' * len(wanted))})",
        wanted,
    )
    told = [(row[key_of(table)], row["created_at"], _told(row)) for row in rows]
    found: dict[str, Origin] = {}
    for ingest, landed in _by_ingest(engine, told).items():
        missing = {key: _needle(told) for key, told in landed.items() if key not in found}
        content = frozenset(name for told in landed.values() for name in told if is_content(name))
        if missing and (find := READ_BY.get(ingest.source)):
            accounts = frozenset(told.get("account") for told in landed.values())
            found |= find(str(ingest.inputs).splitlines(), Wanted(table, missing, content, accounts))
    return found


def _by_ingest(
    engine: Engine, rows: Iterable[tuple[str, dt.datetime | None, Mapping[str, Any]]]
) -> dict[Ingest, dict[str, Mapping[str, Any]]]:
    """The ingests that can have brought rows; of each what the rows tell, by hash."""
    ingests = [
        Ingest(*row)
        for row in engine.fetch("SELECT source, inputs, started_at, finished_at FROM meta.ingests")
    ]
    found: dict[Ingest, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for key, at, told in rows:
        for ingest in ingests:
            if at is not None and ingest.started_at <= at <= ingest.finished_at:
                found[ingest][key] = told
    return found


def _told(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes of a record, the commit that it is of, or whose bill."""
    if "attributes" not in row:
        return {name: row[name] for name in ("commit_hash", "account") if name in row}
    stored = row.get("attributes")
    if isinstance(stored, str):
        with suppress(ValueError):
            stored = json.loads(stored)
    return stored if isinstance(stored, dict) else {}


def _needle(told: Mapping[str, Any]) -> bytes:
    """What stands in a file that holds the record; empty if nothing is sure to."""
    values = [told.get(name) for name in TELLING]
    plain = [value for value in values if isinstance(value, str) and PLAIN.fullmatch(value)]
    return plain[0].encode() if plain else b""
