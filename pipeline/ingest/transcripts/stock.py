"""What lies where agents keep their sessions, and what of it is to be read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pipeline.agents.events import PartReader, Reader
from pipeline.ingest.transcripts.files import tell_apart, walk
from pipeline.ingest.transcripts.memory import Memory, Remembered


@dataclass
class Stock:
    """The files of all places.

    Attributes:
        files: those that a reader reads, by agent.
        unread: the others, with the reason.
        new: files that were not there, or were others, when they were last read.
        looked_at: what is to be remembered of files that were looked into.
        gone: names of files that are remembered, and are not there.
        whole: agents whose reader does not read file by file, and of which something is new.
        lost: what files told and may tell no longer, by agent.
    """

    files: dict[str, set[Path]] = field(default_factory=lambda: defaultdict(set))
    unread: dict[Path, str] = field(default_factory=dict)
    new: set[Path] = field(default_factory=set)
    looked_at: dict[Path, Remembered] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    lost: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def bytes_to_read(self) -> int:
        """How many bytes there are in files that are new, at most."""
        new = (self.looked_at[file].state for file in self.new if file in self.looked_at)
        return sum(int(size) for size in (state.partition(":")[0] for state in new) if size.isdecimal())

    def holds_transcripts(self, place: Path) -> bool:
        """Whether any file at a place is read."""
        return any(file.is_relative_to(place) for files in self.files.values() for file in files)


def take_stock(
    places: Sequence[Path], memory: Memory, readers: Mapping[str, Reader], warn: Callable[[str], None]
) -> Stock:
    """Look at all places, and into what is new.

    Args:
        places: files and folders.
        memory: what is remembered of them.
        readers: by agent.
        warn: is told of what cannot be read.
    """
    stock = Stock()
    walked = {place: walk(place, warn) for place in places}
    there = {memory.name(path) for states in walked.values() for path in states}
    stock.gone = memory.files.keys() - there
    for place, states in walked.items():
        Look(place, states, memory, readers).take(stock)
    return stock


class Look:
    """The look at one place."""

    def __init__(
        self, place: Path, states: Mapping[str, str], memory: Memory, readers: Mapping[str, Reader]
    ) -> None:
        self._place = place
        self._states = states
        self._memory = memory
        self._readers = readers
        self._failed: set[Path] = set()
        self._by_parts = cache(lambda agent: isinstance(readers[agent], PartReader))

    def take(self, stock: Stock) -> None:
        """Add the files of the place to the stock."""
        where, known = self._memory.name(self._place), self._memory.files
        before = {path: known.get(self._memory.name(path)) for path in self._states}
        same = {path: file for path, file in before.items() if file and file.state == self._states[path]}
        new = [path for path in self._states if path not in same]
        changed = [file for path in new if (file := before[path])]
        changed += [known[name] for name in stock.gone if known[name].place == where]
        looked_at = self._into(new)
        touched = [*changed, *looked_at.values()]
        if self._place.is_file() or not all(self._is_by_parts(file) for file in touched):
            # What is no transcript may belong to one, or tell whose the files beside it are.
            touched += same.values()
            looked_at |= self._into(path for path, file in same.items() if self._may_be_another(file))
            touched += looked_at.values()
            stock.whole.update(file.agent for file in touched if file.agent and not self._is_by_parts(file))
        for file in changed:
            if file.agent and self._is_by_parts(file):
                stock.lost[file.agent].update(file.hashes)
        for path, file in (same | looked_at).items():
            if file.agent:
                stock.files[file.agent].add(Path(path))
            elif file.reason:
                stock.unread[Path(path)] = file.reason
        stock.new.update(map(Path, new))
        stock.looked_at |= {
            Path(path): file for path, file in looked_at.items() if Path(path) not in self._failed
        }

    def _into(self, paths: Iterable[str]) -> dict[str, Remembered]:
        """Whose files are."""
        files = {Path(path): path for path in paths}
        found = tell_apart(files, self._readers)
        self._failed |= found.failed
        agents = {file: agent for agent, those in found.files.items() for file in those}
        where = self._memory.name(self._place)
        return {
            path: Remembered(where, self._states[path], agents.get(file), found.unread.get(file))
            for file, path in files.items()
        }

    def _is_by_parts(self, file: Remembered) -> bool:
        """Whether its bytes alone say whose it is and what it tells."""
        return file.agent is not None and self._by_parts(file.agent)

    def _may_be_another(self, file: Remembered) -> bool:
        is_noise = file.agent is None and file.reason is None
        return not is_noise and not self._is_by_parts(file)
