"""Shows the written site to browsers of this machine, and nothing else to anybody."""

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

from pipeline.errors import SetupError
from pipeline.outputs.pages.serving import HEADERS, PORT, listening

HOST = "127.0.0.1"


def make_server(folder: Path, port: int | None = None) -> ThreadingHTTPServer:
    """A server of a folder on 127.0.0.1; `serve_forever()` runs it.

    Args:
        folder: holds an index.html; nothing outside of it is served, through no link either.
        port: the port; None takes 8080 or else any free one.

    Raises:
        SetupError: there is no site in the folder, or the port is taken.
    """
    if not (folder / "index.html").is_file():
        raise SetupError(
            f"There is no index.html in {folder}. `aa-pipeline docs generate` writes the site;"
            " -o names another folder."
        )
    handler = partial(_Handler, directory=str(folder.resolve()))
    try:
        return listening(lambda wanted: ThreadingHTTPServer((HOST, wanted), handler), port)
    except OSError as error:
        raise SetupError(
            f"Port {port or PORT} of {HOST} cannot be used: {error.strerror}. Name another with --port."
        ) from error


class _Handler(SimpleHTTPRequestHandler):
    """Serves the files of the folder: no lists of files, and only under the names of this machine."""

    server_version = "aa-pipeline"
    sys_version = ""
    timeout = 30

    def send_head(self) -> Any:
        # A page of another site may point its own name at 127.0.0.1 and read what we answer.
        name = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
        if name not in (HOST, "localhost"):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        if not self._is_inside():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def _is_inside(self) -> bool:
        """Whether what is asked for lies in the folder, once every link is followed."""
        try:
            asked = Path(self.translate_path(self.path)).resolve()
        except ValueError:  # such as a NUL in the name
            return False
        return asked.is_relative_to(Path(self.directory).resolve())

    def list_directory(self, path: Any) -> IO[bytes] | None:  # type: ignore[override]
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are of no interest to whoever reads the terminal."""
