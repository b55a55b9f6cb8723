"""The listener's connections: each has a thread, and there are not more than so many.

The server is our own: uvicorn 0.54 sets no limit of seconds for headers and bodies, and decoding and waiting
for the disk would need our threads all the same.
"""

import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any

from pipeline.ingest.otlp.body import BLOCK
from pipeline.ingest.otlp.http import JSON_TYPE, RETRY_AFTER, Handler
from pipeline.ingest.otlp.limits import Limits, Memory
from pipeline.ingest.otlp.protobuf import encode, refused


class OtlpServer(ThreadingHTTPServer):
    """Listens, decodes, and hands each export on as lines of JSON.

    Args:
        address: host and port; port 0 takes a free one.
        store: takes the lines of an export, and returns once they are safe; raises OSError if it cannot.
        has_room: whether more may come in.
        token: what senders must show, if anything.
        limits: what is spent on them.

    Raises:
        OSError: the address cannot be listened on.
    """

    daemon_threads = True
    # on Windows the option would let two servers share a port
    allow_reuse_address = hasattr(socket, "SO_REUSEPORT")
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        *,
        store: Callable[[list[bytes]], None],
        has_room: Callable[[], bool],
        token: str | None = None,
        limits: Limits,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.store = store
        self.has_room = has_room
        self.token = token
        self.limits = limits
        self.memory = Memory(limits)
        self.closing = False
        self.connections: dict[socket.socket, None] = {}
        self.idle: OrderedDict[socket.socket, None] = OrderedDict()  # those without a request, oldest first
        self._slots = threading.BoundedSemaphore(limits.connections)
        self._full_since: float | None = None
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread, or turn it away if there is none in time."""
        if not self._slot():
            self._turn_away(request)
            return
        self.connections[request] = None
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no more threads
            self._end(request)
            self._turn_away(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection until its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._end(request)

    def finish_requests(self) -> None:
        """Take no more, and wait for those under way: what is not here yet is refused, to be sent again."""
        self.closing = True
        self.shutdown()
        for connection in list(self.connections):
            _end_reading(connection)
        deadline = time.monotonic() + self.limits.seconds
        for _ in range(self.limits.connections):
            self._slots.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is no event worth a traceback."""

    def _slot(self) -> bool:
        """Take a slot: a free one, that of a connection without a request, or the first that is given back.

        All connections that wait, wait together, so that the last one has not waited longer than the first.
        """
        if not self._slots.acquire(blocking=False):
            with suppress(KeyError):
                _end_reading(self.idle.popitem(last=False)[0])
            self._full_since = self._full_since or time.monotonic()
            left = self._full_since + self.limits.seconds_of_patience - time.monotonic()
            if not self._slots.acquire(timeout=max(0.0, left)):
                return False
        self._full_since = None
        return True

    def _end(self, connection: socket.socket) -> None:
        self.idle.pop(connection, None)
        del self.connections[connection]
        self._slots.release()

    def _turn_away(self, connection: socket.socket) -> None:
        message = encode(refused(HTTPStatus.SERVICE_UNAVAILABLE, "all connections are taken"), as_json=True)
        head = (
            f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {JSON_TYPE}\r\n"
            f"Content-Length: {len(message)}\r\nRetry-After: {RETRY_AFTER}\r\nConnection: close\r\n\r\n"
        )
        with suppress(OSError):
            connection.setblocking(False)
            connection.sendall(head.encode() + message)
            connection.recv(BLOCK)  # what is not read would make the system withdraw the answer
        self.shutdown_request(connection)


def _end_reading(connection: socket.socket) -> None:
    """Let a thread that waits for a sender find its end."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
