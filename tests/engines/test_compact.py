"""Free space of a DuckDB file goes back, whoever reads, writes or is killed meanwhile."""

import os
import shutil
import subprocess
import sys

import duckdb
import pytest

from pipeline.engines import connect
from pipeline.engines import duckdb as module
from tests.cli.database import query

SECRET = "what-nobody-should-find-any-more"

FILL = f"""
CREATE SCHEMA raw;
CREATE TABLE raw.logs (id BIGINT, attributes JSON USING COMPRESSION zstd);
INSERT INTO raw.logs
SELECT range, json_object('n', range, 'text', '{SECRET}' || hash(range)) FROM range(200_000);
COMMENT ON TABLE raw.logs IS 'what an agent''s exporter said';
COMMENT ON COLUMN raw.logs.id IS 'in order of arrival';
CREATE VIEW theirs AS SELECT id FROM a.raw.logs;
CREATE INDEX by_id ON raw.logs (id);
CHECKPOINT;
"""
CATALOGUE = """
SELECT schema_name, table_name, comment, sql FROM duckdb_tables()
UNION ALL SELECT schema_name, view_name, comment, sql FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT schema_name, index_name, comment, sql FROM duckdb_indexes()
UNION ALL SELECT table_name, column_name, comment, data_type FROM duckdb_columns() WHERE NOT internal
ORDER BY ALL
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.duckdb"


@pytest.fixture
def half_empty(path):
    """A file most of whose rows are gone."""
    query(FILL, path)
    query("DELETE FROM raw.logs WHERE id >= 1000", path)
    return path


def compact(path, **options):
    with connect(f"duckdb://{path}") as engine:
        return engine.compact(**options)


def test_a_file_is_rewritten_with_all_that_is_in_it_and_nothing_else(half_empty):
    with duckdb.connect(half_empty, read_only=True) as connection:
        before = connection.execute(CATALOGUE).fetchall()
    size, mode = half_empty.stat().st_size, 0o640
    half_empty.chmod(mode)
    assert compact(half_empty, always=True) is None
    assert half_empty.stat().st_size < size / 2
    assert half_empty.stat().st_mode & 0o777 == mode
    with duckdb.connect(half_empty, read_only=True) as connection:
        assert connection.execute(CATALOGUE).fetchall() == before
        rows = connection.execute("SELECT id, attributes ->> 'n' FROM raw.logs").fetchall()
        assert rows == [(number, str(number)) for number in range(1000)]  # in their order
        assert connection.execute("SELECT count(*) FROM theirs").fetchone() == (1000,)
    assert sorted(file.name for file in half_empty.parent.iterdir()) == ["a.duckdb"]


def test_no_byte_of_what_was_removed_is_left(path):
    query(FILL, path)
    query("DELETE FROM raw.logs WHERE id > 0", path)
    compact(path, always=True)
    query("UPDATE raw.logs SET attributes = '{}'", path)
    compact(path, always=True)
    assert SECRET.encode() not in path.read_bytes()


def test_a_file_with_little_to_free_stays(path):
    query(FILL, path)
    before = path.stat().st_ino
    assert compact(path) is None
    assert path.stat().st_ino == before
    query("DROP TABLE raw.logs CASCADE; CHECKPOINT", path)
    assert compact(path) is None
    assert path.stat().st_ino != before


def test_a_file_of_an_older_format_can_be_opened_by_whoever_could_open_it_before(path):
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS a (STORAGE_VERSION 'v1.0.0')")
        connection.execute("CREATE TABLE a.t AS SELECT 1 AS i")
    version = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'a'"
    before = query(version, path)
    compact(path, always=True)
    assert query(version, path) == before
    assert query("FROM t", path) == [(1,)]


def test_who_reads_reads_on(half_empty):
    reading = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys\n"
            "with duckdb.connect(sys.argv[1], read_only=True) as c:\n"
            "    print('open', flush=True); sys.stdin.readline()\n"
            "    print(c.execute('SELECT count(attributes) FROM raw.logs').fetchone()[0])",
            str(half_empty),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reading.stdout.readline() == "open\n"
    with connect(f"duckdb://{half_empty}", read_only=True) as engine:
        assert module.rewrite(engine, 30_720, 0) is None
    assert reading.communicate("\n")[0] == "1000\n"
    assert query("SELECT count(*) FROM raw.logs", half_empty) == [(1000,)]


def test_what_a_killed_process_left_is_removed_though_there_is_little_to_free(path):
    query(FILL, path)
    left = [path.with_name(f"a.duckdb.compacting{end}") for end in ("", ".wal")]
    for file in left:
        file.write_bytes(b"half of it")
    assert compact(path) is None
    assert [file.exists() for file in left] == [False, False]


def test_what_a_killed_process_left_of_its_copy_is_removed(half_empty):
    left = half_empty.with_name("a.duckdb.compacting")
    left.write_text("half of it")
    assert compact(half_empty, always=True) is None
    assert not left.exists()


def test_a_full_disk_and_another_who_is_at_it_leave_the_file_as_it_is(half_empty, monkeypatch):
    import fcntl

    content = half_empty.stat().st_ino
    folder = os.open(half_empty.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    assert compact(half_empty, always=True) == "another process rewrites a file of the same folder"
    os.close(folder)
    full = shutil.disk_usage(half_empty.parent)._replace(free=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    assert "less room" in compact(half_empty, always=True)
    assert half_empty.stat().st_ino == content
    assert query("SELECT count(*) FROM raw.logs", half_empty) == [(1000,)]


def test_who_has_opened_the_old_file_opens_the_new_one(half_empty, monkeypatch):
    """A process that looks for the file just before another one replaces it writes into the new one."""
    new = half_empty.with_name("new.duckdb")
    shutil.copy(half_empty, new)
    connect_to = module._connect

    def slowly(*args):
        connection = connect_to(*args)
        if new.exists():
            new.replace(half_empty)
        return connection

    monkeypatch.setattr(module, "_connect", slowly)
    with connect(f"duckdb://{half_empty}") as engine:
        engine.execute("INSERT INTO raw.logs VALUES (-1, NULL)")
    assert query("SELECT count(*) FROM raw.logs WHERE id = -1", half_empty) == [(1,)]


WRITE = """
import sys
from pipeline.engines import connect
for number in range(40):
    with connect(sys.argv[1], wait=60) as engine:
        engine.execute("INSERT INTO raw.logs VALUES (?, NULL)", [1_000_000 + number])
"""


@pytest.mark.slow
def test_nothing_is_lost_that_others_write_meanwhile(half_empty):
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, str(half_empty)]) for _ in range(2)]
    rewritten = 0
    while any(writer.poll() is None for writer in writers):
        with connect(f"duckdb://{half_empty}", wait=60) as engine:
            engine.wait = 60
            rewritten += engine.compact(always=True) is None
    assert [writer.wait() for writer in writers] == [0, 0]
    assert rewritten > 1
    assert query("SELECT count(*) FROM raw.logs WHERE id >= 1_000_000", half_empty) == [(80,)]
