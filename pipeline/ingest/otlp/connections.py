"""Who has a connection, and who gets one when all are taken."""

import socket
import threading
import time
from collections import OrderedDict
from contextlib import suppress

from pipeline.ingest.otlp.limits import Limits

SECONDS_TO_END = 1.0  # within which a thread that waits for its sender has found its end


class Connections:
    """All connections of a server, from any thread.

    One that asks nothing, or has not said what, gives its slot to one that waits, the oldest first.
    When no slot comes free in time, a few more are let in: they may ask how it goes, and export nothing.

    Args:
        limits: how many there are, and how long one waits.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._slots: set[socket.socket] = set()
        self._beyond: set[socket.socket] = set()
        self._idle: OrderedDict[socket.socket, float] = OrderedDict()  # and since when, oldest first
        self._full_since: float | None = None
        self._changed = threading.Condition()

    def take(self, connection: socket.socket) -> bool:
        """Take a slot, or one beyond them; False if there is none in time."""
        with self._changed:
            if self._wait_for_slot():
                self._full_since = None
                self._slots.add(connection)
                return True
            if len(self._beyond) < self._limits.connections_beyond:
                self._beyond.add(connection)
                return True
            return False

    def give(self, connection: socket.socket) -> None:
        """Give a slot back."""
        with self._changed:
            self._idle.pop(connection, None)
            self._beyond.discard(connection)
            self._slots.discard(connection)
            self._changed.notify_all()

    def is_beyond(self, connection: socket.socket) -> bool:
        """Whether a connection came when all slots were taken."""
        return connection in self._beyond

    def patience(self, connection: socket.socket) -> tuple[float, float]:
        """Seconds in which a request must begin, and in which it must be here."""
        limits = self._limits
        if self.is_beyond(connection):
            return limits.seconds_of_patience, limits.seconds_of_patience
        return limits.seconds_idle, limits.seconds

    def wait(self, connection: socket.socket) -> None:
        """A request is waited for: from now on the slot may be taken."""
        with self._changed:
            if connection in self._slots:
                self._idle[connection] = time.monotonic()

    def begin(self, connection: socket.socket) -> bool:
        """A request begins, and has a while to say what it is; False if the slot was taken."""
        with self._changed:
            if connection in self._idle:
                self._idle[connection] = time.monotonic()
                self._idle.move_to_end(connection)
                return True
            return self.is_beyond(connection)

    def keep(self, connection: socket.socket) -> bool:
        """What the request is has been said: the slot is kept; False if it was taken."""
        with self._changed:
            return self._idle.pop(connection, None) is not None or self.is_beyond(connection)

    def finish(self) -> None:
        """Let those that wait for their senders find their end, and wait until all slots are given back."""
        with self._changed:
            for connection in (*self._slots, *self._beyond):
                _end_reading(connection)
            self._changed.wait_for(lambda: not self._slots, self._limits.seconds)

    def _wait_for_slot(self) -> bool:
        """Wait for one, together with all that came since there was none."""
        taken = False
        now = time.monotonic()
        self._full_since = self._full_since or now
        end = self._full_since + self._limits.seconds_of_patience
        while len(self._slots) >= self._limits.connections:
            now = time.monotonic()
            if not taken and self._take_from_idle(now):
                taken, end = True, max(end, now + SECONDS_TO_END)
            if now >= end:
                return False
            self._changed.wait(min(end - now, self._limits.seconds_of_grace))
        return True

    def _take_from_idle(self, now: float) -> bool:
        """End the connection that has said nothing for longest, if that is long enough."""
        connection, since = next(iter(self._idle.items()), (None, now))
        if connection is None or now - since < self._limits.seconds_of_grace:
            return False
        del self._idle[connection]
        _end_reading(connection)
        return True


def _end_reading(connection: socket.socket) -> None:
    """Let a thread that waits for a sender find its end."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RD)  # that of TLS would send what follows as it is
