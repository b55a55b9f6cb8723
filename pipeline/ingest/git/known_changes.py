"""What commits do to lines, kept between two ingests: git is asked of each commit once.

A commit is what its hash says, so that what is kept is right for ever; the file may be removed at any
time. It holds numbers, hashes of commits and hashes of file names: nothing that anybody wrote.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Self

from pipeline.ingest.git.changes import Change, Changes, Source

FORMAT = 1  # of what is kept; another one is made anew


class KnownChanges:
    """What is kept of one repository; nothing where the machine's cache cannot be written.

    Args:
        place: where the repository is.
    """

    def __init__(self, place: Path) -> None:
        from platformdirs import user_cache_path

        name = blake2b(str(place).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        self.path = user_cache_path("aa-pipeline", appauthor=False) / "git" / f"{name}-{FORMAT}.sqlite"

    def __enter__(self) -> Self:
        """Open the file, and make it if it is not there."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._kept = _opened(self.path)
        except (OSError, sqlite3.Error):
            with suppress(OSError):
                self.path.unlink(missing_ok=True)  # damaged, perhaps: the next ingest makes it anew
            self._kept = _opened(":memory:")
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        with suppress(sqlite3.Error):
            self._kept.close()

    def of(self, commits: Sequence[str]) -> dict[str, Changes]:
        """What is known of some commits."""
        marks = ", ".join("?" * len(commits))
        sql = f"SELECT commit_hash, changes FROM changes WHERE commit_hash IN ({marks})"
        try:
            return {commit: _unpacked(packed) for commit, packed in self._kept.execute(sql, commits)}
        except (sqlite3.Error, zlib.error, ValueError):
            return {}

    def add(self, changes: Iterable[tuple[str, Changes]]) -> None:
        """Keep what some commits do."""
        rows = [(commit, zlib.compress(json.dumps(change).encode(), 1)) for commit, change in changes]
        with suppress(sqlite3.Error), self._kept:  # a full disk, another process: then it is read again
            self._kept.executemany("INSERT OR REPLACE INTO changes VALUES (?, ?)", rows)


def _opened(path: Path | str) -> sqlite3.Connection:
    kept = sqlite3.connect(path)
    kept.execute("PRAGMA synchronous = OFF")
    kept.execute("CREATE TABLE IF NOT EXISTS changes (commit_hash TEXT PRIMARY KEY, changes BLOB)")
    return kept


def _unpacked(packed: bytes) -> Changes:
    removed, changed = json.loads(zlib.decompress(packed))
    return Changes(
        removed,
        [
            Change(path, [Source(parent, name, hunks) for parent, name, hunks in sources], lines)
            for path, sources, lines in changed
        ],
    )
