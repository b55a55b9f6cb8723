"""Git repositories, read without trusting them.

A repository may come from anywhere, and its own configuration can name programs for git to run.
Every command is made by `Repository._command`, which switches all of those off: hooks, pagers, file
system monitors, external diffs, text conversions, signature programs, and fetching of missing
objects. Names from outside never reach git as options: they are resolved to hashes first.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from pipeline.agents.projects import project_of
from pipeline.errors import IngestError, did_you_mean
from pipeline.ingest.projects import git_environment

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
# What differences between two files are: as `git blame` finds them, whatever is configured.
SIMILAR = "50%"
MOST_BYTES = 16 << 20  # of a file that is compared; a bigger one is taken for binary
BLOCK = 1 << 20  # bytes that are read at once
DIFF_SETTINGS = [
    "core.quotePath=true",
    f"core.bigFileThreshold={MOST_BYTES}",
    f"core.attributesFile={os.devnull}",
]
DIFF_OPTIONS = [
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--ignore-submodules=none",
    "--submodule=short",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--inter-hunk-context=0",
    "-l1000",
    f"-O{os.devnull}",
]
ENVIRONMENT = {
    "GIT_ATTR_NOSYSTEM": "1",
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

    @property
    def folder(self) -> Path:
        """Where git keeps it: the same of a repository and its linked work trees."""
        return self._git_folder

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
        for lines in self._lines(self._command("rev-list", "--stdin"), tips, at_once * HASH_LINE):
            yield b"".join(lines).decode().split()

    def history(self, tip: str) -> list[tuple[str, int, list[str]]]:
        """Hash, committer date and parents of all that can be reached from a commit, parents first.

        The date is in seconds since 1970; 0 where the commit has none.
        """
        order = ("--topo-order", "--reverse", "--parents", "--timestamp", "--stdin")
        found = []
        for lines in self._lines(self._command("rev-list", *order), [tip], BLOCK):
            for line in lines:
                seconds, commit, *parents = line.decode("ascii").split()
                found.append((commit, int(seconds) if seconds.isdecimal() else 0, parents))
        return found

    def main_line(self, tip: str) -> list[str]:
        """The commits that a branch stood at, the oldest first: each one's first parent is before it."""
        return self.run("rev-list", "--first-parent", "--reverse", "--stdin", given=tip).split()

    def head(self, branch: str | None = None) -> str | None:
        """The one commit at which a branch stands; None in a repository without commits.

        What is here counts if it has all that origin has, else what origin has.
        """
        tips = self.tips(branch)
        if len(tips) < 2:
            return tips[0] if tips else None
        here, there = tips
        lacks = self.run("rev-list", "--count", "--stdin", given=f"{there}\n^{here}").strip()
        return here if lacks == "0" else there

    def present(self, commits: Sequence[str]) -> set[str]:
        """Those of some whole hashes that are commits of the repository, on a branch or not."""
        told = self.run("cat-file", "--batch-check", given="".join(f"{commit}\n" for commit in commits))
        return {words[0] for line in told.splitlines() if (words := line.split())[1:2] == ["commit"]}

    def beyond(self, commits: Iterable[str], head: str) -> dict[str, list[str]]:
        """Parents of all that can be reached from some commits and not from `head`."""
        given = "".join(f"{commit}\n" for commit in [*commits, f"^{head}"])
        told = map(str.split, self.run("rev-list", "--parents", "--stdin", given=given).splitlines())
        return {commit: parents for commit, *parents in told}

    def patch_ids(self, pairs: Sequence[str]) -> dict[str, str]:
        """What tells changes apart, whichever commit makes them; of each commit that changes something.

        Args:
            pairs: each a commit, or a commit and an earlier one from which on the change counts.
        """
        if not pairs:
            return {}
        with TemporaryFile() as patches:
            patches.writelines(self.differences("-p", pairs=pairs))
            patches.seek(0)
            command = self._command("patch-id", "--stable")
            done = subprocess.run(command, stdin=patches, capture_output=True, env=_environment())
        if done.returncode:
            raise IngestError(self._explain(done.stderr.decode("utf-8", "replace")))
        return {commit: patch for patch, commit in map(str.split, done.stdout.decode("ascii").splitlines())}

    def differences(self, *options: str, pairs: Sequence[str] = ()) -> Iterator[bytes]:
        """Lines of `git diff-tree --stdin`, or of `git diff` where there are no pairs to read.

        Names are quoted as `core.quotePath` has it, so that none breaks a line. No `.gitattributes` is
        read: a clone without files and one with them are the same history.

        Args:
            options: further ones, of ours.
            pairs: each a commit, or a commit and its parent.
        """
        place = str(self._git_folder)
        alone = [f"--git-dir={place}", f"--work-tree={place}"]
        settings = [word for setting in DIFF_SETTINGS for word in ("-c", setting)]
        what = ["diff-tree", "--stdin", "--always", "--root", "-r", f"-M{SIMILAR}"] if pairs else ["diff"]
        command = [*self._command()[:-2], *alone, *settings, *what, *DIFF_OPTIONS, *options]
        for lines in self._lines(command, pairs, BLOCK):
            yield from lines

    def blob(self, name: str) -> bytes | None:
        """The content of a file; None if it is so big that git calls it binary."""
        if int(self.run("cat-file", "-s", name)) > MOST_BYTES:
            return None
        return b"".join(
            line
            for lines in self._lines(self._command("cat-file", "blob", name), (), BLOCK)
            for line in lines
        )

    def _lines(self, command: list[str], given: Sequence[str], at_once: int) -> Iterator[list[bytes]]:
        """Lines that a command prints, some at a time, while it runs."""
        with TemporaryFile() as asked, TemporaryFile() as complaint:
            asked.writelines(f"{line}\n".encode() for line in given)
            asked.seek(0)
            with subprocess.Popen(
                command, stdin=asked, stdout=subprocess.PIPE, stderr=complaint, env=_environment()
            ) as process:
                assert process.stdout
                while lines := process.stdout.readlines(at_once):
                    yield lines
            if process.returncode:
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
