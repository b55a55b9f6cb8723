"""Which commit each line of a branch is of, and when it went.

The commits of a history are followed from the first to the last, and of each tree is kept which lines its
files have. Every line is a number: of its commit, in the order in which they were written. So nothing is
compared twice, where `git blame` walks the history anew for each file of each day.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pipeline.ingest.git.changes import Change, Changes

NEVER = 2**32 - 1  # a line that no commit of the branch had: its branch had given it up before it was merged
ALIVE = 0

Tree = dict[str, "array[int]"]


class Lines:
    """The lines of a branch.

    Args:
        history: hashes and their parents, parents first.
        main_line: what the branch stood at, the oldest first.

    Attributes:
        arrived: by commit, the number of the one of the main line that brought it, from 1.
        owner: by line, the number of its commit in the history.
        gone: by line, the number of the commit of the main line that has it no more; ALIVE, or NEVER.
    """

    def __init__(self, history: Sequence[tuple[str, Sequence[str]]], main_line: Sequence[str]) -> None:
        self.history = history
        self.owner = array("I")
        self.gone = array("I")
        self._places = array("I")  # in how many places of the branch a line stands: merges may keep two
        self._parents = dict(history)
        self._steps = {commit: step for step, commit in enumerate(main_line, 1)}
        self.arrived = self._arrivals(main_line)

    def follow(self, changes: Iterable[Changes]) -> Iterator[tuple[str, Tree]]:
        """Take what each commit of the history does, in its order; each with its tree.

        A tree is only that until the next one is asked for.
        """
        waiting = Counter(parent for _, parents in self.history for parent in parents)
        trees: dict[str, Tree] = {}
        for number, ((commit, parents), change) in enumerate(zip(self.history, changes, strict=True)):
            before = [trees[parent] for parent in parents]
            for parent in parents:
                waiting[parent] -= 1
                if not waiting[parent]:
                    del trees[parent]
            first = before[0] if before else {}
            is_last_child = bool(parents) and parents[0] not in trees
            tree = self._apply(number, commit, change, before, first if is_last_child else dict(first))
            if waiting[commit]:
                trees[commit] = tree
            yield commit, tree

    def _apply(self, number: int, commit: str, changes: Changes, before: list[Tree], tree: Tree) -> Tree:
        """The tree of a commit, out of that of its first parent."""
        made = [(change.path, self._made(number, change, before)) for change in changes.changed]
        paths = dict.fromkeys([*changes.removed, *(path for path, _ in made)])
        old = [lines for path in paths if (lines := tree.pop(path, None)) is not None]
        new = [(path, lines) for path, lines in made if lines is not None]
        tree.update(new)
        if step := self._steps.get(commit):
            self._count(step, old, [lines for _, lines in new])
        return tree

    def _made(self, number: int, change: Change, before: list[Tree]) -> "array[int] | None":
        """The lines of a file; None if it has none."""
        found = [
            (lines, source.hunks)
            for source in change.sources
            if (lines := before[source.parent].get(source.path)) is not None
        ]
        if not found:
            return None if change.lines is None else self._written(number, change.lines)
        lines, hunks = found[0]
        if len(found) == 1:
            return self._spliced(lines, hunks, lambda count: self._written(number, count)) if hunks else lines
        sides = [
            self._spliced(lines, hunks, lambda count: array("I", [NEVER]) * count) for lines, hunks in found
        ]
        made = array(
            "I", (next((line for line in side if line != NEVER), NEVER) for side in zip(*sides, strict=True))
        )
        fresh = iter(self._written(number, made.count(NEVER)))
        return array("I", (next(fresh) if line == NEVER else line for line in made))

    @staticmethod
    def _spliced(
        lines: "array[int]", hunks: Iterable[tuple[int, int, int]], written: "Callable[[int], array[int]]"
    ) -> "array[int]":
        made, done = array("I"), 0
        for at, before, after in hunks:
            made += lines[done:at]
            made += written(after)
            done = at + before
        return made + lines[done:]

    def _written(self, number: int, count: int) -> "array[int]":
        first = len(self.owner)
        self.owner.extend([number] * count)
        self.gone.extend([NEVER] * count)
        self._places.extend([0] * count)
        return array("I", range(first, first + count))

    def _count(self, step: int, old: "Iterable[array[int]]", new: "Iterable[array[int]]") -> None:
        """Note which lines the main line has no more, and which it has now."""
        difference: Counter[int] = Counter()
        for lines in new:
            difference.update(lines)
        for lines in old:
            difference.subtract(lines)
        for line, more in difference.items():
            if more:
                self._places[line] += more
                self.gone[line] = ALIVE if self._places[line] else step

    def _arrivals(self, main_line: Sequence[str]) -> dict[str, int]:
        arrived: dict[str, int] = {}
        for step, commit in enumerate(main_line, 1):
            waiting = [commit]
            while waiting:
                commit = waiting.pop()
                if commit not in arrived:
                    arrived[commit] = step
                    waiting += self._parents[commit]
        return arrived

    def fates(self) -> Mapping[tuple[int, int], int]:
        """How many lines of which commit went when: (`owner`, `gone`) → lines."""
        return Counter(zip(self.owner, self.gone, strict=True))
