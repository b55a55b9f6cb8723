"""Answers browsers: pages of the latest build, to those who may ask, and nothing can be sent."""

import json
import secrets
import socket
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.errors import PipelineError, SetupError
from pipeline.outputs.live.served import FILES, STATIC
from pipeline.outputs.live.site import Site
from pipeline.outputs.pages import serving
from pipeline.system.hosts import host_of, is_this_machine

COOKIE = "aa_pipeline_token"
HEADERS = serving.HEADERS | {
    # What pages load is up to the policy that stands in each of them.
    "Content-Security-Policy": "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
NO_HEADERS: Mapping[str, str] = {}
HOME = "/dashboard/index.html"
REFUSED = "Open the address that `aa-pipeline serve` has printed: it holds the token."


class Server(ThreadingHTTPServer):
    """Shows a site; `serve_forever()` runs it.

    Args:
        site: what is shown.
        host: the address or name to listen on.
        port: None takes 8080 or else any free one.
        names: further names under which browsers come, of a proxy perhaps.
        tell: told of what fails, for whoever reads the terminal.

    Attributes:
        token: what browsers must bring; None where only this machine can ask.

    Raises:
        SetupError: the host or the port cannot be had.
    """

    daemon_threads = True

    def __init__(
        self,
        site: Site,
        host: str = "127.0.0.1",
        port: int | None = None,
        names: Collection[str] = (),
        tell: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self.site, self.tell = site, tell
        self.is_local = is_this_machine(host)
        self.token = None if self.is_local else secrets.token_urlsafe(32)
        own = [] if self.is_local else [host, socket.gethostname(), socket.getfqdn()]
        self.names = {name.lower() for name in (*own, *names)}
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        begin = super().__init__
        try:
            serving.listening(lambda wanted: begin((host, wanted), _Handler), port)
        except OSError as error:
            raise SetupError(
                f"{host}, port {port or serving.PORT}, cannot be used: {error.strerror}. Name others with"
                " --host and --port."
            ) from error

    @property
    def url(self) -> str:
        """The address for browsers, with the token."""
        host, port = str(self.server_address[0]), self.server_address[1]
        if not self.is_local and ip_address(host).is_unspecified:
            host = socket.getfqdn()
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{port}/" + (f"?token={self.token}" if self.token else "")

    def is_known(self, header: str | None) -> bool:
        """Whether a request's Host is a name of ours.

        A page of another site may point its own name at us and read what we answer; it cannot do that with an
        address, nor with the names that we have.
        """
        name = host_of(header or "").lower()
        if is_this_machine(name) or name in self.names:
            return True
        try:
            return not self.is_local and bool(ip_address(name))
        except ValueError:
            return False

    def is_let_in(self, given: Collection[str]) -> bool:
        """Whether one of these is the token; it takes as long for every other."""
        if self.token is None:
            return True
        token = self.token.encode()
        return any(secrets.compare_digest(one.encode("utf-8", "replace"), token) for one in given)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "aa-pipeline"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        if not self.server.is_known(self.headers.get("Host")):
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "This is no name of this server.")
            return
        try:
            address = urlsplit(self.path)
            query = parse_qs(address.query)
        except ValueError:
            self._say(HTTPStatus.BAD_REQUEST, "This address cannot be read.")
            return
        if self.server.token and "token" in query:
            self._take(query["token"])
        elif not self.server.is_let_in(self._tokens()):
            self._say(HTTPStatus.UNAUTHORIZED, REFUSED)
        else:
            self._answer(unquote(address.path))

    do_HEAD = do_GET

    def _refuse(self) -> None:
        self._say(HTTPStatus.METHOD_NOT_ALLOWED, "Nothing can be sent here.", {"Allow": "GET, HEAD"})

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse

    def _tokens(self) -> list[str]:
        """What the request brings, in its header or its cookie."""
        scheme, _, value = (self.headers.get("Authorization") or "").partition(" ")
        given = [value.strip()] if scheme.lower() == "bearer" else []
        try:
            cookie = SimpleCookie(self.headers.get("Cookie") or "").get(COOKIE)
        except CookieError:
            cookie = None
        return [*given, cookie.value] if cookie else given

    def _take(self, given: list[str]) -> None:
        """Keep the token of the address in a cookie, so that it stands in no address any more."""
        if not self.server.is_let_in(given):
            self._say(HTTPStatus.UNAUTHORIZED, REFUSED)
            return
        cookie = f"{COOKIE}={self.server.token}; Path=/; HttpOnly; SameSite=Lax"
        self._say(HTTPStatus.SEE_OTHER, "", {"Location": HOME, "Set-Cookie": cookie})

    def _answer(self, path: str) -> None:
        name = path.removeprefix("/")
        if name == "version":
            version = json.dumps({"version": self.server.site.version()})
            self._send(version.encode(), TYPES[".json"])
        elif name in FILES:
            self._send((STATIC / name).read_bytes(), FILES[name])
        elif name in ("", "dashboard", "site", "report"):
            self._say(HTTPStatus.FOUND, "", {"Location": f"/{name}/index.html" if name else HOME})
        else:
            self._page(f"{name}index.html" if name.endswith("/") else name)

    def _page(self, name: str) -> None:
        try:
            content = self.server.site.file(name)
        except PipelineError as error:
            self.server.tell(error)
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "This cannot be shown now; the terminal tells why.")
            return
        except Exception as error:  # one page that fails is told, and the server stays
            self.server.tell(error)
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, "This has failed; the terminal tells why.")
            return
        if content is None:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
        else:
            self._send(content, TYPES.get(PurePosixPath(name).suffix, "application/octet-stream"))

    def _say(self, status: HTTPStatus, text: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
        self._send(f"{text}\n".encode(), "text/plain; charset=utf-8", status, headers)

    def _send(
        self,
        content: bytes,
        kind: str,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self.send_response(status)
        for name, value in (HEADERS | {"Content-Type": kind} | dict(headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are of no interest to whoever reads the terminal."""
