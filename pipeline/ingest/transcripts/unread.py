"""Numbers in transcripts that no model takes, since they cannot be: they land, and are told."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.agents.events import Event
from pipeline.ingest.otlp.unread import Found, Unread

if TYPE_CHECKING:
    from pipeline.ingest.landing.landing import Landing

# How many records of a session carry it.
Numbers = Counter[tuple[str, Found]]


class Look:
    """Looks through what lands."""

    def __init__(self) -> None:
        self._unread = Unread()

    def through(self, events: Iterable[Event]) -> Numbers:
        """What was found in events."""
        numbers, unread = Numbers(), self._unread
        for event in events:
            unread.log(event.agent, event.name, None, event.attributes)
            if unread.found:
                numbers.update((event.session, found) for found in unread.found)
                unread.found.clear()
        return numbers


class UnreadNumbers:
    """What was found; of each session that is read again it is told anew."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._sessions: set[str] = set()

    def add(self, sessions: Iterable[str], numbers: Numbers) -> None:
        """Add what was found in sessions."""
        self._sessions.update(sessions)
        self._numbers.update(numbers)

    def tell(self, landing: "Landing") -> None:
        """Tell what was found, in place of what was told before of the same sessions."""
        landing.read_again(f"session {session}" for session in self._sessions)
        for (session, found), number in self._numbers.items():
            landing.not_read(f"session {session}", found.agent, found.kind, found.field, number)
