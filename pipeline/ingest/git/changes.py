"""What commits do to the lines of files: from which lines of which parent each new file is made.

Of a commit with one parent that is git's difference to it. A merge takes a file from the first parent
that has it so; of one that no parent has so, line by line, what is in the first parent, else in the
next. That is what `git blame` does, the other way round, but for one thing: a file goes on under one
new name only, as in `git diff -M`, where blame lets several new files continue the one that is gone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from pipeline.ingest.git.repository import Repository

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
PATCH = ("--raw", "-p", "-U0", "--no-abbrev", "--format=tformat:%x00%H")
RAW = ("--raw", "--no-abbrev", "--format=tformat:%x00%H")
FILE = b"100"  # how the modes of files begin; links and submodules have others
SNIFFED = 8_000  # bytes in which git looks for a NUL
IN_TEXT = frozenset(b"+-\\\n")  # how lines begin that tell nothing here

# Where in the parent's file something goes, how many of its lines, and how many stand there instead.
Hunks = list[tuple[int, int, int]]


class Source(NamedTuple):
    """A file of a parent out of which a new one is made; without hunks it is the same."""

    parent: int
    path: str
    hunks: Hunks


class Change(NamedTuple):
    """A file that is another one than in the first parent.

    Attributes:
        path: a hash of its name.
        sources: what it is made of, the first one first.
        lines: how many it has, if it is made of nothing; None if it has none: binary, or no file.
    """

    path: str
    sources: list[Source]
    lines: int | None


class Changes(NamedTuple):
    """What a commit does to its first parent's tree; `removed` holds hashes of names."""

    removed: list[str]
    changed: list[Change]


@dataclass
class Entry:
    """A line of `--raw`, and what its patch told."""

    status: bytes
    old_path: bytes
    path: bytes
    is_file: bool
    old_blob: str
    blob: str
    hunks: Hunks
    is_binary: bool = False

    @property
    def patches(self) -> int:
        """How many patches git shows of it: of what was a file and is a link, two."""
        return 2 if self.status == b"T" else 1


def path_hash(name: bytes) -> str:
    """What stands for a file's name, as git quotes it: names need not be kept."""
    return blake2b(name, digest_size=8).hexdigest()


def read_changes(
    repository: Repository, commits: Sequence[tuple[str, list[str]]]
) -> Iterator[tuple[str, Changes]]:
    """What commits do, in any order.

    Args:
        repository: where they are.
        commits: hashes with those of their parents.
    """
    single = [" ".join([commit, *parents]) for commit, parents in commits if len(parents) < 2]
    if single:
        for commit, entries in _entries(repository.differences(*PATCH, pairs=single)):
            yield commit, _of_one_parent(repository, entries)
    merges = [(commit, parents) for commit, parents in commits if len(parents) > 1]
    pairs = [f"{commit} {parent}" for commit, parents in merges for parent in parents]
    if pairs:
        sides = defaultdict(list)
        for commit, entries in _entries(repository.differences(*RAW, pairs=pairs)):
            sides[commit].append(entries)
        for commit, _ in merges:
            yield commit, _of_merge(repository, sides.pop(commit))


def _entries(lines: Iterable[bytes]) -> Iterator[tuple[str, list[Entry]]]:
    """Each commit with the files that differ."""
    commit, entries, patched = "", list[Entry](), -1
    owners: list[Entry] = []  # whose patch comes when
    for line in lines:
        first = line[0]
        if first in IN_TEXT:
            continue
        if line.startswith(b"@@ "):
            owners[patched].hunks.append(_hunk(line))
        elif first == 0:
            if commit:
                yield commit, entries
            commit, entries, owners, patched = line[1:-1].decode("ascii"), [], [], -1
        elif line.startswith(b":"):
            entry = _entry(line)
            entries.append(entry)
            owners += [entry] * entry.patches
        elif line.startswith(b"diff --git "):
            patched += 1
            owners[patched].hunks = []  # of two patches the second one is what is there now
        elif line.startswith(b"Binary files "):
            owners[patched].is_binary = True
    if commit:
        yield commit, entries


def _hunk(line: bytes) -> tuple[int, int, int]:
    found = HUNK.match(line)
    assert found
    at, before, after = (1 if number is None else int(number) for number in found.groups())
    return (at - 1 if before else at), before, after


def _entry(line: bytes) -> Entry:
    told, *paths = line.rstrip(b"\n").split(b"\t")
    _, mode, old_blob, blob, status = told.split(b" ")
    return Entry(status[:1], paths[0], paths[-1], mode.startswith(FILE), old_blob.decode(), blob.decode(), [])


def _of_one_parent(repository: Repository, entries: list[Entry]) -> Changes:
    removed, changed = [], []
    for entry in entries:
        path, old_path = path_hash(entry.path), path_hash(entry.old_path)
        if entry.status in b"DR":
            removed.append(old_path)
        if entry.status == b"D":
            continue
        if not entry.is_file:
            changed.append(Change(path, [], None))
        elif entry.is_binary:
            is_new = entry.status == b"A"
            changed.append(Change(path, [], None if is_new else _lines(repository, entry.blob)))
        elif entry.status in b"AT":
            changed.append(Change(path, [], sum(after for _, _, after in entry.hunks)))
        else:
            changed.append(Change(path, [Source(0, old_path, entry.hunks)], None))
    return Changes(removed, changed)


def _of_merge(repository: Repository, sides: list[list[Entry]]) -> Changes:
    by_path = [{entry.path: entry for entry in side} for side in sides]
    removed, changed = [], []
    for entry in sides[0]:
        if entry.status in b"DR":
            removed.append(path_hash(entry.old_path))
        if entry.status != b"D":
            changed.append(_merged(repository, entry, [side.get(entry.path) for side in by_path]))
    return Changes(removed, changed)


def _merged(repository: Repository, entry: Entry, sides: list[Entry | None]) -> Change:
    """A file of a merge that is not as in the first parent; a side without an entry has it so."""
    path = path_hash(entry.path)
    if not entry.is_file:
        return Change(path, [], None)
    origins: dict[int, Entry] = {}
    for statuses in (b"M", b"R"):  # a file of the same name comes before one that had another
        for parent, side in enumerate(sides):
            if side is None:
                return Change(path, [Source(parent, path, [])], None)
            if side.status not in statuses:
                continue
            if side.old_blob == entry.blob:
                return Change(path, [Source(parent, path_hash(side.old_path), [])], None)
            if all(side.old_blob != other.old_blob for other in origins.values()):
                origins[parent] = side
    sources = []
    for parent, side in sorted(origins.items()):
        hunks = _hunks(repository, side.old_blob, entry.blob)
        if hunks is not None:
            sources.append(Source(parent, path_hash(side.old_path), hunks))
    return Change(path, sources, None if sources else _lines(repository, entry.blob))


def _hunks(repository: Repository, old: str, new: str) -> Hunks | None:
    """How two files differ; None if one is binary."""
    hunks = []
    for line in repository.differences("-U0", old, new):
        if line.startswith(b"@@ "):
            hunks.append(_hunk(line))
        elif line.startswith(b"Binary files "):
            return None
    return hunks


def _lines(repository: Repository, blob: str) -> int | None:
    """How many lines a file has; None if it is binary."""
    content = repository.blob(blob)
    if content is None or b"\0" in content[:SNIFFED]:
        return None
    return content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
