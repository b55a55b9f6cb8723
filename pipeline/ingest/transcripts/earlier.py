"""What an earlier version read of the same sessions gives way to what is read now.

Readers learn: they tell more of a file than before, and some of it under other ids. The same prompt, told
by two versions, would count twice. So the `record_hash` of a record names the version of the readers, and
when a session is read again, what earlier versions told of it goes in the same transaction. Sessions whose
files are gone stay as they were.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.agents import TELEMETRY
from pipeline.agents.events import Event, mapping

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

READERS = 5  # raise it when readers tell the same files otherwise than before
MARK = f"t{READERS}:"

PAGE = 20_000  # rows that are looked at at once
NEEDED = {"id", "timestamp", "event_name", "attributes", "source", "service_name", "record_hash"}
SESSIONS = [name for telemetry in TELEMETRY for name in telemetry.sessions]


@dataclass(frozen=True)
class Told:
    """What is told now of an agent.

    Attributes:
        sessions: ids of sessions that are told, more than sub-agents' threads of them; and of threads,
            which earlier versions took for sessions.
        requests: ids of requests.
        moments: names and times of events.
    """

    sessions: frozenset[str]
    requests: frozenset[str]
    moments: frozenset[tuple[str, dt.datetime]]

    @classmethod
    def by(cls, events: Sequence[Event]) -> "Told":
        """What events tell."""
        threads = [event.attributes.get("thread.id") for event in events]
        requests = [event.attributes.get("request_id") for event in events]
        whole = {event.session for event, thread in zip(events, threads, strict=True) if not thread}
        return cls(
            frozenset(whole | {thread for thread in threads if thread}),
            frozenset(request for request in requests if request),
            frozenset((event.name, event.at) for event in events),
        )

    def supersedes(self, name: str, at: dt.datetime, attributes: Mapping[str, Any]) -> bool:
        """Whether what an earlier version told of a session is told now, or rightly no longer.

        A request that is not told now stays: it may stand in a file of the session that is gone.
        """
        request = attributes.get("request_id")
        if request in self.requests or (name, at) in self.moments:
            return True
        return request is None and any(attributes.get(session) in self.sessions for session in SESSIONS)


class Earlier:
    """What earlier versions told, as it stands in a database.

    Attributes:
        is_there: whether there is any.
    """

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        logs, quote = engine.name("raw", "otel_logs"), engine.quote
        sql = (
            f"SELECT 1 FROM {logs} WHERE {quote('source')} = 'transcript'"
            f" AND {quote('record_hash')} NOT LIKE ? LIMIT 1"
        )
        has_columns = engine.shapes("raw").get("otel_logs", {}).keys() >= NEEDED
        self.is_there = has_columns and bool(engine.fetch(sql, [f"{MARK}%"]))

    def remove(self, agent: str, events: Sequence[Event]) -> int:
        """Remove what was told of the sessions of these events; how many records that were."""
        told = Told.by([event for event in events if event.source == "transcript"])
        superseded = [
            number
            for number, name, at, attributes in self._told(agent)
            if told.supersedes(name, at, attributes)
        ]
        # Another collector may have used an id of ours again.
        condition = f"{self._engine.quote('source')} = 'transcript'"
        self._engine.delete_numbered("raw", "otel_logs", superseded, condition)
        return len(superseded)

    def _told(self, agent: str) -> Iterator[tuple[int, str, dt.datetime, Mapping[str, Any]]]:
        """Id, name, time and attributes of what was told of an agent."""
        import orjson

        logs, quote = self._engine.name("raw", "otel_logs"), self._engine.quote
        columns = ", ".join(map(quote, ("id", "event_name", "timestamp", "attributes")))
        sql = (
            f"SELECT {columns} FROM {logs} WHERE {quote('id')} > ? AND {quote('source')} = 'transcript'"
            f" AND {quote('service_name')} = ? AND {quote('record_hash')} NOT LIKE ?"
            f" ORDER BY {quote('id')} LIMIT {PAGE}"
        )
        last = 0
        while page := self._engine.fetch(sql, [last, agent, f"{MARK}%"]):
            for number, name, at, attributes in page:
                utc = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
                found = orjson.loads(attributes) if isinstance(attributes, str) else attributes
                yield number, name, utc, mapping(found)
            last = page[-1][0]
