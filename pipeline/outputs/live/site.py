"""The pages of the latest build: made when somebody asks for them, and kept until a build publishes."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.errors import DatabaseLockedError

# The newest run of all, whether it has published or not: the report is of it.
LATEST = "SELECT run_id FROM {table} AS r ORDER BY {newest_first} LIMIT 1"
SECONDS_BETWEEN_LOOKS = 1.0

Files = Mapping[str, bytes]


class Site:
    """Files by path, of the latest build.

    Args:
        connect: opens the database to read.
        stamp: what changes when the database does, found without opening it; None if that cannot be told.
        makers: by the first part of the path, what makes its files, from a version.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Engine]],
        stamp: Callable[[], object],
        makers: Mapping[str, Callable[[str], Files]],
    ) -> None:
        self._connect, self._stamp, self._makers = connect, stamp, makers
        self._version = ""
        self._looked_at: object = None
        self._looked = float("-inf")
        self._made: dict[str, tuple[str, Files]] = {}
        self._looking = threading.Lock()
        # Each kind is made by one at a time; who waits finds what the other has made.
        self._making = {kind: threading.Lock() for kind in makers}

    def version(self) -> str:
        """The newest run; empty before the first. While a build holds the database it is that of before."""
        with self._looking:
            if time.monotonic() - self._looked >= SECONDS_BETWEEN_LOOKS:
                self._look()
            return self._version

    def look(self) -> None:
        """Look whether there is a newer run, though somebody may have just looked."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        self._looked = time.monotonic()
        stamp = self._stamp()
        if stamp is not None and stamp == self._looked_at:
            return
        try:
            with self._connect() as engine:
                self._version = _newest_run(engine)
        except DatabaseLockedError:
            return
        self._looked_at = stamp

    def file(self, path: str) -> bytes | None:
        """A file of the latest build; None if there is none of that name.

        Where it cannot be made since a build holds the database, it is that of the build before.

        Raises:
            PipelineError: it cannot be made, and there is none of before.
        """
        kind, _, name = path.partition("/")
        if kind not in self._makers:
            return None
        with self._making[kind]:
            version = self.version()
            made = self._made.get(kind)
            if made is None or made[0] != version:
                try:
                    made = self._made[kind] = (version, self._makers[kind](version))
                except DatabaseLockedError:
                    if made is None:
                        raise
            return made[1].get(name)


def _newest_run(engine: Engine) -> str:
    shapes = engine.shapes(meta.SCHEMA)
    if "runs" not in shapes:
        return ""
    order = meta.newest_first("runs", shapes["runs"], "r")
    found = engine.fetch(LATEST.format(table=engine.name(meta.SCHEMA, "runs"), newest_first=order))
    return str(found[0][0]) if found else ""
