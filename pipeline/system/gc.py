"""Python's search for objects that refer to each other in a circle, paused."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """For code that makes very many objects, none of them in a circle.

    The search goes through all of them again and again, and finds nothing.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()
