"""OTLP over HTTP, the server's side: a request in, an answer as the protocol wants it.

https://opentelemetry.io/docs/specs/otlp/#otlphttp. An answer has the encoding of its request;
a refusal is a `Status` message; 429 and 503 come with `Retry-After`, and mean that the sender
keeps the data and tries again. Beside that, operators and their monitoring ask how it goes.
"""

import io
import socket
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.errors import SetupError
from pipeline.ingest.content import ContentFilter
from pipeline.ingest.otlp.body import Incoming, check_framing, read_body
from pipeline.ingest.otlp.json import read_document
from pipeline.ingest.otlp.limits import Clock, Refusal, Share
from pipeline.ingest.otlp.metrics import CONTENT_TYPE as METRICS_TYPE
from pipeline.ingest.otlp.parts import LISTS, Bytes, count_json, parts_of_json, parts_of_protobuf
from pipeline.ingest.otlp.protobuf import accepted, decode, encode, refused
from pipeline.ingest.otlp.reader import parse_json
from pipeline.ingest.otlp.rows import Rows
from pipeline.ingest.otlp.tokens import NO_TEAM
from pipeline.ingest.values import dumps
from pipeline.system.hosts import host_of, is_this_machine

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from pipeline.ingest.otlp.server import OtlpServer

SIGNALS = {f"/v1/{signal}": signal for signal in LISTS}
JSON_TYPE = "application/json"
PROTOBUF_TYPE = "application/x-protobuf"
TEXT_TYPE = "text/plain; charset=utf-8"
ALIVE, READY, METRICS = PAGES = "/healthz", "/readyz", "/metrics"

LONGEST_LINE = 64 << 10  # bytes of the first line of a request
RETRY_AFTER = 30  # seconds
VALUES_OF_RECORD = 10  # as many values take the time that a record takes beside its own
LINGER = 1.0  # seconds in which a sender that was refused may read why


