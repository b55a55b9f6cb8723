"""The listener's connections: each has a thread, and there are not more than so many.

The server is our own: uvicorn 0.54 sets no limit of seconds for headers and bodies, and decoding and waiting
for the disk would need our threads all the same.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any

from pipeline.ingest.otlp.body import BLOCK
from pipeline.ingest.otlp.connections import Connections
from pipeline.ingest.otlp.http import JSON_TYPE, RETRY_AFTER, Handler, all_taken
from pipeline.ingest.otlp.limits import Limits, Memory
from pipeline.ingest.otlp.metrics import Counters
from pipeline.ingest.otlp.protobuf import encode, refused
from pipeline.ingest.otlp.tokens import Tokens


class OtlpServer(ThreadingHTTPServer):
    """Listens, decodes, and hands each export on as lines of JSON.

    Args:
        address: host and port; port 0 takes a free one.
        store: takes the lines of an export, and returns once they are safe; raises OSError if it cannot.
        has_room: whether more may come in.
        gauges: what else is measured at this moment.
        tokens: what senders must show, if anything.
        tls: encrypts connections, if given.
        limits: what is spent on senders.

    Attributes:
        counters: what has been taken and refused.

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
        gauges: Callable[[], Mapping[str, float]],
        tokens: Tokens,
        tls: ssl.SSLContext | None = None,
        limits: Limits,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.store = store
        self.has_room = has_room
        self.gauges = gauges
        self.tokens = tokens
        self.counters = Counters()
        self.tls = tls
        self.limits = limits
        self.memory = Memory(limits)
        self.closing = False
        self.connections = Connections(limits)
        super().__init__(address, Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection. Its first read shakes hands, within the time of an idle connection."""
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread, or turn it away if there is none in time."""
        if not self.connections.take(request):
            self._turn_away(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no more threads
            self.connections.give(request)
            self._turn_away(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection until its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.give(request)

    def finish_requests(self) -> None:
        """Take no more, and wait for those under way: what is not here yet is refused, to be sent again."""
        self.closing = True
        self.shutdown()
        self.connections.finish()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is no event worth a traceback."""

    def _turn_away(self, connection: socket.socket) -> None:
        refusal = all_taken()
        self.counters.add("refused_requests_total", reason=refusal.reason)
        message = encode(refused(refusal.status, refusal.message), as_json=True)
        head = (
            f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {JSON_TYPE}\r\n"
            f"Content-Length: {len(message)}\r\nRetry-After: {RETRY_AFTER}\r\nConnection: close\r\n\r\n"
        )
        with suppress(OSError):
            connection.setblocking(False)
            connection.sendall(head.encode() + message)
            connection.recv(BLOCK)  # what is not read would make the system withdraw the answer
        self.shutdown_request(connection)
