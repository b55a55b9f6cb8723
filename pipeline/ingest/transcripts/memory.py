"""What is remembered of files of transcripts, so that only those are read that are new, or have changed.

What a file told is in `raw` and stays there. What it shares with other files is kept as hashes: with a file
that is new those are read again that tell of the same sessions, responses or threads. Where the code of the
readers is another one, all files are new.
"""

import hashlib
import os
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import agents
from pipeline.engines import meta
from pipeline.engines.forgotten import Forgotten
from pipeline.ingest.landing.arrow import append_columns
from pipeline.ingest.transcripts.earlier import MARK
from pipeline.ingest.transcripts.files import walk
from pipeline.ingest.values import clean_text

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

TABLE = "transcript_files"
MANY = 100  # files that are forgotten one by one
BATCH = 1 << 18  # characters of hashes that are written at once


@dataclass(frozen=True)
class Remembered:
    """A file, as it was when it was last looked at.

    Attributes:
        place: below which it was found.
        state: see `files.walk`.
        agent: whose it is; None if no reader reads it.
        reason: why not, if that is worth a word.
        shared: what other files may tell as well.
    """

    place: str
    state: str
    agent: str | None
    reason: str | None = None
    shared: str = ""

    @cached_property
    def hashes(self) -> Sequence[int]:
        """What other files may tell as well."""
        return array("Q", b64decode(self.shared))


class Memory:
    """What is remembered of the files at some places; those of other places are remembered apart.

    Args:
        engine: an open engine with complete run metadata.
        places: all that are looked at.
        name: how run metadata calls a file.
        pseudonyms: what lands instead of people.

    Attributes:
        files: what is remembered, by name.
        key: of the hashes of what files share.
    """

    def __init__(
        self,
        engine: "Engine",
        places: Iterable[Path],
        name: Callable[[object], str],
        pseudonyms: "Pseudonyms | None" = None,
    ) -> None:
        self._engine = engine
        self._name = name
        # Without the key, ids could be tried one after the other.
        self.key = pseudonyms.hidden("what files share").encode() if pseudonyms else b""
        inputs = "\n".join(self.name(place) for place in places)
        self._inputs = hashlib.blake2b(inputs.encode(), digest_size=16, key=self.key).hexdigest()
        self._readers = _version_of_readers()
        self.files = self._remembered()

    def name(self, path: "Path | str") -> str:
        """How run metadata calls a file or a place."""
        return self._name(os.path.abspath(path))  # noqa: PTH100 # of thousands of files

    def _remembered(self) -> dict[str, Remembered]:
        engine = self._engine
        shapes = engine.shapes("raw")
        # Without rows to show for it, a file counts as unread.
        logs = engine.name("raw", "otel_logs")
        if "otel_logs" not in shapes or not engine.fetch(f"SELECT 1 FROM {logs} LIMIT 1"):
            return {}
        rows = engine.fetch(
            f"SELECT path, place, state, agent, reason, shared FROM {engine.name(meta.SCHEMA, TABLE)}"
            " WHERE inputs = ? AND readers = ?",
            [self._inputs, self._readers],
        )
        return {path: Remembered(*row) for path, *row in rows}

    def keep(self, files: Mapping[str, Remembered], gone: Iterable[str]) -> None:
        """Remember files, and forget others that are no longer there, or are to be read again."""
        engine = self._engine
        other = {*gone, *files} & self.files.keys()
        if len(other) > MANY or not self.files:
            engine.delete(meta.SCHEMA, TABLE, "inputs", self._inputs)
            files = {path: file for path, file in self.files.items() if path not in other} | dict(files)
        else:
            for path in other:
                engine.delete(meta.SCHEMA, TABLE, "path", path)
        batch: dict[str, Remembered] = {}
        size = 0
        for path, file in files.items():
            batch[path] = file
            size += len(file.shared)
            # As JSON, a batch takes a hundred times its size in a database's memory.
            if size > BATCH:
                self._write(batch)
                batch, size = {}, 0
        if batch:
            self._write(batch)

    def _write(self, files: Mapping[str, Remembered]) -> None:
        columns: dict[str, list[str | None]] = {
            "path": [*files],
            "place": [file.place for file in files.values()],
            "state": [file.state for file in files.values()],
            "agent": [file.agent for file in files.values()],
            "reason": [file.reason for file in files.values()],
            "shared": [file.shared for file in files.values()],
        }
        common = {"inputs": self._inputs, "readers": self._readers}
        append_columns(self._engine, meta.SCHEMA, TABLE, columns, {}, common)


def as_text(hashes: Sequence[int]) -> str:
    """Hashes as they are kept."""
    return b64encode(array("Q", hashes).tobytes()).decode()


def is_unchanged(engine: "Engine", places: Sequence[Path]) -> bool:
    """Whether all that lies at these places was looked at as it is, and nothing was to be said of it.

    Never where a place is itself a file, which may name others.
    """
    if TABLE not in engine.shapes(meta.SCHEMA) or Forgotten.of(engine):
        return False
    memory = Memory(engine, places, lambda path: clean_text(str(path)))
    unseen = {path: file.state for path, file in memory.files.items()}
    troubles: list[str] = []
    for place in places:
        if place.is_file():
            return False
        for path, state in walk(place, troubles.append).items():
            name = memory.name(path)
            before = memory.files.get(name)
            if before is None or before.state != state:
                return False
            unseen.pop(name, None)
    return bool(memory.files) and not unseen and not troubles


def _version_of_readers() -> str:
    """What is another text when the code of any reader is another one."""
    code = hashlib.blake2b(f"{MARK}{agents.EXTENDED_BY}".encode(), digest_size=16)
    for folder in agents.__path__:
        for file in sorted(Path(folder).rglob("*.py")):
            status = file.stat()
            code.update(f"{file.name}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return code.hexdigest()