class Stored(NamedTuple):
    """What became of an export.

    Attributes:
        accepted: its records that are on the disk.
        rejected: those among them that make no sense.
        reason: why the first of these does not.
    """

    accepted: int
    rejected: int
    reason: str


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "aa-pipeline"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = LONGEST_LINE  # header and body of an answer go out together
    server: "OtlpServer"
    rfile: io.BufferedReader

    def setup(self) -> None:
        """Read with a limit of time."""
        super().setup()
        self.rfile.close()
        self.clock = Clock()
        self.rfile = io.BufferedReader(Incoming(self.connection, self.clock), LONGEST_LINE)
        self.refused = False

    def finish(self) -> None:
        """Let a sender that was refused read why, before what it still sends is answered by a reset."""
        with suppress(OSError, ValueError):
            self.wfile.flush()
            if self.refused:
                self.connection.shutdown(socket.SHUT_WR)
                self.clock.start(LINGER)
                while self.rfile.read1(LONGEST_LINE):
                    pass
        with suppress(OSError):
            super().finish()

    def handle_one_request(self) -> None:
        """Wait for a request, and answer it in time."""
        self.close_connection = True
        self.content_type = JSON_TYPE
        self.command, self.request_version, self.requestline = "", self.protocol_version, ""
        connections = self.server.connections
        seconds_idle, seconds = connections.patience(self.connection)
        connections.wait(self.connection)
        self.clock.start(seconds_idle)
        try:
            if self.server.closing or not self.rfile.peek(1):
                return
        except TimeoutError:
            return
        self.clock.start(seconds)
        try:
            if not connections.begin(self.connection):
                raise all_taken()
            if self._read_head():
                self._respond()
        except Refusal as refusal:
            self._refuse(refusal)
        except TimeoutError:
            wanted = f"a request must be here within {seconds:g} seconds"
            self._refuse(Refusal(HTTPStatus.REQUEST_TIMEOUT, wanted))

    def handle_expect_100(self) -> bool:
        """Say that the body may come once it is wanted: not yet."""
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that is no HTTP."""
        raise Refusal(HTTPStatus(code), message or HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: there is one every few seconds."""

    def _read_head(self) -> bool:
        """Read a request up to its body; whether there is one. Until then, others may take the slot."""
        try:
            self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
            if len(self.raw_requestline) > LONGEST_LINE:
                raise Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "the first line is too long")
            return self.parse_request()
        finally:
            if not self.server.connections.keep(self.connection):
                raise all_taken()

    def _respond(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        if path in PAGES and self.command in ("GET", "HEAD"):
            self.close_connection = True  # a body is not read
            self._check_host()
            self._send(HTTPStatus.OK, *self._page(path))
        else:
            self._answer(HTTPStatus.OK, self._take(path))

    def _page(self, path: str) -> tuple[str, bytes]:
        """Type and text of what operators ask for; none of it is secret, and probes have no token."""
        if path == METRICS:
            return METRICS_TYPE, self.server.counters.page(self.server.gauges)
        if path == READY:
            self._check_ready()
            try:
                self.server.tokens.reread()
            except SetupError:
                raise _no_tokens() from None
        return TEXT_TYPE, b"ok\n"

    def _take(self, path: str) -> "Message":
        """Take an export, and say so."""
        if self.command != "POST":
            status = HTTPStatus.METHOD_NOT_ALLOWED if path in SIGNALS else HTTPStatus.NOT_FOUND
            raise Refusal(status, f"send OTLP by POST to {', '.join(SIGNALS)}")
        self.content_type = PROTOBUF_TYPE
        self.content_type = self._content_type()
        if path not in SIGNALS:
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no such path; try {', '.join(SIGNALS)}")
        self._check_host()
        team = self._team()
        check_framing(self.headers)
        self._check_ready()
        signal = SIGNALS[path]
        with self.server.memory.share() as share:
            stored = self._store(signal, self._body(share), share)
        self.server.counters.add("accepted_records_total", stored.accepted, team=team, signal=signal)
        self.server.counters.add("put_aside_records_total", stored.rejected, team=team, signal=signal)
        return accepted(signal, stored.rejected, stored.reason)

    def _check_ready(self) -> None:
        if self.server.closing:
            raise _closing()
        if self.server.connections.is_beyond(self.connection):
            raise all_taken()
        if not self.server.has_room():
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too much waits for the database")

    def _content_type(self) -> str:
        given = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if given not in (JSON_TYPE, PROTOBUF_TYPE):
            wanted = f"the Content-Type must be {PROTOBUF_TYPE} or {JSON_TYPE}"
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, wanted)
        return given

    def _check_host(self) -> None:
        if "Origin" in self.headers:  # only browsers send it, and no browser has telemetry for us
            raise Refusal(HTTPStatus.FORBIDDEN, "requests from web pages are not taken")
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 or (not hosts and self.request_version == self.protocol_version):
            raise Refusal(HTTPStatus.BAD_REQUEST, "the request must name one Host")
        if not self.server.tokens.needed and hosts and not is_this_machine(host_of(hosts[0])):
            # Without a token we listen on this machine alone, where a page can lead a name of its own to us
            # (DNS rebinding). With one any name is right: containers call this machine by many.
            raise Refusal(HTTPStatus.FORBIDDEN, "without a token, the Host must be localhost or 127.0.0.1")

    def _team(self) -> str:
        """The team whose token was shown."""
        if not self.server.tokens.needed:
            return NO_TEAM
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        try:
            team = self.server.tokens.team_of(token.strip()) if scheme.lower() == "bearer" else None
        except SetupError:
            raise _no_tokens() from None
        if team is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "a bearer token is needed")
        return team

    def _body(self, share: Share) -> bytearray:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()
            self.wfile.flush()
        try:
            return read_body(self.headers, self.rfile, self.server.limits, share)
        except Refusal:
            if self.server.closing:
                raise _closing() from None
            raise

    def _store(self, signal: str, body: bytearray, share: Share) -> Stored:
        """Store an export."""
        limits = self.server.limits
        as_json = self.content_type == JSON_TYPE
        lines: list[bytes] = []
        count, rejected, reason, values = 0, 0, "", 0
        parts = (
            parts_of_json(body, signal, limits, share) if as_json else parts_of_protobuf(body, signal, limits)
        )
        try:
            for part in parts:
                with share.for_now(part.cost):
                    line, rows = _read(part.text, signal, as_json)
                count += rows.count()
                rejected += len(rows.bad) + rows.more_bad
                reason = reason or (rows.bad[0][1] if rows.bad else "")
                if line:
                    share.take(len(line))
                    values += VALUES_OF_RECORD * rows.count()
                    values += count_json(line, limits.values - values, limits)
                    lines.append(line)
        except ValueError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from None
        try:
            if lines:
                self.server.store(lines)
        except OSError as error:
            problem = f"the export cannot be written: {error.strerror}"
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, problem, "disk") from None
        return Stored(count, rejected, reason)

    def _refuse(self, refusal: Refusal) -> None:
        self.refused = True
        self.close_connection = True  # the body may still be on its way
        self.server.counters.add("refused_requests_total", reason=refusal.reason)
        self._answer(refusal.status, refused(refusal.status, refusal.message))

    def _answer(self, status: HTTPStatus, message: "Message") -> None:
        self._send(status, self.content_type, encode(message, self.content_type == JSON_TYPE))

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.connection.settimeout(self.server.limits.seconds)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
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
        self.wfile.flush()


def _read(text: Bytes, signal: str, as_json: bool) -> tuple[bytes, Rows]:
    """A part of an export as a line of JSON, empty if it holds nothing; and its rows.

    Raises:
        ValueError: it is no such export.
    """
    document = parse_json(text) if as_json else decode(text, signal)
    key = LISTS[signal][0]
    if not isinstance(document, dict) or (document and key not in document):
        raise ValueError(f"the export holds no {key}")
    rows = Rows(ContentFilter())
    read_document(document, 1, rows)
    return dumps(document).encode() if document.get(key) else b"", rows


def all_taken() -> Refusal:
    """There is no connection for this one."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "all connections are taken", "connections")


def _closing() -> Refusal:
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "shutting down", "closing")


def _no_tokens() -> Refusal:
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the file of tokens cannot be read", "tokens")
