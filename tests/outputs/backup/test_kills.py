"""A backup or restore that is killed leaves what was there, and nothing that the next one does not remove."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.engines import connect
from pipeline.outputs.backup import back_up, restore

pytestmark = pytest.mark.slow

# One module's function kills the process in its place.
KILLED = """
import os, sys
from pipeline.engines import connect
from pipeline.outputs import backup
from pipeline.outputs.backup import archive, file_copy

action, url, file, where, signal = sys.argv[1:]
place, _, name = where.rpartition(".")
setattr(eval(place), name, lambda *_: os.kill(os.getpid(), int(signal)))
with connect(url, read_only=action == "back_up") as engine:
    getattr(backup, action)(engine, backup.Path(file), **{"replace": True} if action == "restore" else {})
"""


def killed(action, url, file, where):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, action, url, str(file), where, str(int(signal.SIGKILL))]
    )
    assert done.returncode == -signal.SIGKILL


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "a.duckdb"
    with connect(str(path)) as engine:
        engine.execute("CREATE TABLE t AS SELECT range AS i FROM range(1000)")
    return path


def rows(path):
    with connect(str(path), read_only=True) as engine:
        return engine.fetch("SELECT count(*), sum(i) FROM t")[0]


@pytest.mark.parametrize(
    "where", ["file_copy._tables", "file_copy._read", "archive.Writer._manifest", "Path.replace"]
)
def test_a_killed_backup_leaves_the_one_before(tmp_path, database, where):
    file = tmp_path / "b.zip"
    with connect(str(database), read_only=True) as engine:
        back_up(engine, file)
    before = file.read_bytes()
    killed("back_up", str(database), file, where.replace("Path", "backup.Path"))
    assert file.read_bytes() == before
    with connect(str(database), read_only=True) as engine:
        back_up(engine, file)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.duckdb", "b.zip"]


@pytest.mark.parametrize("where", ["file_copy._compare", "Path.replace"])
def test_a_killed_restore_leaves_the_database_as_it_was(tmp_path, database, where):
    file, other = tmp_path / "b.zip", tmp_path / "other.duckdb"
    with connect(str(database), read_only=True) as engine:
        back_up(engine, file)
    shutil.copy(database, other)
    with connect(str(other)) as engine:
        engine.execute("INSERT INTO t VALUES (-1)")
    killed("restore", str(other), file, where.replace("Path", "backup.Path"))
    assert rows(other) == (1001, 499499)
    with connect(str(other)) as engine:
        restore(engine, file, replace=True)
    assert rows(other) == (1000, 499500)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.duckdb", "b.zip", "other.duckdb"]
    assert not Path(f"{other}.wal").exists()
