"""The demo's git repositories, made by `git fast-import` with fixed names, dates and contents."""

import os
import subprocess
from pathlib import Path
from random import Random

from pipeline.demo.company import ORIGIN, REPOSITORIES, Commit, History
from pipeline.errors import IngestError

MAILMAP = "Hana Sato <hana@example.com> <1357911+hanasato@users.noreply.github.com>\n"


def write_repositories(folder: Path, history: History) -> list[Path]:
    """One repository each, with all commits of the history; sets the hash of every commit.

    Raises:
        IngestError: git is not installed, or refused to make a repository.
    """
    paths = []
    for name in REPOSITORIES:
        path = folder / name
        path.mkdir(parents=True)
        _git(path, "init", "-q", "--template=", "--object-format=sha1", "--initial-branch=main")
        _git(path, "config", "remote.origin.url", f"{ORIGIN}{name}.git")
        commits = [commit for commit in history.commits if commit.repository == name]
        marks = path / ".git" / "marks"
        stream = Stream(Random(name), commits)
        _git(
            path,
            "fast-import",
            "--quiet",
            "--depth=0",
            f"--export-marks={marks}",
            input_=stream.data,
        )
        hashes = dict(line.split() for line in marks.read_text(encoding="ascii").splitlines())
        for mark, commit in stream.marks.items():
            commit.sha = hashes[f":{mark}"]
        marks.unlink()
        _git(path, "checkout", "-q", "-f", "main")
        paths.append(path)
    return paths


class Stream:
    """What `git fast-import` reads: each commit changes some lines of a few files.

    A feature's commits go on its own branch, which is merged some days later or at the end.
    """

    def __init__(self, rng: Random, commits: list[Commit]) -> None:
        self.rng = rng
        self.marks: dict[int, Commit] = {}
        self.files: dict[str, list[str]] = {}
        self.parts: list[bytes] = []
        self.main = 0
        self.last = 0
        self.features: dict[str, tuple[Commit, int]] = {}
        for commit in commits:
            for branch, (newest, _) in list(self.features.items()):
                if (commit.at - newest.at).days >= 2:
                    self._merge(branch, commit)
            self._commit(commit)
        for branch in list(self.features):
            self._merge(branch, commits[-1])
        self.data = b"".join(self.parts)

    def _commit(self, commit: Commit) -> None:
        message = commit.subject + (f"\n\n{commit.trailers}" if commit.trailers else "")
        first = not self.marks
        branch = "" if first else commit.branch
        _, parent = self.features.get(branch, (None, self.main))
        self._head(commit, message, branch or "main", parent)
        self.marks[self.last] = commit
        if first:
            self._file(".mailmap", MAILMAP)
        for path, lines in self._changes(commit, branch):
            self._file(path, "".join(lines))
        if branch:
            self.features[branch] = (commit, self.last)
        else:
            self.main = self.last

    def _merge(self, branch: str, before: Commit) -> None:
        newest, tip = self.features.pop(branch)
        self._head(newest, f"Merge branch '{branch}'", "main", self.main, at=before)
        self.parts.append(b"merge :%d\n" % tip)
        for path, lines in self.files.items():
            if path.startswith(f"src/{_slug(branch)}"):
                self._file(path, "".join(lines))
        self.main = self.last

    def _head(self, commit: Commit, message: str, branch: str, parent: int, at: Commit | None = None) -> None:
        self.last += 1
        when = int((at or commit).at.timestamp())
        who = f"{commit.author} <{commit.email}> {when} {commit.utc_offset:+03d}00"
        text = message.encode()
        lines = [
            f"commit refs/heads/{branch}",
            f"mark :{self.last}",
            f"author {who}",
            f"committer {who}",
            f"data {len(text)}",
        ]
        self.parts.append("\n".join(lines).encode() + b"\n" + text + b"\n")
        if parent:
            self.parts.append(b"from :%d\n" % parent)

    def _file(self, path: str, text: str) -> None:
        data = text.encode()
        self.parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))

    def _changes(self, commit: Commit, branch: str) -> list[tuple[str, list[str]]]:
        """Files with their new lines, so that the commit adds and removes what it says."""
        # A branch has files of its own: merging it can then never conflict.
        prefix = f"src/{_slug(branch)}" if branch else "src/module"
        count = min(self.rng.randint(1, 3), commit.lines_added)
        changed: list[tuple[str, list[str]]] = []
        for n in range(count):
            path = f"{prefix}_{self.rng.randint(1, 40) if not branch else n}.py"
            if path in dict(changed):
                continue
            lines = self.files.setdefault(path, [])
            removed = min(commit.lines_removed // count, len(lines) // 2)
            at = self.rng.randint(0, len(lines) - removed)
            added = commit.lines_added // count + (commit.lines_added % count if n == 0 else 0)
            new = [f"step_{self.last}_{n}_{line} = {line}\n" for line in range(added)]
            lines[at : at + removed] = new
            changed.append((path, lines))
        return changed


def _slug(branch: str) -> str:
    return branch.replace("/", "_").replace("-", "_")


def _git(path: Path, *arguments: str, input_: bytes = b"") -> None:
    """Run git on `path` alone: no settings, hooks or identity of the person who runs it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    try:
        subprocess.run(
            ["git", "-C", str(path), *arguments],
            input=input_,
            env=environment,
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        message = "The demo needs git, which is not on the PATH. Install git and try again."
        raise IngestError(message) from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise IngestError(
            f"git {arguments[0]} failed in {path}: {said[-1] if said else 'no reason given'}."
        ) from None
