"""Git repositories, read without trusting them.

A repository may come from anywhere, and its own configuration can name programs for git to run.
Every command is made by `Repository._command`, which switches all of those off: hooks, pagers, file
system monitors, external diffs, text conversions, signature programs, and fetching of missing
objects. Names from outside never reach git as options: they are resolved to hashes first.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from pipeline.errors import IngestError, did_you_mean
from pipeline.ingest.projects import git_environment, project_of

NOTES = "refs/notes/ai"
BRANCHES = ("refs/heads", "refs/remotes")
HASH_LINE = 41  # bytes of a line with a hash; with SHA-256 there are more

# What a repository's configuration must not decide.
OVERRIDES = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "log.showSignature": "false",  # would run the program that gpg.program names
    "i18n.logOutputEncoding": "UTF-8",
    "diff.renames": "true",
}
LOG_OPTIONS = [
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-decorate",
    "--no-diff-merges",
    "--no-relative",
    "--ignore-submodules=none",
    "--submodule=short",
    "--diff-algorithm=myers",
    f"-O{os.devnull}",  # instead of a file named by diff.orderFile
    "--root",
    "--numstat",
    "-z",
]
ENVIRONMENT = {
    "GIT_FLUSH": "0",  # blocks instead of a write for every commit
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch, by commands it names itself
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class Repository:
    """One repository: a folder with a work tree, a linked work tree, or a bare repository.

    Attributes:
        path: where it is.
        project_id: `owner/name` from the address of its remote `origin`, else the folder's name.

    Raises:
        IngestError: there is no repository at the path, or git refuses to read it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise IngestError(f"There is nothing at {path}. Name the folder of a git repository.")
        if not path.is_dir():
            raise IngestError(f"{path} is no git repository: it is not a folder.")
        answer = self.run(
            "rev-parse",
            "--path-format=absolute",
            "--git-common-dir",
            "--is-bare-repository",
            "--is-shallow-repository",
        )
        folder, bare, shallow = answer.rstrip("\n").rsplit("\n", 2)
        self._git_folder = Path(folder)
        self._bare = bare == "true"
        self._shallow = shallow == "true"
        self._has_notes = bool(self._resolve(NOTES))
        self.project_id = self._project_id()

    def run(self, *arguments: str, given: str = "", allowed: tuple[int, ...] = (0,)) -> str:
        """What a git command prints that reads `given`; bytes that are no UTF-8 are replaced.

        Raises:
            IngestError: git is missing, or ended with a code that is not allowed.
        """
        try:
            done = subprocess.run(
                self._command(*arguments),
                input=given.encode(),
                capture_output=True,
                env=_environment(),
            )
        except FileNotFoundError:
            raise IngestError("git is not installed, or not on the PATH. Install it.") from None
        if done.returncode not in allowed:
            raise IngestError(self._explain(done.stderr.decode("utf-8", "replace")))
        return done.stdout.decode("utf-8", "replace")

    def tips(self, branch: str | None = None, *, all_branches: bool = False) -> list[str]:
        """Hashes of the commits to start from; empty in a repository without commits.

        Args:
            branch: a branch, here or at origin, or any other name of a commit. None means the
                default branch: the one origin calls so, else init.defaultBranch, main or master,
                else what is checked out. What is here and what origin has are taken together.
            all_branches: every branch, here and at every remote.

        Raises:
            IngestError: there is no such branch.
        """
        known = self.run("for-each-ref", "--format=%(objectname) %(refname)", *BRANCHES).split("\n")
        branches = {name: commit for commit, _, name in (line.partition(" ") for line in known if line)}
        if all_branches:
            return sorted({*branches.values(), *self._resolve("HEAD")})
        name = branch or self._default_branch(branches)
        found = [branches.get(f"{place}/{name}") for place in ("refs/heads", "refs/remotes/origin")]
        tips = [commit for commit in found if commit] or self._resolve(name)
        if not tips and (branch or branches):
            names = [ref.split("/", 2)[2] for ref in branches]
            raise IngestError(
                f"{self.path} has no branch {name!r}.{did_you_mean(name, names)}"
                " Name another one with --branch, or read --all-branches."
            )
        return tips

    def commits(self, tips: list[str], at_once: int) -> Iterator[list[str]]:
        """Hashes of all commits that can be reached, the newest first, while git finds them.

        Args:
            tips: the commits to start from.
            at_once: about how many are given at a time.

        Raises:
            IngestError: some of them cannot be read.
        """
        if not tips:
            return
        command = self._command("rev-list", "--stdin")
        with TemporaryFile() as given, TemporaryFile() as complaint:
            given.write("\n".join(tips).encode())
            given.seek(0)
            with subprocess.Popen(
                command, stdin=given, stdout=subprocess.PIPE, stderr=complaint, env=_environment()
            ) as walk:
                assert walk.stdout
                while lines := walk.stdout.readlines(at_once * HASH_LINE):
                    yield b"".join(lines).decode().split()
            if walk.returncode:
                complaint.seek(0)
                raise IngestError(self._explain(complaint.read().decode("utf-8", "replace")))

    def edge(self) -> set[str]:
        """Commits of a shallow clone whose parents are missing: git sees them as roots."""
        if not self._shallow:
            return set()
        return set((self._git_folder / "shallow").read_text("ascii").split())

    def log(self, commits: Sequence[str], layout: str) -> str:
        """`git log --numstat -z` of exactly these commits, in this order.

        Args:
            commits: their hashes.
            layout: what to print of each commit before its changes, as `--format` of git has it;
                `%N` stands for its git-ai note.
        """
        notes = ["--no-notes", f"--notes={NOTES}"]
        if not self._has_notes:
            notes = ["--no-notes"]
            layout = layout.replace("%N", "")  # git would leave it as it is
        walk = ["--no-walk=unsorted", "--stdin", f"--format=tformat:{layout}"]
        return self.run("log", *walk, *notes, *LOG_OPTIONS, given="\n".join(commits))

    def _default_branch(self, branches: dict[str, str]) -> str:
        head = self.run("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD", allowed=(0, 1)).strip()
        if head in branches:
            return head.removeprefix("refs/remotes/origin/")
        if not self._bare:  # a bare repository's HEAD is its default branch
            configured = self.run("config", "--get", "init.defaultBranch", allowed=(0, 1)).strip()
            for name in (configured, "main", "master"):
                if f"refs/heads/{name}" in branches:
                    return name
        return "HEAD"

    def _resolve(self, name: str) -> list[str]:
        """The commit of that name, or none."""
        asked = ("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        found = self.run("rev-parse", *asked, allowed=(0, 1, 128)).strip()
        return [found] if re.fullmatch("[0-9a-f]+", found) else []  # a range prints more than one

    def _project_id(self) -> str:
        address = self.run("config", "--get", "remote.origin.url", allowed=(0, 1)).strip()
        if address:
            return project_of(address)
        if self._bare:
            return self._git_folder.name.removesuffix(".git")
        if self._git_folder.name == ".git":  # of a linked work tree too
            return self._git_folder.parent.name
        return self.path.resolve().name

    def _command(self, *arguments: str) -> list[str]:
        overrides = [word for key, value in OVERRIDES.items() for word in ("-c", f"{key}={value}")]
        return [
            "git",
            "--no-pager",
            "--no-replace-objects",  # a hash stands for its own content
            *overrides,
            "-C",
            str(self.path),
            *arguments,
        ]

    def _explain(self, complaint: str) -> str:
        """A paragraph for what git printed when it failed."""
        if "dubious ownership" in complaint:
            return (
                f"{self.path} belongs to another user, and git does not read it for that reason."
                f" If you trust it: git config --global --add safe.directory {self.path.resolve()}"
            )
        if "not a git repository" in complaint:
            return (
                f"{self.path} is no git repository, and lies in none."
                " Name the folder that holds .git, or a bare repository."
            )
        if re.search("lazy fetch|promisor|transport .* not allowed", complaint):
            return (
                f"{self.path} is a partial clone: some of its objects are missing, and what the"
                " commits changed cannot be counted without them. Clone it without --filter."
            )
        words = " ".join(complaint.split())[:300] or "it gave no reason"
        return f"git cannot read {self.path}: {words}"


def _environment() -> dict[str, str]:
    return git_environment() | ENVIRONMENT
