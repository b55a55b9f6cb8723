"""Backups of DuckDB files: what is restored is what was there, and builds go on from it."""

import datetime as dt
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from pipeline import run
from pipeline.engines import connect, meta
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import DatabaseLockedError, PipelineError, RunError, SetupError, TargetError
from pipeline.ingest.landing.landing import Landing
from pipeline.outputs.backup import back_up, file_copy, restore
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ROWS = [
    (1, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "Ünï\n\t\\N", 0.1, '{"a": 1}'),
    (2, None, None, float("inf"), None),
]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A database with a build, an ingest and tables of somebody else."""
    path = tmp_path_factory.mktemp("original") / "a.duckdb"
    with connect(str(path)) as engine:
        engine.execute("CREATE SCHEMA raw; CREATE SCHEMA other")
        engine.execute(
            "CREATE TABLE raw.sales AS SELECT 1::BIGINT AS id, now() AS timestamp, 'tea' AS product,"
            " 2.5 AS amount, '{}'::JSON AS attributes;"
            "CREATE TABLE other.strange (id BIGINT, moment TIMESTAMPTZ, t VARCHAR, f DOUBLE, j JSON);"
            "CREATE TABLE raw.visits AS SELECT range AS id, now() AS timestamp FROM range(100_000);"
            "CREATE TABLE other.t AS SELECT 1 AS aa, {'b': [1.5]} AS c"
        )
        engine.connection.executemany("INSERT INTO other.strange VALUES (?, ?, ?, ?, ?)", ROWS)
        assert build(engine).status == "success"
        with Landing(engine, "otlp", ["a.jsonl"]) as landing:
            landing.quarantine("a.jsonl", 1, "no JSON")
    return path


@pytest.fixture
def path(original, tmp_path):
    return Path(shutil.copy(original, tmp_path))


def build(engine):
    return run.build(engine, compile_shop(shapes=engine.shapes("raw")), as_of=NOW)


def backed_up(path, file):
    with connect(str(path), read_only=True) as engine:
        return back_up(engine, file)


def restored(path, file, **options):
    with connect(str(path)) as engine:
        return restore(engine, file, **options)


def everything(path):
    """All rows of all tables and views."""
    with connect(str(path), read_only=True) as engine:
        return {
            key: sorted(map(repr, engine.fetch(f"SELECT * FROM {engine.name(*key)}")))
            for key in engine.kinds()
        }


def test_what_is_restored_is_what_was_there(path, tmp_path):
    before = everything(path)
    made = backed_up(path, tmp_path / "b.zip")
    assert restored(tmp_path / "new.duckdb", tmp_path / "b.zip") == made
    assert everything(tmp_path / "new.duckdb") == before == everything(path)
    views = {("staging", "stg_recent_visits")}
    assert {(table.schema, table.name): table.rows for table in made} == {
        key: len(rows) for key, rows in before.items() if key not in views
    }
    assert before["other", "t"] == ["(1, {'b': [Decimal('1.5')]})"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.duckdb", "b.zip", "new.duckdb"]


def test_builds_go_on_where_they_were(path, tmp_path):
    backed_up(path, tmp_path / "b.zip")
    restored(tmp_path / "new.duckdb", tmp_path / "b.zip")
    with connect(str(tmp_path / "new.duckdb")) as engine:
        assert {table.action for table in build(engine).tables} == {"read", "skipped"}
        engine.execute("INSERT INTO raw.visits VALUES (100_000, '2025-12-31')")
        reasons = {table.name: table.reason for table in build(engine).tables}
        assert reasons["raw_visits"] == "1 new row"
        numbers = engine.fetch("SELECT run_number FROM meta.runs ORDER BY 1")
        assert numbers == [(1,), (2,), (3,)]


def test_what_a_killed_process_left_in_the_log_is_in_the_backup(path, tmp_path):
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        ' c.execute("PRAGMA disable_checkpoint_on_shutdown");'
        " c.execute('INSERT INTO other.t VALUES (2, NULL)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert Path(f"{path}.wal").exists()
    backed_up(path, tmp_path / "b.zip")
    assert Path(f"{path}.wal").exists()
    restored(tmp_path / "new.duckdb", tmp_path / "b.zip")
    with connect(str(tmp_path / "new.duckdb")) as engine:
        assert engine.fetch("SELECT aa FROM other.t ORDER BY 1") == [(1,), (2,)]


def test_a_running_ingest_is_waited_for_and_is_in_it_whole_or_not_at_all(path, tmp_path):
    """Another process holds the file in the middle of an ingest."""
    code = """
import sys
from pipeline.engines import connect
with connect(sys.argv[1]) as engine, engine.transaction():
    engine.execute("INSERT INTO other.t VALUES (2, NULL)")
    print("half", flush=True)
    sys.stdin.readline()
    engine.execute("INSERT INTO other.t VALUES (3, NULL)")
