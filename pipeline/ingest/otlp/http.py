"""OTLP over HTTP, the server's side: requests in, answers as the protocol wants them.

https://opentelemetry.io/docs/specs/otlp/#otlphttp. An answer has the encoding of its request;
a refusal is a `Status` message; 429 and 503 come with `Retry-After`, and mean that the sender
keeps the data and tries again.
"""

import hmac
import socket
import threading
import time
import zlib
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.ingest.content import ContentFilter
from pipeline.ingest.otlp.json import read_document
from pipeline.ingest.otlp.protobuf import accepted, decode, encode, refused
from pipeline.ingest.otlp.reader import parse_json
from pipeline.ingest.otlp.rows import Rows
from pipeline.ingest.values import clean, dumps

if TYPE_CHECKING:
    from google.protobuf.message import Message

# Path → signal, and its key in JSON.
SIGNALS = {
    "/v1/logs": ("logs", "resourceLogs"),
    "/v1/metrics": ("metrics", "resourceMetrics"),
    "/v1/traces": ("traces", "resourceSpans"),
}
JSON_TYPE = "application/json"
PROTOBUF_TYPE = "application/x-protobuf"

LARGEST_BODY = 64 << 20  # bytes of a request, before and after decompression
MOST_AT_ONCE = 8  # requests whose bodies are in memory
SECONDS_PER_READ = 30
RETRY_AFTER = 30  # seconds


class Refusal(Exception):
    """A request that is not taken: HTTP status, and words for the sender's log."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class OtlpServer(ThreadingHTTPServer):
    """Listens, decodes, and hands each export on as one line of JSON.

    Args:
        address: host and port; port 0 takes a free one.
        store: takes a line, and returns once it is safe; raises OSError if it cannot.
        has_room: whether more may come in.
        token: what senders must show, if anything.

    Raises:
        OSError: the address cannot be listened on.
    """

    daemon_threads = True
    # on Windows the option would let two servers share a port
    allow_reuse_address = hasattr(socket, "SO_REUSEPORT")

    def __init__(
        self,
        address: tuple[str, int],
        *,
        store: Callable[[bytes], None],
        has_room: Callable[[], bool],
        token: str | None = None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.store = store
        self.has_room = has_room
        self.token = token
        self.closing = False
        self.slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, Handler)

    def finish_requests(self) -> None:
        """Take no more, and wait for those under way."""
        self.closing = True
        self.shutdown()
        deadline = time.monotonic() + SECONDS_PER_READ
        for _ in range(MOST_AT_ONCE):
            self.slots.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is no event worth a traceback."""


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "aa-pipeline"
    sys_version = ""
    timeout = SECONDS_PER_READ
    server: OtlpServer
    encodings: ClassVar[tuple[str, ...]] = ("", "identity", "gzip")

    def do_POST(self) -> None:
        self.content_type = PROTOBUF_TYPE
        try:
            self.content_type = self._content_type()
            signal, key = self._signal()
            self._check_sender()
            with self.server.slots:
                if self.server.closing:
                    raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "shutting down")
                if not self.server.has_room():
                    raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too much waits for the database")
                rejected, reason = self._take(signal, key, self._body())
            self._answer(HTTPStatus.OK, accepted(signal, rejected, reason))
        except Refusal as refusal:
            self._refuse(refusal)

    def do_GET(self) -> None:
        self.content_type = JSON_TYPE
        known = self.path.partition("?")[0] in SIGNALS
        status = HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND
        self._refuse(Refusal(status, "send OTLP by POST to /v1/logs, /v1/metrics or /v1/traces"))

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: there is one every few seconds."""

    def _content_type(self) -> str:
        given = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if given not in (JSON_TYPE, PROTOBUF_TYPE):
            wanted = f"the Content-Type must be {PROTOBUF_TYPE} or {JSON_TYPE}"
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, wanted)
        return given

    def _signal(self) -> tuple[str, str]:
        path = self.path.partition("?")[0].rstrip("/")
        if path not in SIGNALS:
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no such path; try {', '.join(SIGNALS)}")
        return SIGNALS[path]

    def _check_sender(self) -> None:
        if "Origin" in self.headers:  # only browsers send it, and no browser has telemetry for us
            raise Refusal(HTTPStatus.FORBIDDEN, "requests from web pages are not taken")
        if self.server.token is None:
            return
        shown = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(shown.encode(), self.server.token.encode()):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "a bearer token is needed")

    def _body(self) -> bytes:
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in self.encodings:
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "compress with gzip or not at all")
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        body = self._chunks() if chunked else self._sized()
        return _decompressed(body) if encoding == "gzip" else body

    def _sized(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "the request has no Content-Length")
        if len(length) > 12 or int(length) > LARGEST_BODY:
            raise _too_large()
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refusal(HTTPStatus.BAD_REQUEST, "the request is cut off")
        return body

    def _chunks(self) -> bytes:
        """A body in chunks, as senders that compress while they send write it."""
        body = bytearray()
        while True:
            try:
                size = int(self.rfile.readline(100).partition(b";")[0], 16)
            except ValueError:
                raise Refusal(HTTPStatus.BAD_REQUEST, "a chunk has no size") from None
            if size < 0 or len(body) + size > LARGEST_BODY:
                raise _too_large()
            if size == 0:
                break
            body += self.rfile.read(size)
            self.rfile.readline(3)
        while self.rfile.readline(1000).strip():
            pass  # trailers
        return bytes(body)

    def _take(self, signal: str, key: str, body: bytes) -> tuple[int, str]:
        """Store an export; returns how many of its records make no sense, and why the first does not."""
        if signal == "traces":
            return 0, ""
        try:
            document = self._decode(signal, body)
        except ValueError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from None
        if not isinstance(document, dict) or (document and key not in document):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"the export holds no {key}")
        rows = Rows(ContentFilter())
        read_document(document, 1, rows)
        if document.get(key):
            try:
                self.server.store(dumps(document).encode())
            except OSError as error:
                problem = f"the export cannot be written: {error.strerror}"
                raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, problem) from None
        return len(rows.bad) + rows.more_bad, rows.bad[0][1] if rows.bad else ""

    def _decode(self, signal: str, body: bytes) -> Any:
        if self.content_type == JSON_TYPE:
            return clean(parse_json(body))
        return clean(decode(body, signal))

    def _refuse(self, refusal: Refusal) -> None:
        self.close_connection = True  # the body may still be on its way
        self._answer(refusal.status, refused(refusal.status, refusal.message))

    def _answer(self, status: HTTPStatus, message: "Message") -> None:
        body = encode(message, self.content_type == JSON_TYPE)
        self.send_response(status)
        self.send_header("Content-Type", self.content_type)
        self.send_header("Content-Length", str(len(body)))
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            self.send_header("Retry-After", str(RETRY_AFTER))
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _too_large() -> Refusal:
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request may have {LARGEST_BODY >> 20} MB at most")


def _decompressed(body: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)  # gzip
    try:
        data = inflate.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"the gzip data is damaged: {error}") from None
    if inflate.unconsumed_tail:
        raise _too_large()
    if not inflate.eof:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the gzip data is cut off")
    return data
