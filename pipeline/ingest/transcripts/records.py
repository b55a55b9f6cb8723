"""Records of events: the rows of `raw.otel_logs` that they become, column by column."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from pipeline.agents.events import Event, Journal, PartReader
from pipeline.ingest.content import REPOSITORIES, addresses
from pipeline.ingest.landing.identity import hash_of
from pipeline.ingest.projects import project_at
from pipeline.ingest.transcripts.earlier import MARK
from pipeline.ingest.transcripts.parts import Parts
from pipeline.ingest.transcripts.people import asked_in, developer_in
from pipeline.ingest.transcripts.unread import Look, Numbers
from pipeline.ingest.values import to_json

BATCH = 4_000  # rows that are told at once
ORDER = attrgetter("at", "name", "session")
COLUMNS = (
    *("timestamp", "body", "event_name", "attributes", "service_name", "source", "service_version"),
    *("developer_id", "record_hash"),
)


@dataclass
class Rows:
    """Rows of `raw.otel_logs`.

    Attributes:
        columns: their values.
        families: of how many families of files they are.
        sessions: that the events are of.
        unread: numbers among them that no model takes.
        events: the events themselves, where somebody asks for them.
    """

    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    families: int = 0
    sessions: set[str] = field(default_factory=set)
    unread: Numbers = field(default_factory=Numbers)
    events: list[Event] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns["timestamp"])


class Records:
    """Makes rows of events.

    Args:
        developer: whose they are; None means whoever works in the folder of each.
        roots: folders that hold a folder for each project.
        keep_events: whether somebody asks for the events, too.
    """

    def __init__(
        self, developer: str | None, roots: Sequence[str] = (), *, keep_events: bool = False
    ) -> None:
        self.developer = developer
        self.roots = roots
        self.keep_events = keep_events
        developer_of = cache(developer_in)
        self._whose = cache(lambda cwd: developer_of(asked_in(cwd)))
        self._where = cache(lambda cwd: project_at(cwd, roots))
        self._look = Look()

    def of_families(
        self, reader: PartReader, families: Sequence[Sequence[Path]], parts: Parts, journal: Journal
    ) -> Iterator[Rows]:
        """What families of files tell, one after the other, in batches."""
        rows = Rows()
        for family in families:
            self.add(reader.tell([parts.take(file) for file in family], journal), rows)
            rows.families += 1
            if len(rows) >= BATCH:
                yield rows
                rows = Rows()
        if rows.families:
            yield rows

    def add(self, events: Iterator[Event], rows: Rows) -> None:
        """Add the rows of events, in the order in which they happened."""
        in_order = sorted(events, key=ORDER)
        for name, values in zip(COLUMNS, zip(*map(self._row, in_order), strict=True), strict=False):
            rows.columns[name] += values
        rows.sessions.update(event.session for event in in_order)
        rows.unread.update(self._look.through(in_order))
        if self.keep_events:
            rows.events += in_order

    def _row(self, event: Event) -> tuple[object, ...]:
        attributes = event.attributes
        if shown := addresses(attributes, REPOSITORIES):
            attributes = attributes | shown
        person = event.person or self.developer or self._whose(event.cwd)
        if project := self._where(event.cwd):
            attributes = {"project_id": project} | attributes
        name, agent, identity = event.name, event.agent, identity_of(event)
        return event.at, name, name, to_json(attributes), agent, event.source, event.version, person, identity


def identity_of(event: Event) -> str:
    """The `record_hash` of an event's row: whoever did it, wherever, it is the same record."""
    attributes = event.attributes
    content: dict[str, object] = {
        "timestamp": event.at.astimezone(dt.UTC).isoformat(),
        "body": event.name,
        "event_name": event.name,
        "attributes": attributes,
        "service_name": event.agent,
        "source": event.source,
    }
    if event.version is not None:
        content["service_version"] = event.version
    # Whose session a thread is part of may be known only later.
    if "thread.id" in attributes:
        content["attributes"] = {name: v for name, v in attributes.items() if name != "session.id"}
    return MARK + hash_of("otel_logs", content)
