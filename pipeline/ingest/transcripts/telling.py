"""What files tell: of what is new, and of what belongs to it."""

import pickle
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from pipeline.agents.events import Event, PartReader, Reader
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.transcripts.families import families, related
from pipeline.ingest.transcripts.memory import Memory, as_text
from pipeline.ingest.transcripts.stock import Stock

BATCH = 4_000  # events that are told at once
MOST_KEPT = 16 << 20  # bytes of files of which what they tell is kept in memory, a third of that
ORDER = attrgetter("at", "name", "session")


class Telling:
    """Reads files, and has the memory keep them.

    Args:
        stock: what is there.
        memory: what is remembered of it.
        landing: keeps account.
    """

    def __init__(self, stock: Stock, memory: Memory, landing: Landing) -> None:
        self._stock = stock
        self._memory = memory
        self._landing = landing
        self._looked_at = dict(stock.looked_at)
        self._forgotten = {*stock.gone}

    def of_all(self, readers: Mapping[str, Reader]) -> Iterator[tuple[str, list[Event]]]:
        """Agents, and events of theirs in order."""
        for agent in readers:
            files = sorted(self._stock.files.get(agent, ()))
            is_new = any(file in self._stock.new for file in files)
            if agent in self._stock.whole:
                yield agent, self._of_whole(readers[agent], files)
            elif is_new or self._stock.lost.get(agent):
                reader = readers[agent]
                assert isinstance(reader, PartReader)
                for events in self._of_families(agent, reader, files):
                    yield agent, events
            else:
                self._landing.skip(len(files))

    def keep(self) -> None:
        """Remember what was read."""
        files = {self._memory.name(path): file for path, file in self._looked_at.items()}
        self._memory.keep(files, self._forgotten)

    def _of_whole(self, reader: Reader, files: Sequence[Path]) -> list[Event]:
        self._landing.read_again(files)
        notes = Notes(self._landing)
        events = sorted(reader.events(list(files), notes), key=ORDER)
        if notes.troubled:
            self._not_to_be_kept(files)
        return events

    def _of_families(self, agent: str, reader: PartReader, files: Sequence[Path]) -> Iterator[list[Event]]:
        new = [file for file in files if file in self._stock.new]
        shared: dict[Path, Sequence[int]] = {}
        with closing(Parts()) as parts:
            self._read(reader, new, parts, shared)
            known = self._memory.files
            others = {
                file: known[self._memory.name(file)].hashes for file in files if file not in self._stock.new
            }
            wanted = self._stock.lost.get(agent, set()).union(*shared.values())
            again = related(wanted, others)
            self._read(reader, sorted(again), parts, shared)
            self._landing.skip(len(others) - len(again))
            told: list[Event] = []
            for family in families({file: shared[file] for file in sorted(shared)}):
                told += reader.tell([parts.take(file) for file in family], self._landing)
                if len(told) >= BATCH:
                    yield sorted(told, key=ORDER)
                    told = []
            yield sorted(told, key=ORDER)

    def _read(
        self, reader: PartReader, files: Sequence[Path], parts: "Parts", shared: dict[Path, Sequence[int]]
    ) -> None:
        self._landing.read_again(files)
        for file in files:
            notes = Notes(self._landing)
            part = reader.read(file, notes)
            parts.put(file, part)
            shared[file] = self._memory.hashes(part.shared)
            if notes.troubled:
                self._not_to_be_kept([file])
            elif file in self._looked_at:
                self._looked_at[file] = replace(self._looked_at[file], shared=as_text(shared[file]))

    def _not_to_be_kept(self, files: Sequence[Path]) -> None:
        """Read files again next time, and say again what was said of them."""
        for file in files:
            self._looked_at.pop(file, None)
            self._forgotten.add(self._memory.name(file))


class Parts:
    """What files tell, until all of them are read: of many, most of it is in a temporary file."""

    def __init__(self) -> None:
        self._kept: dict[Path, Any] = {}
        self._size = 0
        self._places: dict[Path, int] = {}
        self._file: IO[bytes] | None = None

    def put(self, file: Path, part: Any) -> None:
        with suppress(OSError):  # it is gone by now
            self._size += file.stat().st_size
        if self._size <= MOST_KEPT:
            self._kept[file] = part
            return
        self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 # see `close`
        self._places[file] = self._file.tell()
        pickle.dump(part, self._file, pickle.HIGHEST_PROTOCOL)

    def take(self, file: Path) -> Any:
        if file in self._kept:
            return self._kept.pop(file)
        assert self._file
        self._file.seek(self._places[file])
        return pickle.load(self._file)

    def close(self) -> None:
        if self._file:
            self._file.close()


class Notes:
    """A journal that knows whether anything was wrong with a file as a whole."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self.troubled = False
        self.not_understood = landing.not_understood
        self.repeat = landing.repeat
        self.skip = landing.skip

    def quarantine(self, file: object, line: int | None, reason: str) -> None:
        self.troubled |= line is None
        self._landing.quarantine(file, line, reason)

    def warn(self, message: str) -> None:
        self.troubled = True
        self._landing.warn(message)
