"""Whose session it was, where nobody says: git's user.email in its folder, else the user."""

import getpass
from pathlib import Path

from pipeline.ingest.projects import asked_of_git


def asked_in(cwd: str | None) -> str:
    """The folder in which git is asked for the developer who works in another.

    Args:
        cwd: the session's folder, as the transcript names it; where it is gone or unknown, what
            git is told for all folders of this user counts.
    """
    if cwd and Path(cwd).is_absolute():
        try:
            if Path(cwd).is_dir():
                return cwd
        except (OSError, ValueError):
            pass
    return str(Path.home())


def developer_in(folder: str) -> str | None:
    """The developer who works in a folder."""
    return _email_in(folder) or _user()


def _email_in(folder: str) -> str | None:
    """What git calls user.email there."""
    answer = asked_of_git(folder, "config", "--get", "user.email")
    return answer.lower() if answer else None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user id without a name
        return None
