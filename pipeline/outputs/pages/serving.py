"""What servers of pages have in common: where they listen, and what each answer says about itself."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PORT = 8080
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def listening(open_at: Callable[[int], T], port: int | None) -> T:
    """What `open_at` makes of a port; None takes 8080 or else any free one.

    Raises:
        OSError: the port cannot be had.
    """
    if port is not None:
        return open_at(port)
    try:
        return open_at(PORT)
    except OSError:
        return open_at(0)