"""
    program = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ingest:
        ingest.stdout.readline()
        with pytest.raises(DatabaseLockedError):
            connect(str(path), read_only=True, wait=0)
        ingest.stdin.write(b"\n")
        ingest.stdin.close()
        with connect(str(path), read_only=True, wait=60) as engine:
            back_up(engine, tmp_path / "b.zip")
    restored(tmp_path / "new.duckdb", tmp_path / "b.zip")
    with connect(str(tmp_path / "new.duckdb")) as engine:
        assert engine.fetch("SELECT aa FROM other.t ORDER BY 1") == [(1,), (2,), (3,)]


def test_a_database_that_holds_something_is_replaced_only_if_that_is_said(path, tmp_path):
    backed_up(path, tmp_path / "b.zip")
    new = tmp_path / "new.duckdb"
    with connect(str(new)) as engine:
        make_missing_raw_tables(engine)
    before = new.read_bytes()
    with pytest.raises(TargetError, match=r"new\.duckdb is not empty: it holds raw.billing and 9 more"):
        restored(new, tmp_path / "b.zip")
    assert new.read_bytes() == before
    restored(new, tmp_path / "b.zip", replace=True)
    assert everything(new) == everything(path)


def test_an_older_backup_is_replaced_and_nothing_else_is(path, tmp_path):
    file = tmp_path / "b.zip"
    backed_up(path, file)
    with connect(str(path)) as engine:
        engine.execute("INSERT INTO other.t VALUES (2, NULL)")
    assert [table.rows for table in backed_up(path, file) if table.name == "t"] == [2]
    for content in (b"", b"my own", _zip({"a.txt": b"my own"}), path.read_bytes()):
        file.write_bytes(content)
        with pytest.raises(
            SetupError, match=r"b\.zip is no backup that aa-pipeline made, or not a whole one"
        ):
            backed_up(path, file)
        assert file.read_bytes() == content


def _zip(entries):
    with io.BytesIO() as written:
        with zipfile.ZipFile(written, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return written.getvalue()


def damaged(file, **changes):
    """A backup with another manifest."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries["manifest.json"])
    for name, change in changes.items():
        manifest[name] = change(manifest[name])
    file.write_bytes(_zip(entries | {"manifest.json": json.dumps(manifest)}))


def one_row_more(tables):
    return [table | {"rows": table["rows"] + 1} for table in tables]


def another_checksum(tables):
    return [table | {"checksum": "1"} for table in tables]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": lambda _: "x"}, "is no backup that aa-pipeline made"),
        ({"format_version": lambda _: 2}, "is a backup of a newer release"),
        ({"meta_version": lambda _: meta.VERSION + 1}, "is of a newer release of aa-pipeline"),
        ({"engine": lambda _: "postgres"}, "is a backup of postgres, and duckdb://"),
        ({"tables": lambda _: "x"}, "is no backup that aa-pipeline made"),
        ({"tables": lambda _: []}, "is corrupted: mart.dim_products had no rows, and has"),
        ({"tables": one_row_more}, "is corrupted: mart.dim_products had 3 rows, and has 2"),
        ({"tables": another_checksum}, "is corrupted: mart.dim_products had checksum 1, and has"),
        ({"files": lambda _: {}}, "is corrupted: its database.duckdb is not what was written into it"),
    ],
)
def test_a_backup_that_is_not_what_it_says_restores_nothing(path, tmp_path, change, says):
    file = tmp_path / "b.zip"
    backed_up(path, file)
    damaged(file, **change)
    before = everything(path)
    with pytest.raises(PipelineError, match=says):
        restored(path, file, replace=True)
    assert everything(path) == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.duckdb", "b.zip"]


def test_every_damage_to_a_file_is_noticed(path, tmp_path):
    file = tmp_path / "b.zip"
    backed_up(path, file)
    whole, before = file.read_bytes(), everything(path)
    middle = len(whole) // 2
    flipped = bytes([whole[middle] ^ 1])
    for content in (whole[:middle], whole[:-1], whole[:middle] + flipped + whole[middle + 1 :], b""):
        file.write_bytes(content)
        with pytest.raises(
            SetupError, match=r"is corrupted|is no backup that aa-pipeline made, or not a whole one"
        ):
            restored(path, file, replace=True)
        assert everything(path) == before


def test_only_its_owner_reads_a_backup_and_what_is_replaced_keeps_its_permissions(path, tmp_path):
    def mode(file):
        return oct(file.stat().st_mode & 0o777)

    file = tmp_path / "b.zip"
    backed_up(path, file)
    assert mode(file) == "0o600"
    file.chmod(0o640)
    backed_up(path, file)
    assert mode(file) == "0o640"
    path.chmod(0o664)
    restored(path, file, replace=True)
    assert mode(path) == "0o664"


