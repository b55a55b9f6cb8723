"""Temporary folders: each goes with its process, or with the next one."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipeline.system.temporary import temporary_folder

HOLD = """
import sys
from pipeline.system.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "rows").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Where temporary files go."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def hold():
    """A process that has such a folder, and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, Path(process.stdout.readline().strip())


def test_a_folder_is_there_until_it_is_left(place):
    with temporary_folder() as folder:
        (folder / "rows").write_text("x")
        assert [*place.iterdir()] == [folder]
        assert folder.name.startswith(f"aa-pipeline-{os.getpid()}-")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert [*place.iterdir()] == []


def test_what_a_killed_process_left_goes_with_the_next_and_what_one_uses_stays(place):
    killed, left = hold()
    with killed:
        killed.kill()
    user, used = hold()
    with user, temporary_folder():
        assert not left.exists()
        assert (used / "rows").read_text() == "x"
        user.communicate()
    assert [*place.iterdir()] == []


def test_nothing_else_is_removed(place):
    """Neither what others made, nor what a link leads to, nor what only begins like ours."""
    precious = place / "precious"
    precious.mkdir()
    (precious / "rows").write_text("x")
    (place / "aa-pipeline-1-link").symlink_to(precious)
    (place / "aa-pipeline-1-file").write_text("x")
    (place / "aa-pipeline-log4j").mkdir()
    before = sorted(place.iterdir())
    with temporary_folder() as folder:
        assert sorted([*before, folder]) == sorted(place.iterdir())
    assert sorted(place.iterdir()) == before
    assert (precious / "rows").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of other users")
def test_what_another_user_made_stays(place):
    folder = place / "aa-pipeline-1-abc"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with temporary_folder():
        pass
    assert [*place.iterdir()] == [folder]
