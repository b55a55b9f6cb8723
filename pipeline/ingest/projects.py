"""What a project is called: as its repository is, so that sessions and commits of it meet."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from pipeline.agents.projects import project_of

HOMES = re.compile(r"(?i)([a-z]:)?[\\/](home|users)[\\/][^\\/]+[\\/]?|/root/?")


def project_at(cwd: str | None, roots: Sequence[str] = ()) -> str | None:
    """The project of a folder: its repository, `owner/name` of `origin`, else a folder's name.

    That of the repository without a remote, else of the folder directly below a root, else its own.

    Args:
        cwd: the folder, as a transcript names it; it may be gone, or of another computer.
        roots: folders that hold a folder for each project; of two that hold `cwd` the deeper one counts.

    Returns:
        None for no folder, and for somebody's home: it is called as the person is.
    """
    if not cwd or HOMES.fullmatch(cwd):
        return None
    try:
        if not Path(cwd).is_absolute() or not Path(cwd).is_dir():
            return _name_of(cwd, roots)
        if Path(cwd).resolve() == Path.home().resolve():
            return None
    except (OSError, ValueError, RuntimeError):  # no name that the system can look at; no home
        return _name_of(cwd, roots)
    if address := asked_of_git(cwd, "config", "--get", "remote.origin.url"):
        return project_of(address)
    folder = asked_of_git(cwd, "rev-parse", "--path-format=absolute", "--git-common-dir")
    repository = Path(folder).parent if folder and Path(folder).name == ".git" else None  # of a work tree too
    if repository and repository.resolve() != Path.home().resolve():
        return repository.name or None
    return _name_of(cwd, roots)


def _name_of(cwd: str, roots: Sequence[str]) -> str | None:
    folder = _path(cwd)
    above = [root for root in map(_path, roots) if root in folder.parents]
    if above:
        deepest = max(above, key=lambda root: len(root.parts))
        return folder.relative_to(deepest).parts[0]
    return folder.name or None


def _path(folder: str) -> PurePath:
    return PureWindowsPath(folder) if "\\" in folder else PurePosixPath(folder)


def git_environment() -> dict[str, str]:
    """Ours, without what points git elsewhere: a hook that calls us sets GIT_DIR and more."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }


def asked_of_git(folder: str, *words: str) -> str | None:
    """What git answers in a folder, of its configuration or its place; asking runs nothing that it names."""
    command = ["git", "-C", folder, *words]
    try:
        done = subprocess.run(
            command, capture_output=True, env=git_environment(), stdin=subprocess.DEVNULL, timeout=10
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None
