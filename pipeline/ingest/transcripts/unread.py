"""Numbers in transcripts that no model takes, since they cannot be: they land, and are told."""

from collections import Counter
from collections.abc import Iterable

from pipeline.agents.events import Event
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.otlp.unread import Found, Unread


class UnreadNumbers:
    """Looks through what lands; of each session that is read again it is told anew."""

    def __init__(self) -> None:
        self._unread, self._told = Unread(), Counter[tuple[str, Found]]()
        self._sessions: set[str] = set()

    def look(self, events: Iterable[Event]) -> None:
        """Look through events."""
        for event in events:
            self._sessions.add(event.session)
            self._unread.log(event.agent, event.name, None, event.attributes)
            if self._unread.found:
                self._told.update((event.session, found) for found in self._unread.found)
                self._unread.found.clear()

    def tell(self, landing: Landing) -> None:
        """Tell what was found, in place of what was told before of the same sessions."""
        landing.read_again(f"session {session}" for session in self._sessions)
        for (session, found), number in self._told.items():
            landing.not_read(f"session {session}", found.agent, found.kind, found.field, number)
