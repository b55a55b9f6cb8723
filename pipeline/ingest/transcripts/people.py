"""Whose session it was, where nobody says: git's user.email in its folder, else the user."""

import getpass
import os
import subprocess
from pathlib import Path


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
    """What git calls user.email there; asking runs nothing that the folder names."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }
    command = ["git", "-C", folder, "config", "--get", "user.email"]
    try:
        done = subprocess.run(
            command, capture_output=True, env=environment, stdin=subprocess.DEVNULL, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip().lower() or None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user id without a name
        return None
