"""What a project is called: as its repository is, so that sessions and commits of it meet."""

import os
import re
import subprocess
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

HOMES = re.compile(r"(?i)([a-z]:)?[\\/](home|users)[\\/][^\\/]+[\\/]?|/root/?")
# The program through which git talks, before the address: https://git-scm.com/docs/gitremote-helpers
HELPERS = re.compile(r"^([A-Za-z0-9+.-]+::)+")


def project_at(cwd: str | None) -> str | None:
    """The project of a folder: its repository, `owner/name` of `origin`, else the folder's name.

    Args:
        cwd: the folder, as a transcript names it; it may be gone, or of another computer.

    Returns:
        None for no folder, and for somebody's home: it is called as the person is.
    """
    if not cwd or HOMES.fullmatch(cwd):
        return None
    try:
        if not Path(cwd).is_absolute() or not Path(cwd).is_dir():
            return _name_of(cwd)
        if Path(cwd).resolve() == Path.home().resolve():
            return None
    except (OSError, ValueError, RuntimeError):  # no name that the system can look at; no home
        return _name_of(cwd)
    if address := asked_of_git(cwd, "config", "--get", "remote.origin.url"):
        return project_of(address)
    folder = asked_of_git(cwd, "rev-parse", "--path-format=absolute", "--git-common-dir")
    repository = Path(folder).parent if folder and Path(folder).name == ".git" else None  # of a work tree too
    if repository and repository.resolve() != Path.home().resolve():
        return repository.name or None
    return _name_of(cwd)


def _name_of(cwd: str) -> str | None:
    path = PureWindowsPath(cwd) if "\\" in cwd else PurePosixPath(cwd)
    return path.name or None


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


def project_of(address: str) -> str:
    """`owner/name` of a remote's address; never its user, password or query.

    >>> project_of("https://me:secret@github.com/octo/app.git?token=x")
    'octo/app'
    >>> project_of("git@gitlab.com:group/sub/app.git")
    'group/sub/app'
    >>> project_of("/srv/git/app.git")
    'app'
    """
    try:
        path = _path_of(HELPERS.sub("", address))
    except ValueError:  # no address that anybody could reach
        return "unknown"
    return path.strip("/").removesuffix(".git") or "unknown"


def _path_of(address: str) -> str:
    short = re.fullmatch(r"(?:[^/@]+@)?([^/:]{2,}):(?!//)(.+)", address)  # host:path; C: is a drive
    if short and short[1].lower() != "file":
        return _public(short[2])
    if "://" in address and not address.lower().startswith("file:"):
        return _public(urlsplit(address).path)
    return PurePosixPath(address.replace("\\", "/").rstrip("/").removesuffix("/.git")).name


def _public(path: str) -> str:
    """A path without what may belong to a password with a slash in it, or to a query."""
    return re.split("[?#]", path)[0].rpartition("@")[2]