def test_beside_a_backup_through_a_link_nothing_changes(path, tmp_path):
    """A file beside it may have the name that the copy has for a while."""
    (tmp_path / "place").mkdir()
    (tmp_path / "link.zip").symlink_to(tmp_path / "place" / "b.zip")
    for folder in (tmp_path, tmp_path / "place"):
        (folder / "database.duckdb").write_text("my own")
    for _ in range(2):  # the link leads nowhere, and to a backup
        backed_up(path, tmp_path / "link.zip")
        assert (tmp_path / "link.zip").is_symlink()
    restored(tmp_path / "new.duckdb", tmp_path / "place" / "b.zip")
    assert everything(tmp_path / "new.duckdb") == everything(path)
    for folder in (tmp_path, tmp_path / "place"):
        assert (folder / "database.duckdb").read_text() == "my own"


def test_writers_wait_no_longer_than_the_file_is_copied(path, tmp_path, monkeypatch):
    compared = []

    def tables(engine):
        code = "import sys; from pipeline.engines import connect; connect(sys.argv[1], wait=0)"
        compared.append(subprocess.run([sys.executable, "-c", code, str(path)]).returncode)
        return original_tables(engine)

    original_tables = file_copy._tables
    monkeypatch.setattr(file_copy, "_tables", tables)
    backed_up(path, tmp_path / "b.zip")
    assert compared == [0]


def test_a_file_that_was_replaced_and_is_written_to_is_not_copied(path, tmp_path):
    """As `maintain` replaces it beside those who read; the next ingest then writes into the new file."""
    code = """
import sys
from pipeline.engines import connect
with connect(sys.argv[1]) as engine:
    print("open", flush=True)
    sys.stdin.read()
"""
    with connect(str(path), read_only=True) as engine:
        Path(shutil.copy(path, tmp_path / "new")).replace(path)
        program = [sys.executable, "-c", code, str(path)]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ingest:
            ingest.stdout.readline()
            with pytest.raises(DatabaseLockedError, match="was replaced just now"):
                back_up(engine, tmp_path / "b.zip")
            ingest.stdin.close()
        assert not (tmp_path / "b.zip").exists()


def test_a_file_that_was_replaced_by_another_is_not_backed_up_for_it(path, tmp_path):
    with connect(str(path), read_only=True) as engine:
        with connect(str(tmp_path / "new.duckdb")) as other:
            other.execute("CREATE TABLE t AS SELECT 1 AS i")
        (tmp_path / "new.duckdb").replace(path)
        with pytest.raises(RunError, match="was replaced while it was copied"):
            back_up(engine, tmp_path / "b.zip")


def test_what_is_no_database_is_not_restored(path, tmp_path):
    file = tmp_path / "b.zip"
    backed_up(path, file)
    text = b"my own" * 10_000
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["files"]["database.duckdb"] = hashlib.sha256(text).hexdigest()
    file.write_bytes(_zip({"database.duckdb": text, "manifest.json": json.dumps(manifest)}))
    before = everything(path)
    with pytest.raises(RunError, match=r"The database in .*b\.zip cannot be opened: "):
        restored(path, file, replace=True)
    assert everything(path) == before


def test_a_link_stays_one(path, tmp_path):
    backed_up(path, tmp_path / "b.zip")
    (tmp_path / "place").mkdir()
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "place" / "real.duckdb")
    restored(tmp_path / "link.duckdb", tmp_path / "b.zip")
    assert everything(tmp_path / "place" / "real.duckdb") == everything(path)
    assert (tmp_path / "link.duckdb").is_symlink()


def test_a_log_of_the_replaced_file_is_not_taken_for_one_of_the_new_file(path, tmp_path):
    backed_up(path, tmp_path / "b.zip")
    before = everything(path)
    with connect(str(path)) as engine:
        engine.execute("SET checkpoint_threshold = '1GB'")
        engine.execute("INSERT INTO other.t VALUES (2, NULL)")
        assert Path(f"{path}.wal").exists()
        restore(engine, tmp_path / "b.zip", replace=True)
    assert everything(path) == before


def test_of_another_version_of_duckdb_texts_of_rows_may_differ(path, tmp_path):
    file = tmp_path / "b.zip"
    backed_up(path, file)
    damaged(file, engine_version=lambda _: "0", tables=another_checksum)
    restored(tmp_path / "new.duckdb", file)
    assert everything(tmp_path / "new.duckdb") == everything(path)


def test_what_is_in_memory_has_no_backup(tmp_path):
    with connect(":memory:") as engine, pytest.raises(SetupError, match="cannot be backed up"):
        back_up(engine, tmp_path / "b.zip")


def test_what_is_no_file_is_no_backup(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, says in (
        ("pipe", "it is a pipe"),
        ("none", "cannot be read"),
        (".", "cannot be read|no backup"),
    ):
        with duckdb.connect(), connect(":memory:"), pytest.raises(SetupError, match=says):
            restored(tmp_path / "new.duckdb", tmp_path / name)
