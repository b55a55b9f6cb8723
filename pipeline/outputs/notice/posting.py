"""Posting a notice: whoever does not take it fails no build, and its address is shown without secrets."""

import base64
import json
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

SECONDS = 10.0  # for everything


def check_address(url: str) -> None:
    """Refuse what nothing can be posted to.

    Raises:
        ValueError: says what an address is like, without this one: it may hold secrets.
    """
    try:
        parts = urlsplit(url)
        understood = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        understood = False
    if not understood or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("an address begins with http:// or https://, and is written in ASCII without spaces")


def shown_address(url: str) -> str:
    """The server of an address: path, query, name and password may be secrets.

    >>> shown_address("https://me:s3cret@hooks.example.com:8443/T0/B0/s3cret?key=s3cret")
    'https://hooks.example.com:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def post(url: str, document: dict[str, Any]) -> str | None:
    """Post a document as JSON; why that could not be done, or None.

    Args:
        url: an address that `check_address` lets pass; name and password in it go as Basic authentication.
        document: plain values.
    """
    answers: list[str | None] = []
    # In a thread, because a server that sends its answer byte by byte would hold us for ever.
    thread = Thread(target=lambda: answers.append(_post(url, document)), daemon=True)
    thread.start()
    thread.join(SECONDS)
    return answers[0] if answers else f"it did not answer within {SECONDS:g} s"


class _StayHere(HTTPRedirectHandler):
    """Follows nobody: what is redirected arrives as a GET without the document."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(url: str, document: dict[str, Any]) -> str | None:
    parts = urlsplit(url)
    credentials, _, server = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json", "User-Agent": "aa-pipeline"}
    if credentials:
        headers["Authorization"] = f"Basic {base64.b64encode(unquote(credentials).encode()).decode()}"
    address = parts._replace(netloc=server, fragment="").geturl()
    request = Request(address, json.dumps(document).encode(), headers, method="POST")
    try:
        with build_opener(_StayHere).open(request, timeout=SECONDS):
            return None
    except HTTPError as error:
        with error:
            return f"it answered {error.code}"
    except URLError as error:
        return str(error.reason)
    except Exception as error:  # whatever it is, it fails no build; its text may hold the address
        return type(error).__name__
