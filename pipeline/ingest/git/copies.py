"""Commits of a branch that repeat what pull requests brought, rebased or squashed → raw.pull_request_commits.

The same change has the same patch id, whichever commit makes it. That takes as long as all else that is
read of a commit, so it is asked only of commits that merged requests list and the branch has not, and of
those that may repeat them: as many as the request has, up to what its merge made, if that repeats the last;
where it is not known, those that came to the branch while the request was open. What was picked to another
branch, or later, is no part of the merge. Once found, nothing of a version is asked again.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from pipeline.ingest.git.repository import Repository
from pipeline.ingest.landing.landing import Landing
from pipeline.ingest.values import epoch_seconds

TABLE = "pull_request_commits"
NEEDED = ("version_id", "commit_hash", "copy_of", "updated_at")
WHOLE_HASH = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
LATE = 60  # seconds after a merge at which what it made may be dated


@dataclass
class Merged:
    """A version of a merged request.

    Attributes:
        version: its `version_id`.
        updated_at: when it last changed.
        opened: in seconds since 1970.
        merged: likewise.
        merge_commit: what merging it made.
        commits: the hashes that it lists, in its order.
        copies: copies of them that have landed.
    """

    version: str
    updated_at: Any
    opened: int
    merged: int
    merge_commit: str | None
    commits: list[str] = field(default_factory=list)
    copies: set[str] = field(default_factory=set)

    def row(self, copy: str, of: str) -> dict[str, Any]:
        """What lands of a copy of one of its commits."""
        identity = {"version_id": self.version, "commit_hash": copy, "copy_of": of}
        return identity | {"updated_at": self.updated_at}


def land_copies(landing: Landing, repository: Repository, branch: str | None) -> None:
    """Land which commits of a branch repeat those of merged requests of this repository.

    Args:
        landing: where to, and where its requests have landed.
        repository: whose branch.
        branch: that into which requests are merged; None means the default one.
    """
    head, merged = repository.head(branch), _merged(landing, repository)
    landing.repeat(sum(len(request.copies) for request in merged))
    requests = [request for request in merged if request.commits and not request.copies]
    if head is None or not requests:
        return
    history = repository.history(head)
    parents = {commit: above for commit, _, above in history}
    listed = {commit for request in requests for commit in request.commits}
    gone = repository.present(sorted(listed - parents.keys()))
    if gone:
        came = [
            (seconds, commit) for commit, seconds, above in history if len(above) < 2 and commit not in listed
        ]
        came.sort(key=itemgetter(0))  # of one second in the order of the branch
        place = {commit: number for number, (commit, *_) in enumerate(history)}
        landing.land(TABLE, list(Copies(repository, head, parents, place, gone, came).of(requests)))


@dataclass
class Copies:
    """Finds copies.

    Attributes:
        repository: where they are.
        head: of the branch.
        parents: of all that can be reached from it.
        place: of the same, parents before children.
        gone: what requests list and the branch has not.
        came: what may be a copy: when it came, and its hash.
    """

    repository: Repository
    head: str
    parents: dict[str, list[str]]
    place: dict[str, int]
    gone: set[str]
    came: list[tuple[int, str]]

    def of(self, requests: list[Merged]) -> Iterator[dict[str, Any]]:
        """Rows of the copies of what the requests list: of each commit, else of all of them in one."""
        requests = self._rebased([request for request in requests if self.gone & {*request.commits}])
        beside = {request.version: self._candidates(request) for request in requests}
        asked = {commit for request in requests for commit in request.commits if commit in self.gone}
        ids = self.repository.patch_ids(sorted(asked.union(*beside.values())))
        whole: dict[str, Merged] = {}
        for request in requests:
            # Of several the last: the one before was reverted, and made anew.
            made = {ids[commit]: commit for commit in beside[request.version] if commit in ids}
            pairs = [(made.get(ids.get(of, "")), of) for of in request.commits if of in self.gone]
            found = [(copy, of) for copy, of in pairs if copy]
            yield from (request.row(copy, of) for copy, of in found)
            last = request.commits[-1]
            if not found and last in self.gone and request.merge_commit not in self.parents:
                whole[last] = request
        yield from self._squashed(whole, beside, ids)

    def _rebased(self, requests: list[Merged]) -> list[Merged]:
        """Requests without those of which it is known what merging made, and that this is no copy."""
        known = [request for request in requests if request.merge_commit in self.parents]
        ends = {
            commit for request in known for commit in (request.merge_commit, request.commits[-1]) if commit
        }
        ids = self.repository.patch_ids(sorted(ends & (self.gone | self.parents.keys())))
        others = {
            request.version
            for request in known
            if ids.get(request.merge_commit or "") != ids.get(request.commits[-1])
        }
        return [request for request in requests if request.version not in others]

    def _candidates(self, request: Merged) -> list[str]:
        """What may repeat its commits, in the order of the branch."""
        if request.merge_commit in self.parents:
            line: list[str] = []
            above = [request.merge_commit]
            while len(above) == 1 and len(line) < len(request.commits):
                line += above
                above = self.parents.get(above[0], [])
            return line[::-1]
        first = bisect_left(self.came, request.opened, key=itemgetter(0))
        end = bisect_right(self.came, request.merged + LATE, key=itemgetter(0))
        return [commit for _, commit in self.came[first:end]]

    def _squashed(
        self, whole: dict[str, Merged], beside: dict[str, list[str]], ids: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Rows of commits that make the change of a whole branch: of all that it has beyond the other one."""
        beyond = self.repository.beyond(whole, self.head)
        bases = {last: self._base(last, beyond) for last in whole}
        pairs = [f"{last} {base}" for last, base in bases.items() if base]
        for last, patch in self.repository.patch_ids(pairs).items():
            request = whole[last]
            made = [commit for commit in beside[request.version] if ids.get(commit) == patch]
            if made:
                yield request.row(made[-1], last)

    def _base(self, last: str, beyond: dict[str, list[str]]) -> str | None:
        """Where a branch, of commits `beyond`, last took over the other one; None if it never did."""
        seen, waiting = {last}, [last]
        while waiting:
            new = {*beyond.get(waiting.pop(), ())} - seen
            seen |= new
            waiting += new
        return max(seen & self.place.keys(), key=self.place.__getitem__, default=None)


