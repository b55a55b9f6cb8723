"""What files tell: of what is new, and of what belongs to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path

from pipeline.agents.events import Journal, PartReader, Reader
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.transcripts.families import families, related
from pipeline.ingest.transcripts.helper import Helper, is_worth_helper
from pipeline.ingest.transcripts.memory import Memory, as_text
from pipeline.ingest.transcripts.parts import Entry, Parts, Recorded, hashes_of
from pipeline.ingest.transcripts.records import Records, Rows
from pipeline.ingest.transcripts.serve import ToRead, ToTell
from pipeline.ingest.transcripts.stock import Stock
from pipeline.system.temporary import temporary_folder


class Telling:
    """Reads files, and has the memory keep them.

    Args:
        stock: what is there.
        memory: what is remembered of it.
        records: makes rows of what is told.
        landing: keeps account.
    """

    def __init__(self, stock: Stock, memory: Memory, records: Records, landing: Landing) -> None:
        self._stock = stock
        self._records = records
        self._memory = memory
        self._landing = landing
        self._looked_at = dict(stock.looked_at)
        self._forgotten = {*stock.gone}

    def of_all(self, readers: Mapping[str, Reader]) -> Iterator[tuple[str, Rows]]:
        """Agents, and what is told of them, in batches."""
        for agent in readers:
            files = sorted(self._stock.files.get(agent, ()))
            is_new = any(file in self._stock.new for file in files)
            if agent in self._stock.whole:
                yield agent, self._of_whole(readers[agent], files)
            elif is_new or self._stock.lost.get(agent):
                reader = readers[agent]
                assert isinstance(reader, PartReader)
                with ExitStack() as stack:
                    for rows in self._of_families(agent, reader, files, stack):
                        yield agent, rows
            else:
                self._landing.skip(len(files))

    def keep(self) -> None:
        """Remember what was read."""
        files = {self._memory.name(path): file for path, file in self._looked_at.items()}
        self._memory.keep(files, self._forgotten)

    def _of_whole(self, reader: Reader, files: Sequence[Path]) -> Rows:
        self._landing.read_again(files)
        notes, rows = Notes(self._landing), Rows()
        self._records.add(reader.events(list(files), notes), rows)
        if notes.troubled:
            self._not_to_be_kept(files)
        return rows

    def _of_families(
        self, agent: str, reader: PartReader, files: Sequence[Path], stack: ExitStack
    ) -> Iterator[Rows]:
        parts, shared = stack.enter_context(closing(Parts())), dict[Path, Sequence[int]]()
        new = [file for file in files if file in self._stock.new]
        first = self._read(agent, reader, new, parts, shared, stack)
        known = self._memory.files
        others = {file: known[self._memory.name(file)].hashes for file in files if file not in shared}
        wanted = self._stock.lost.get(agent, set()).union(*shared.values())
        again = related(wanted, others)
        then = self._read(agent, reader, sorted(again), parts, shared, stack)
        self._landing.skip(len(others) - len(again))
        of = {file: helper for helper in (first, then) if helper for file in helper.files}

        def who_tells(family: Sequence[Path]) -> Helper | None:
            """The process that has read all of a family; None for this one."""
            one, *others = {of.get(file) for file in family}
            return None if others or self._records.keep_events else one

        found = families({file: shared[file] for file in sorted(shared)})
        groups = [(teller, [*group]) for teller, group in groupby(found, who_tells)]
        for helper in {*of.values()}:
            own = [group for teller, group in groups if teller is helper]
            given = sorted(helper.files.difference(*chain.from_iterable(own)))
            helper.ask(ToTell(given, own))
            for file, part in helper.parts(given):
                parts.put(file, part)
        for teller, group in groups:
            told = 0
            for rows, entries in teller.rows(len(group)) if teller else ():
                note(entries, self._landing)
                yield rows
                told += rows.families
            for file in chain.from_iterable(group[told:]):
                if file not in parts:  # a helper has read it that has ended
                    journal = Recorded()
                    parts.put(file, reader.read(file, journal))
                    note((entry for entry in journal.entries if entry[0] == "warn"), self._landing)
            yield from self._records.of_families(reader, group[told:], parts, self._landing)

    def _read(
        self,
        agent: str,
        reader: PartReader,
        files: Sequence[Path],
        parts: Parts,
        shared: dict[Path, Sequence[int]],
        stack: ExitStack,
    ) -> Helper | None:
        """Read files; the helper that has read some of them, which then are not among the parts."""
        self._landing.read_again(files)
        helper = self._helper(agent, files, stack) if is_worth_helper(files) else None
        for number, file in enumerate(files):
            if helper and helper.has_read(len(files) - number):
                for other, (hashes, entries) in helper.take(len(files) - number):
                    notes = Notes(self._landing)
                    note(entries, notes)
                    shared[other] = hashes
                    self._remember(other, hashes, notes)
                break
            notes = Notes(self._landing)
            part = reader.read(file, notes)
            parts.put(file, part)
            shared[file] = hashes_of(part.shared, self._memory.key)
            self._remember(file, shared[file], notes)
        return helper

    def _helper(self, agent: str, files: Sequence[Path], stack: ExitStack) -> Helper | None:
        key, records = self._memory.key, self._records
        with suppress(OSError):
            folder = stack.enter_context(temporary_folder())
            asked = ToRead(agent, [*reversed(files)], folder, key, records.developer, records.roots)
            return stack.enter_context(closing(Helper(asked)))
        return None

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


def note(entries: Iterable[Entry], journal: Journal) -> None:
    """Make the entries of a journal in another."""
    for what, entry in entries:
        getattr(journal, what)(*entry)
