"""The server of all APIs."""

import gzip
import json
import threading
from collections.abc import Iterable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import zstandard

from tests.clients.model_api import anthropic, gemini, openai
from tests.clients.model_api.answers import Answer, Served, Tokens

APIS = (anthropic, gemini, openai)

# What is asked for beside the conversation, such as a title.
ASIDE = Answer(Tokens(input=310, output=12), text="A greeting")


class ModelApi(ThreadingHTTPServer):
    """Requests that offer tools get the scripted answers, one after the other; all others are asides."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.served: list[Served] = []
        self._script: list[Answer] = []
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def script(self, answers: Iterable[Answer], repository: str) -> None:
        """From now on these are the answers, and nothing has been served yet."""
        with self._lock:
            self._script = [replace(a, given=_placed(a.given, repository)) for a in answers]
            self.served = []

    def answer(self, model: str, has_tools: bool) -> Answer:
        with self._lock:
            is_aside = not (has_tools and self._script)
            answer = ASIDE if is_aside else self._script.pop(0)
            self.served.append(Served(model, answer.tokens, is_aside))
        return answer


def _placed(given: Any, repository: str) -> Any:
    return json.loads(json.dumps(given).replace("$REPOSITORY", repository))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelApi

    def do_POST(self) -> None:
        path, body = self.path.partition("?")[0], self._body()
        api = next((api for api in APIS if api.serves(path)), None)
        if api is None:
            return self._send(404, "application/json", "{}")
        asked = json.loads(body)
        answer = self.server.answer(api.model(path, asked), bool(api.tools(asked)))
        return self._send(200, *api.respond(path, asked, answer))

    def do_GET(self) -> None:
        self._send(404, "application/json", "{}")

    do_HEAD = do_GET

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        match self.headers.get("content-encoding"):
            case "gzip":
                return gzip.decompress(body)
            case "zstd":
                return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        return body

    def _send(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
