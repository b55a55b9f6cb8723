"""Commits of git repositories → raw.git_commits.

One `git log --numstat` per repository, for the commits that are not there yet. Which ones those
are is asked of git (what can be reached) and of the database (what has landed), commit by
commit, so that rewritten histories, deepened clones and new branches all come out right.
"""

import datetime as dt
import json
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import IngestError
from pipeline.ingest.git_repository import Repository
from pipeline.ingest.landing import IngestResult, Landing

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

FIELDS = ["%H", "%P", "%at", "%ct", "%aN", "%aE", "%cN", "%cE", "%B", "%N"]
END_OF_TIME = int(dt.datetime(2200, 1, 1, tzinfo=dt.UTC).timestamp())

# What may be kept of a session in a git-ai note; its messages may not.
NOTE_KEYS = {
    "agent_id",
    "human_author",
    "total_additions",
    "total_deletions",
    "accepted_lines",
    "overriden_lines",
    "overridden_lines",
}


def ingest_git(
    engine: "Engine",
    repositories: Sequence[str | Path],
    *,
    branch: str | None = None,
    all_branches: bool = False,
) -> IngestResult:
    """Land the commits of repositories.

    Args:
        engine: where to.
        repositories: folders: work trees or bare repositories.
        branch: the branch to read, in all of them; None means the default branch of each.
        all_branches: every branch, here and at the remotes.

    Raises:
        IngestError: a repository could not be read; the others have landed.
    """
    unreadable = []
    with Landing(engine, "git", [str(repository) for repository in repositories]) as landing:
        known = landed_commits(engine)
        for repository in repositories:
            try:
                _ingest(landing, known, Path(repository).expanduser(), branch, all_branches)
            except IngestError as error:
                unreadable.append(str(error))
    if unreadable:
        raise IngestError(" ".join(unreadable))
    return landing.result


def _ingest(
    landing: Landing, known: set[str], path: Path, branch: str | None, all_branches: bool
) -> None:
    repository = Repository(path)
    commits = repository.commits(repository.tips(branch, all_branches=all_branches))
    if not commits:
        landing.warn(f"{path} has no commits yet.")
        return
    new = [commit for commit in commits if commit not in known]
    landing.repeat(len(commits) - len(new))
    edge = repository.edge().intersection(new)
    if edge:
        landing.warn(
            f"{path} is a shallow clone. What the {len(edge)} commits at its edge changed is not"
            " known and stays empty: use `git fetch --unshallow` before the first ingest."
        )
    if new:
        landing.land("git_commits", _records(landing, repository, new, edge))
        known.update(new)


def landed_commits(engine: "Engine") -> set[str]:
    """Hashes of all commits that have landed."""
    if "git_commits" not in engine.shapes("raw"):
        return set()
    rows = engine.fetch(f"SELECT DISTINCT commit_hash FROM {engine.name('raw', 'git_commits')}")
    return {row[0] for row in rows}


def _records(
    landing: Landing, repository: Repository, commits: list[str], edge: set[str]
) -> Iterator[dict[str, Any]]:
    """One record per commit, oldest first; those without a usable date are quarantined."""
    # No repository can contain what nobody knew when it was made.
    separator = secrets.token_hex(16)
    output = repository.log(commits, separator + "%x00".join(FIELDS))
    for text in _split(output, separator.encode()):
        record = commit_record(text)
        record["project_id"] = repository.project_id
        if record["commit_hash"] in edge:
            unknown = ("parent_count", "files_changed", "lines_added", "lines_deleted")
            record.update(dict.fromkeys(unknown))
        if record["commit_timestamp"] is None:
            landing.quarantine(
                str(repository.path),
                None,
                f"commit {record['commit_hash']}: its author date is missing or not in 1970-2199",
            )
        else:
            yield record


def _split(chunks: Iterator[bytes], separator: bytes) -> Iterator[bytes]:
    """The texts between separators, of which the first stands before everything."""
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(separator)
        yield from filter(None, complete)
    if rest:
        yield rest


def commit_record(text: bytes) -> dict[str, Any]:
    """One commit as `git log --numstat -z` prints it, in the columns of raw.git_commits.

    The date is None if it is missing or absurd. Text that is not UTF-8, which is what git
    recodes to where a commit names its encoding, has its bad bytes replaced.
    """
    *head, changes = text.split(b"\0", len(FIELDS))
    commit, parents, authored, committed, *words = (field.decode("utf-8", "replace") for field in head)
    author_name, author_email, committer_name, committer_email, message, note = words
    files, added, deleted = count_changes(changes)
    return {
        "commit_hash": commit,
        "commit_message": message.strip("\n"),
        "author_name": author_name.strip() or None,
        "author_email": author_email.strip() or None,
        "commit_timestamp": instant(authored),
        "files_changed": files,
        "lines_added": added,
        "lines_deleted": deleted,
        # Who wrote a commit is for the models to tell; a repository does not know.
        "agent_assisted": False,
        "agent_session_id": None,
        "agent_type": None,
        "developer_id": None,
        "committer_name": committer_name.strip() or None,
        "committer_email": committer_email.strip() or None,
        "committed_at": instant(committed),
        "parent_count": len(parents.split()),
        "notes": without_content(note) if note else None,
    }


def count_changes(numstat: bytes) -> tuple[int, int, int]:
    r"""Files changed, lines added and lines deleted of one commit's `--numstat -z`.

    >>> count_changes(b"\n3\t1\ta.py\x00-\t-\tlogo.png\x002\t0\t\x00old\x00new\x00")
    (3, 5, 1)
    """
    files = added = deleted = 0
    entries = iter(numstat.lstrip(b"\n").split(b"\0"))
    for entry in entries:
        if not entry:
            continue
        plus, minus, path = entry.split(b"\t", 2)
        files += 1
        if plus != b"-":  # binary
            added += int(plus)
            deleted += int(minus)
        if not path:  # renamed: both names follow
            next(entries), next(entries)
    return files, added, deleted


def instant(seconds: str) -> dt.datetime | None:
    """An instant of the years 1970 to 2199, or None."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return None
    value = int(seconds)
    return dt.datetime.fromtimestamp(value, dt.UTC) if value < END_OF_TIME else None


def without_content(note: str) -> str | None:
    """A git-ai note without the conversations that some versions store in it.

    The part above the line `---` names files and lines and stays; of the JSON below it, sessions
    keep what describes them. JSON that cannot be read is left out.
    """
    lines, divider, document = note.strip("\n").rpartition("---\n")
    try:
        data = json.loads(document)
    except (ValueError, RecursionError):
        return lines.strip("\n") or None
    if not isinstance(data, dict):
        return lines.strip("\n") or None
    kept = {key: value for key, value in data.items() if isinstance(value, str | int | float)}
    for group in ("sessions", "prompts"):
        if isinstance(data.get(group), dict):
            kept[group] = {
                name: {key: value for key, value in session.items() if key in NOTE_KEYS}
                for name, session in data[group].items()
                if isinstance(session, dict)
            }
    return lines + divider + json.dumps(kept, ensure_ascii=False)
