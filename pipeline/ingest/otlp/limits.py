"""What the listener spends on its senders: connections, seconds, bytes and values.

Real senders need far less. An SDK sends up to 512 records at once; a Collector 8,192, which with 30
attributes each are 9 MB of protobuf, 19 MB of JSON and 1.8 million values. Both give an answer ten
seconds, so that whoever is to come again is told before.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True)
class Limits:
    """What is spent at most.

    Attributes:
        connections: at once; each has a thread.
        connections_beyond: more of them, whose exports are refused, but not questions how it goes.
        seconds: from the first byte of a request to its last.
        seconds_idle: for which a connection stays open without a request.
        seconds_of_patience: for which a request waits for a connection or memory that others have.
        seconds_of_grace: for which a connection that says nothing keeps its place when others want it.
        body: bytes of a request, before and after decompression, and of its records in JSON.
        values: numbers, texts, lists and objects of a request.
        values_at_once: of what cannot be decoded in parts, such as one record.
        memory: bytes that all requests together take.
    """

    connections: int = 128
    connections_beyond: int = 8
    seconds: float = 30
    seconds_idle: float = 60
    seconds_of_patience: float = 5
    seconds_of_grace: float = 1
    body: int = 32 << 20
    values: int = 2_000_000
    values_at_once: int = 300_000
    memory: int = 80 << 20


USUAL = Limits()

# Why requests are refused, in the metrics; 503 has reasons of its own.
REASONS = {
    HTTPStatus.UNAUTHORIZED: "token",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "spool_full",
}


class Refusal(Exception):
    """A request that is not taken.

    Attributes:
        status: of HTTP.
        message: for the sender's log.
        reason: for the metrics; by the status if left out.
    """

    def __init__(self, status: HTTPStatus, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason or REASONS.get(status, "not_understood")


def too_large(limits: Limits) -> Refusal:
    """More bytes or values than are taken at once; what is sent again as it is will be refused again."""
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"a request may have {limits.body >> 20} MB and {limits.values:,} values at most, and a record"
        f" {limits.values_at_once:,}: send fewer records at once (send_batch_max_size of a Collector)",
    )


class Memory:
    """What all requests together may take.

    Args:
        limits: how much that is, and how long a request waits for it.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._free = limits.memory
        self._changed = threading.Condition()

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """What one request takes, until it is answered."""
        share = Share(self)
        try:
            yield share
        finally:
            self.give(share.taken)

    def take(self, size: int, patience: float) -> None:
        """Take some bytes, as soon as there are so many.

        Raises:
            Refusal: others have them, and give none back in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._free >= size, patience):
                raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "other requests take all memory", "memory")
            self._free -= size

    def give(self, size: int) -> None:
        """Give some bytes back."""
        with self._changed:
            self._free += size
            self._changed.notify_all()


class Share:
    """What one request has taken of the memory.

    Attributes:
        taken: bytes, until it is answered.
    """

    def __init__(self, memory: Memory) -> None:
        self.taken = 0
        self._memory = memory
        self._patience = memory.limits.seconds_of_patience

    def take(self, size: int) -> None:
        """Take more. Raises Refusal if there is none in time, or never so much."""
        if self.taken + size > self._memory.limits.memory:
            raise too_large(self._memory.limits)
        begun = time.monotonic()
        self._memory.take(size, self._patience)
        self._patience -= time.monotonic() - begun
        self.taken += size

    @contextmanager
    def for_now(self, size: int) -> Iterator[None]:
        """Take more, and give it back soon. Raises Refusal like `take`."""
        self.take(size)
        try:
            yield
        finally:
            self.taken -= size
            self._memory.give(size)


class Clock:
    """When the time of a request is over."""

    def __init__(self) -> None:
        self._end = 0.0

    def start(self, seconds: float) -> None:
        """Give it so many seconds from now."""
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """How many are left. Raises TimeoutError if none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
