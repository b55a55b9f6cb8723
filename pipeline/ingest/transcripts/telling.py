"""What files tell: of what is new, and of what belongs to it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

from pipeline.agents.events import Event, PartReader, Reader
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.transcript_parts import Parts, hashes_of
from pipeline.ingest.transcripts.families import families, related
from pipeline.ingest.transcripts.helper import Helper, is_worth_helper
from pipeline.ingest.transcripts.memory import Memory, as_text
from pipeline.ingest.transcripts.stock import Stock
from pipeline.system.temporary import temporary_folder

BATCH = 4_000  # events that are told at once
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
            self._read(agent, reader, new, parts, shared)
            known = self._memory.files
            others = {
                file: known[self._memory.name(file)].hashes for file in files if file not in self._stock.new
            }
            wanted = self._stock.lost.get(agent, set()).union(*shared.values())
            again = related(wanted, others)
            self._read(agent, reader, sorted(again), parts, shared)
            self._landing.skip(len(others) - len(again))
            told: list[Event] = []
            for family in families({file: shared[file] for file in sorted(shared)}):
                told += reader.tell([parts.take(file) for file in family], self._landing)
                if len(told) >= BATCH:
                    yield sorted(told, key=ORDER)
                    told = []
            yield sorted(told, key=ORDER)

    def _read(
        self,
        agent: str,
        reader: PartReader,
        files: Sequence[Path],
        parts: Parts,
        shared: dict[Path, Sequence[int]],
    ) -> None:
        self._landing.read_again(files)
        with ExitStack() as stack:
            helper = None
            if is_worth_helper(files):
                folder = stack.enter_context(temporary_folder())
                with suppress(OSError):
                    helper = stack.enter_context(closing(Helper(agent, files, folder, self._memory.key)))
            for number, file in enumerate(files):
                if helper and helper.has_read(number):
                    answers = helper.answers(number)
                    parts.put_all(folder, ((file, place) for file, (place, _, _) in answers))
                    for other, (_, hashes, entries) in answers:
                        notes = Notes(self._landing)
                        for what, entry in entries:
                            getattr(notes, what)(*entry)
                        shared[other] = hashes
                        self._remember(other, hashes, notes)
                    break
                notes = Notes(self._landing)
                part = reader.read(file, notes)
                parts.put(file, part)
                shared[file] = hashes_of(part.shared, self._memory.key)
                self._remember(file, shared[file], notes)

    def _remember(self, file: Path, hashes: Sequence[int], notes: "Notes") -> None:
        if notes.troubled:
            self._not_to_be_kept([file])
        elif file in self._looked_at:
            self._looked_at[file] = replace(self._looked_at[file], shared=as_text(hashes))

    def _not_to_be_kept(self, files: Sequence[Path]) -> None:
        """Read files again next time, and say again what was said of them."""
        for file in files:
            self._looked_at.pop(file, None)
            self._forgotten.add(self._memory.name(file))


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
