"""ClickHouse, asked over HTTP: rows as a stream of JSON lines, in bounded memory and with no driver.

https://clickhouse.com/docs/interfaces/http. User and password go in headers, and into no message.
"""

import http.client
import os
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from pipeline.errors import IngestError, SetupError

PORTS = {"http": 8123, "https": 8443, "clickhouse": 8123, "clickhouses": 8443}
USER, PASSWORD = "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD"
TIMEOUT = 300  # seconds without a byte
# 64-bit integers as numbers; what is no number as null; objects of JSON as such.
SETTINGS = {
    "output_format_json_quote_64bit_integers": "0",
    "output_format_json_quote_denormals": "0",
    "output_format_json_named_tuples_as_objects": "1",
    "wait_end_of_query": "0",
}


class ClickHouse:
    """A server, and one database of it.

    Args:
        url: such as `https://reader@host:8443/otel`; user and password may be in the environment.

    Raises:
        SetupError: it is no such address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in PORTS or not parts.hostname or port == -1:
            raise SetupError(
                "The address of ClickHouse is not understood. Write http://HOST:8123/DATABASE or"
                f" https://USER@HOST:8443/DATABASE; the password belongs into {PASSWORD}."
            )
        self.secure = parts.scheme in ("https", "clickhouses")
        self.host, self.port = parts.hostname, port or PORTS[parts.scheme]
        named = unquote(parts.path.strip("/")) or parse_qs(parts.query).get("database", ["default"])[0]
        self.database = named
        self.user = unquote(parts.username or "") or os.environ.get(USER) or "default"
        self._password = unquote(parts.password or "") or os.environ.get(PASSWORD) or ""
        scheme = "https" if self.secure else "http"
        self.shown = f"{scheme}://{self.host}:{self.port}/{self.database}"

    def rows(self, sql: str) -> Iterator[dict[str, Any]]:
        """The rows of a query, one after the other.

        Raises:
            IngestError: the server cannot be reached, refuses, or stops amid its answer.
        """
        connection = self._connect()
        try:
            try:
                settings = "&".join(f"{name}={value}" for name, value in SETTINGS.items())
                headers = {"X-ClickHouse-User": self.user, "X-ClickHouse-Database": self.database}
                if self._password:
                    headers["X-ClickHouse-Key"] = self._password
                connection.request("POST", f"/?{settings}", f"{sql} FORMAT JSONEachRow".encode(), headers)
                answer = connection.getresponse()
                if answer.status != http.client.OK:
                    raise IngestError(self._refused(answer.status, answer.read(2_000)))
                for line in answer:
                    yield self._row(line)
            except (OSError, http.client.HTTPException) as error:
                raise IngestError(
                    f"{self.shown} cannot be read: {str(error) or type(error).__name__}. Check host, port and"
                    " that the HTTP interface is open. Nothing landed."
                ) from None
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self.secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)

    def _row(self, line: bytes) -> dict[str, Any]:
        """A row; what goes wrong amid an answer stands in the answer."""
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict) or [*row] == ["exception"]:
            raise IngestError(f"{self.shown} stopped amid its answer: {self._said(line)}. Nothing landed.")
        return row

    def _refused(self, status: int, body: bytes) -> str:
        todo = (
            f"Name the user in the URL or in {USER}, the password in {PASSWORD}"
            if status in (401, 403) or b"AUTHENTICATION_FAILED" in body
            else "Nothing landed"
        )
        return f"{self.shown} refused a query ({status}): {self._said(body)}. {todo}."

    def _said(self, body: bytes) -> str:
        """What a server says, in one line, without a secret that it might repeat."""
        said = " ".join(body.decode("utf-8", "replace").split())[:400].rstrip(".")
        return said.replace(self._password, "***") if self._password else said


def quoted(name: str) -> str:
    """A name that may be put into SQL, whatever it contains."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quoted_text(text: str) -> str:
    """A text that may be put into SQL, whatever it contains."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
