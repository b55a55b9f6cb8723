"""Files of an agent that tell of the same, and so are told together: a family."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import TypeVar

File = TypeVar("File")


def related(wanted: Iterable[int], files: Mapping[Path, Sequence[int]]) -> set[Path]:
    """The files that share something with what is wanted, or with one another of these.

    Args:
        wanted: hashes of what is told.
        files: what each file tells.
    """
    wanted, found = set(wanted), set()
    # What was spawned or copied mostly comes later than what it came from.
    waiting = sorted(files, reverse=True)
    while waiting:
        more = [file for file in waiting if not wanted.isdisjoint(files[file])]
        if not more:
            break
        found.update(more)
        wanted.update(*(files[file] for file in more))
        waiting = [file for file in waiting if file not in found]
    return found


def families(files: Mapping[File, Sequence[int]]) -> list[list[File]]:
    """Files in groups that share nothing with one another; all of it in the order of the files.

    Args:
        files: what each file tells, each once.
    """
    # Most of it only one file tells.
    shared = {one for one, other in pairwise(sorted(chain.from_iterable(files.values()))) if one == other}
    above: dict[File, File] = {file: file for file in files}

    def first(file: File) -> File:
        while above[file] != file:
            above[file] = above[above[file]]
            file = above[file]
        return file

    owner: dict[int, File] = {}
    for file, hashes in files.items():
        for name in shared.intersection(hashes):
            other = first(owner.setdefault(name, file))
            above[first(file)] = other
    groups: dict[File, list[File]] = defaultdict(list)
    for file in files:
        groups[first(file)].append(file)
    return list(groups.values())
