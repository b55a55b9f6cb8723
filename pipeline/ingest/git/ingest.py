"""Commits of git repositories → raw.git_commits, and what became of them → raw.git_survival.

Where pull requests of a repository have landed, copies of their commits → raw.pull_request_commits.

`git log --numstat` reads the commits that are not there yet, batch by batch, while `git rev-list`
still walks the history. Which ones those are is asked of git (what can be reached) and of the
database (what has landed), commit by commit, so that rewritten histories, deepened clones and new
branches all come out right.
"""

import datetime as dt
import json
import os
import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import IngestError
from pipeline.ingest.git.copies import land_copies
from pipeline.ingest.git.repository import Repository
from pipeline.ingest.git.survival import land_survival
from pipeline.ingest.landing.arrow import Summary
from pipeline.ingest.landing.columns import booleans, integers, same, texts
from pipeline.ingest.landing.landing import IngestResult, Landing
from pipeline.system.gc import gc_paused

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

# Hash, parents, author date, committer date, author, committer, message, note; see git-log(1).
# The names and addresses are those after .mailmap.
FIELDS = ["%H", "%P", "%at", "%ct", "%aN", "%aE", "%cN", "%cE", "%B", "%N"]
COMMIT, AUTHORED = FIELDS.index("%H"), FIELDS.index("%at")
BATCH = 5_000  # about how many commits one call of git reads
MICROSECONDS = 10**6
END_OF_TIME = int(dt.datetime(2200, 1, 1, tzinfo=dt.UTC).timestamp())

# What may be kept of a session in a git-ai note; its messages may not.
NOTE_KEYS = {
    "agent_id",
    "human_author",
    "total_additions",
    "total_deletions",
    "accepted_lines",
    "overriden_lines",  # as git-ai writes it
    "overridden_lines",
}


def ingest_git(
    engine: "Engine",
    repositories: Sequence[str | Path],
    *,
    branch: str | None = None,
    all_branches: bool = False,
    survival: bool = False,
    now: dt.datetime | None = None,
    pseudonyms: "Pseudonyms | None" = None,
) -> IngestResult:
    """Land the commits of repositories.

    Args:
        engine: where to.
        repositories: folders: work trees or bare repositories.
        branch: the branch to read, in all of them; None means the default branch of each.
        all_branches: every branch, here and at the remotes.
        survival: also what became of the lines that the branch's commits added.
        now: until when they are looked at; None means the clock.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        IngestError: nothing could be read of any repository.
    """
    problems = []
    with Landing(engine, "git", repositories, pseudonyms) as landing:
        known = _landed_commits(engine)
        for path in repositories:
            try:
                repository = Repository(Path(path).expanduser())
                tips = repository.tips(branch, all_branches=all_branches)
                with gc_paused():
                    _land(landing, repository, tips, known)
                    land_copies(landing, repository, branch)
                    if survival:
                        land_survival(landing, repository, branch, now or dt.datetime.now(dt.UTC))
            except IngestError as error:
                problems.append(str(error))
        # Of a repository that turns out to be damaged a part may have landed.
        readable = len(problems) < len(repositories) or landing.result.landed > 0
        for problem in problems if readable else ():
            landing.warn(problem)
    if not readable:
        raise IngestError(" ".join(problems))
    return landing.result


def _land(landing: Landing, repository: Repository, tips: list[str], known: set[str]) -> None:
    """Land what can be reached from `tips` and is not `known`, and make it known."""
    if not tips:
        landing.warn(f"{repository.path} has no commits yet.")
    edge = repository.edge()
    cut_off = 0
    for commits in read_commits(repository, _unknown(landing, repository.commits(tips, BATCH), known)):
        dated = []
        for commit in commits:
            if microseconds(commit[AUTHORED]) is None:
                reason = "its author date is missing or not between 1970 and 2199"
                landing.quarantine(repository.path, None, f"commit {commit[COMMIT]}: {reason}")
            else:
                dated.append(commit)
        if dated:
            rows = commit_table(dated, repository.project_id, edge)
            landing.land_arrow("git_commits", rows, _summary(dated))
        hashes = {commit[COMMIT] for commit in commits}
        cut_off += len(edge & hashes)
        known |= hashes
    if cut_off:
        landing.warn(
            f"{repository.path} is a shallow clone: what the {cut_off} oldest commits changed is"
            " unknown, and stays so. Run `git fetch --unshallow` before the first ingest."
        )


def _unknown(landing: Landing, batches: Iterable[list[str]], known: set[str]) -> Iterator[list[str]]:
    """Batches of the commits that are not known; the others are counted."""
    for batch in batches:
        new = [commit for commit in batch if commit not in known]
        landing.repeat(len(batch) - len(new))
        if new:
            yield new


