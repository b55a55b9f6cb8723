"""Whose session it was, where nobody says: git's user.email in its folder, else the user."""

import getpass
from pathlib import Path

from pipeline.ingest.projects import asked_of_git


def developer_at(cwd: str | None) -> str | None:
    """The developer who works in a folder.

    Args:
        cwd: the session's folder, as the transcript names it; where it is gone or unknown, what
            git is told for all folders of this user counts.
    """
    if cwd and Path(cwd).is_absolute():
        try:
            if Path(cwd).is_dir():
                return _email_in(cwd) or _user()
        except (OSError, ValueError):
            pass
    return _email_in(str(Path.home())) or _user()


def _email_in(folder: str) -> str | None:
    """What git calls user.email there."""
    answer = asked_of_git(folder, "config", "--get", "user.email")
    return answer.lower() if answer else None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user id without a name
        return None