def _merged(landing: Landing, repository: Repository) -> list[Merged]:
    """All versions of the repository's merged requests, with the commits that they list."""
    engine = landing.engine
    shapes = engine.shapes("raw")
    if "pull_requests" not in shapes or not {*NEEDED} <= shapes.get(TABLE, {}).keys():
        return []
    project = landing.as_landed("pull_requests", {"project_id": repository.project_id})["project_id"]
    q = engine.quote
    names = ("version_id", "updated_at", "opened_at", "merged_at", "merge_commit")
    columns = ", ".join(f"r.{q(name)}" for name in names) + f", c.{q('copy_of')}"
    rows = engine.fetch(
        f"SELECT {columns}, c.{q('commit_hash')} FROM {engine.name('raw', TABLE)} AS c"
        f" JOIN {engine.name('raw', 'pull_requests')} AS r ON c.{q('version_id')} = r.{q('version_id')}"
        f" WHERE r.{q('merged_at')} IS NOT NULL AND lower(r.{q('project_id')}) = ?"
        f" ORDER BY c.{q('version_id')}, c.{q('id')}",
        [project.lower()],
    )
    found: dict[str, Merged] = {}
    for version, updated_at, opened_at, merged_at, merge_commit, copy_of, commit in rows:
        times = epoch_seconds(opened_at), epoch_seconds(merged_at)
        request = found.setdefault(version, Merged(version, updated_at, *times, merge_commit))
        if copy_of:
            request.copies.add(commit)
        elif WHOLE_HASH.fullmatch(commit) and commit not in request.commits:  # a version may be read twice
            request.commits.append(commit)
    return list(found.values())