def _landed_commits(engine: "Engine") -> set[str]:
    if "git_commits" not in engine.shapes("raw"):
        return set()
    rows = engine.fetch(f"SELECT DISTINCT commit_hash FROM {engine.name('raw', 'git_commits')}")
    return {row[0] for row in rows}


def read_commits(repository: Repository, batches: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    """Batches of commits: of each the values of FIELDS, then the text of `--numstat -z`.

    Git recodes a message to UTF-8 where the commit names its encoding; of what is no UTF-8 even
    so, the bad bytes are replaced.
    """
    # No repository can contain what nobody knew when it was made.
    separator = secrets.token_hex(16)
    layout = "%x00".join([separator, *FIELDS])
    # One git per processor, and hardly more batches in memory than that.
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[str]] = deque()
        for commits in batches:
            pending.append(pool.submit(repository.log, commits, layout))
            if len(pending) > workers:
                yield _split(pending.popleft().result(), separator)
        for reading in pending:
            yield _split(reading.result(), separator)


def _split(output: str, separator: str) -> list[list[str]]:
    return [text.split("\0", len(FIELDS)) for text in output.split(f"{separator}\0") if text]


def commit_table(commits: list[list[str]], project_id: str, edge: set[str]) -> "pa.Table":
    """Commits in the columns of raw.git_commits.

    Args:
        commits: as `read_commits` gives them, at least one, with author dates that are instants.
        project_id: whose they are.
        edge: those whose changes are unknown.
    """
    import pyarrow as pa

    columns = list(zip(*commits, strict=True))
    hashes, parents, *times, messages, notes, numstats = columns[:4] + columns[8:]
    authored, committed = (
        integers([microseconds(seconds) for seconds in column], pa.timestamp("us", "UTC")) for column in times
    )
    author_names, author_emails, committer_names, committer_emails = (
        texts([word.strip() or None for word in words]) for words in columns[4:8]
    )
    unknown = (None, None, None)
    changes = [
        unknown if commit in edge else count_changes(numstat)
        for commit, numstat in zip(hashes, numstats, strict=True)
    ]
    files, added, deleted = zip(*changes, strict=True)
    parent_counts = [
        None if commit in edge else len(names.split()) for commit, names in zip(hashes, parents, strict=True)
    ]
    return pa.table(
        {
            "commit_hash": texts(hashes),
            "commit_message": texts([text.strip("\n") for text in messages]),
            "author_name": author_names,
            "author_email": author_emails,
            "commit_timestamp": authored,
            "files_changed": integers(files),
            "lines_added": integers(added),
            "lines_deleted": integers(deleted),
            # Whether an agent helped is for the models to find out; a repository does not say.
            "agent_assisted": booleans([False] * len(commits)),
            "project_id": same(project_id, len(commits)),
            "committer_name": committer_names,
            "committer_email": committer_emails,
            "committed_at": committed,
            "parent_count": integers(parent_counts),
            "notes": texts([without_content(note) if note else None for note in notes]),
        }
    )


def _summary(commits: list[list[str]]) -> Summary:
    times = [int(commit[AUTHORED]) * MICROSECONDS for commit in commits]
    return Summary.of([commit[COMMIT] for commit in commits], times)


def microseconds(seconds: str) -> int | None:
    """Microseconds since 1970 of an instant before 2200, or None."""
    if len(seconds) < 12 and seconds.isdecimal() and (value := int(seconds)) < END_OF_TIME:
        return value * MICROSECONDS
    return None


def count_changes(numstat: str) -> tuple[int, int, int]:
    r"""Files changed, lines added and lines deleted, of one commit's `--numstat -z`.

    >>> count_changes("\n3\t1\ta.py\0-\t-\tlogo.png\0" + "2\t0\t\0old\0new\0")
    (3, 5, 1)
    """
    files = added = deleted = 0
    entries = iter(numstat.lstrip("\n").split("\0"))
    for entry in entries:
        if not entry:
            continue
        plus, minus, path = entry.split("\t", 2)
        files += 1
        if plus != "-":  # a binary file has no lines
            added += int(plus)
            deleted += int(minus)
        if not path:  # renamed: both names follow
            next(entries)
            next(entries)
    return files, added, deleted


def without_content(note: str) -> str | None:
    """A git-ai note without the conversations that some versions store in it.

    The part above the line `---` names files and lines, and stays; of the JSON below it, sessions
    keep what describes them. JSON that cannot be read is left out.
    """
    lines, divider, document = note.strip("\n").rpartition("---\n")
    try:
        data = json.loads(document)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return lines.strip("\n") or None
    kept: dict[str, Any] = {key: value for key, value in data.items() if isinstance(value, str | int | float)}
    for group in ("sessions", "prompts"):
        if isinstance(data.get(group), dict):
            kept[group] = {
                name: {key: value for key, value in session.items() if key in NOTE_KEYS}
                for name, session in data[group].items()
                if isinstance(session, dict)
            }
    return lines + divider + json.dumps(kept, ensure_ascii=False)
