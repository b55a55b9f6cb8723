import datetime as dt
import subprocess
import sys

import duckdb
import pytest

from pipeline.engines import connect, dialect_of
from pipeline.engines.duckdb import build_memory
from pipeline.errors import DatabaseLockedError, QueryError, TargetError
from tests.full_disk import NEXT, TOO_LARGE, no_file_larger_than


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


def test_urls_name_files_as_ibis_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for url in ["duckdb://a.duckdb", f"duckdb://{tmp_path}/b.duckdb", "c.duckdb"]:
        connect(url).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.duckdb", "b.duckdb", "c.duckdb"]


@pytest.mark.parametrize("url", ["warehouse", "mysql://user:secret@host/db", "duckb://x"])
def test_a_url_that_is_not_understood_says_what_is_and_shows_no_secret(url):
    with pytest.raises(TargetError, match=r"duckdb://, postgres://") as error:
        connect(url)
    assert "secret" not in str(error.value)


def test_the_dialect_is_known_without_opening_anything():
    urls = ["x.duckdb", "postgresql://h/d", "pyspark://", "bigquery://p/d"]
    assert [dialect_of(url) for url in urls] == ["duckdb", "postgres", "pyspark", "bigquery"]


def test_a_new_file_is_readable_by_duckdb_1_5(tmp_path):
    connect(str(tmp_path / "x.duckdb")).close()
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'x'")
        assert connection.fetchall()[0][0]["storage_version"].startswith("v1.5.0")


def test_the_session_speaks_utc(engine):
    assert engine.fetch("SELECT current_setting('TimeZone')") == [("UTC",)]


def test_rows_land_with_the_types_of_the_table(engine):
    engine.create_schema("raw")
    engine.execute(
        "CREATE TABLE raw.t (id BIGINT, seen TIMESTAMPTZ, value DOUBLE, attributes JSON, day DATE)"
    )
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    columns = ["id", "seen", "value", "attributes", "day"]
    rows = [
        (1, noon, 0.1, {"session.id": "s'1"}, dt.date(2026, 1, 1)),
        (2, "2026-01-01T13:00:00.000001+01:00", 1, '{"a": 1}', "2026-01-02"),
        (3, None, None, None, None),
    ]
    assert engine.append("raw", "t", columns, rows) == 3
    assert engine.fetch("SELECT * FROM raw.t ORDER BY id") == [
        (1, noon, 0.1, '{"session.id":"s\'1"}', dt.date(2026, 1, 1)),
        (2, noon.replace(microsecond=1), 1.0, '{"a": 1}', dt.date(2026, 1, 2)),
        (3, None, None, None, None),
    ]


def test_text_that_is_no_unicode_lands_all_the_same(engine):
    engine.create_schema("raw")
    engine.execute("CREATE TABLE raw.t (name VARCHAR)")
    engine.append("raw", "t", ["name"], [["a\ud800b"]])
    assert engine.fetch("SELECT * FROM raw.t") == [("a?b",)]


@pytest.mark.parametrize("beside", ["text", "\ud800"])
def test_a_float_that_is_no_number_lands_as_null(engine, beside):
    engine.create_schema("raw")
    engine.execute("CREATE TABLE raw.t (value DOUBLE, beside VARCHAR)")
    rows = [(value, beside) for value in (float("nan"), float("inf"), 1.5)]
    engine.append("raw", "t", ["value", "beside"], rows)
    assert engine.fetch("SELECT value FROM raw.t ORDER BY value") == [(1.5,), (None,), (None,)]


def test_hostile_names_are_quoted(engine):
    engine.create_schema('a"; DROP SCHEMA main; --')
    engine.create('a"; DROP SCHEMA main; --', 't"', "SELECT 1 AS x", "table", None)
    assert engine.shapes('a"; DROP SCHEMA main; --') == {'t"': {"x": "INTEGER"}}


def test_shapes_are_those_of_tables_and_views_even_of_a_broken_one(engine):
    engine.create_schema("mart")
    engine.execute('CREATE TABLE mart."a\'b" (x BIGINT, "Y" TIMESTAMP, z DECIMAL(9, 2))')
    tables = {"a'b": {"x": "BIGINT", "Y": "TIMESTAMP", "z": "DECIMAL(9,2)"}}
    assert engine.shapes("mart") == tables
    assert engine.shapes("nowhere") == {}
    engine.create("mart", "v", "SELECT 1 AS n", "view", None)
    assert engine.shapes("mart") == tables | {"v": {"n": "INTEGER"}}
    engine.execute("CREATE TABLE gone AS SELECT 1 AS n")
    engine.create("mart", "w", "SELECT * FROM gone", "view", None)
    engine.execute("DROP TABLE gone")
    assert engine.shapes("mart")["a'b"] == tables["a'b"]


def test_a_table_replaces_a_view_and_a_view_a_table(engine):
    engine.create_schema("mart")
    engine.create("mart", "x", "SELECT 1 AS a", "view", None)
    assert engine.create("mart", "x", "SELECT unnest([1, 2]) AS a", "table", "view") == 2
    assert engine.kinds() == {("mart", "x"): "table"}
    engine.create("mart", "x", "SELECT 1 AS a", "view", "table")
    assert engine.kinds() == {("mart", "x"): "view"}


def test_a_transaction_is_all_or_nothing(engine):
    engine.execute("CREATE TABLE t AS SELECT 1 AS a")

    def write_and_fail():
        with engine.transaction():
            engine.execute("CREATE OR REPLACE TABLE t AS SELECT 2 AS a")
            engine.execute("SELECT * FROM nothing_there")

    with pytest.raises(QueryError, match="nothing_there"):
        write_and_fail()
    assert engine.fetch("SELECT * FROM t") == [(1,)]
    with engine.transaction():
        engine.execute("CREATE OR REPLACE TABLE t AS SELECT 3 AS a")
    assert engine.fetch("SELECT * FROM t") == [(3,)]


def test_the_content_hash_tells_rows_but_not_their_order(engine):
    def hashed(*values):
        return engine.content_hash(f"SELECT unnest({list(values)}) AS a")

    assert hashed(1, 2) == hashed(2, 1)
    assert len({hashed(1, 2), hashed(1, 2, 2), hashed(1, 3), hashed()}) == 4


def test_a_missing_file_is_no_database_to_read(tmp_path):
    with pytest.raises(TargetError, match="aa-pipeline init"):
        connect(str(tmp_path / "x.duckdb"), read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_file_or_folder_that_is_no_database_is_refused_in_one_line(tmp_path):
    (tmp_path / "x.duckdb").write_text("not a database, but long enough to be read as one " * 99)
    for path in [tmp_path / "x.duckdb", tmp_path / "nowhere" / "x.duckdb"]:
        with pytest.raises(TargetError, match="Cannot open") as error:
            connect(str(path))
        assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_file_held_by_another_process_is_waited_for_and_its_holder_named(tmp_path):
    path = tmp_path / "x.duckdb"
    hold = f"import duckdb; c = duckdb.connect({str(path)!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(DatabaseLockedError, match=f"process {holder.pid}"):
            connect(str(path), wait=0.2)
        holder.stdin.close()
        connect(str(path), wait=30).close()


def test_a_file_that_is_open_in_this_process_is_shared(tmp_path):
    path = str(tmp_path / "x.duckdb")
    with duckdb.connect(path) as mine:
        mine.execute("CREATE TABLE t AS SELECT 1 AS id")
        with connect(path) as engine:
            engine.execute("INSERT INTO t VALUES (2)")
        assert mine.execute("SELECT sum(id) FROM t").fetchone() == (3,)
    with connect(path, read_only=True) as one, connect(path, read_only=True) as other:
        assert one.fetch("FROM t ORDER BY 1") == other.fetch("FROM t ORDER BY 1") == [(1,), (2,)]


@pytest.mark.slow
def test_a_file_whose_row_groups_have_another_size_grows_all_the_same(tmp_path):
    path = str(tmp_path / "x.duckdb")
    groups = "SELECT max(count) FROM pragma_storage_info('t') GROUP BY row_group_id ORDER BY row_group_id"
    with duckdb.connect(path) as other:
        other.execute("CREATE TABLE t AS SELECT range AS id, 'a' AS text FROM range(50_000)")
    with connect(path) as engine:
        marker = engine.growth_marker("main", "t")
        engine.execute("INSERT INTO t SELECT range, 'b' FROM range(50_000, 150_000)")
    with connect(path) as engine:
        assert engine.only_grew("main", "t", marker)
        assert engine.fetch(groups) == [(50_000,), (30_720,), (30_720,), (30_720,), (7_840,)]
        engine.execute("UPDATE t SET text = 'd' WHERE id = 7")
    with duckdb.connect(path) as other:  # which puts small row groups together
        other.execute("INSERT INTO t SELECT range, 'c' FROM range(150_000, 200_000)")
    with connect(path) as engine:
        assert not engine.only_grew("main", "t", marker)
        assert engine.fetch("SELECT text, count(*), sum(id) FROM t GROUP BY ALL ORDER BY 1") == [
            ("a", 49_999, 1_249_974_993),
            ("b", 100_000, 9_999_950_000),
            ("c", 50_000, 8_749_975_000),
            ("d", 1, 7),
        ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE t SET text = 'b' WHERE id = 7",
        "DELETE FROM t WHERE id = 7",
        "BEGIN; DELETE FROM t WHERE id = 7; INSERT INTO t VALUES (7, 'b'); COMMIT",
    ],
)
@pytest.mark.parametrize("written", [True, False])
def test_a_changed_row_is_never_taken_for_growth(tmp_path, change, written):
    path = str(tmp_path / "x.duckdb")
    with connect(path) as engine:
        engine.execute("CREATE TABLE t AS SELECT range AS id, 'a' AS text FROM range(40_000)")
    with connect(path) as engine:
        grown, changed = engine.growth_marker("main", "t"), engine.change_marker("main", "t")
        assert engine.only_grew("main", "t", grown)
        for statement in change.split("; "):
            engine.execute(statement)
        engine.execute("INSERT INTO t VALUES (40_001, 'c')")
        if written:
            engine.execute("CHECKPOINT")
        assert not engine.only_grew("main", "t", grown)
        assert engine.change_marker("main", "t") != changed


def test_within_a_process_all_who_open_a_file_share_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.duckdb").symlink_to("x.duckdb")
    with connect("x.duckdb") as one:
        one.execute("CREATE TABLE t AS SELECT 1 AS id")
        for path in [str(tmp_path / "x.duckdb"), "link.duckdb"]:
            with connect(path) as other:
                other.execute("INSERT INTO t VALUES (2)")
        assert one.fetch("SELECT sum(id) FROM t") == [(5,)]


def test_a_file_that_this_process_has_open_in_another_way_is_said_to_be(tmp_path):
    path = str(tmp_path / "x.duckdb")
    connect(path).close()
    wanted = "is open in this process already.*Close that connection"
    with duckdb.connect(path, read_only=True), pytest.raises(TargetError, match=wanted):
        connect(path)
    with duckdb.connect(path), pytest.raises(TargetError, match=wanted):
        connect(path, read_only=True)
    with connect(path), pytest.raises(TargetError, match=wanted):
        connect(path, read_only=True)


def test_what_does_not_fit_into_memory_is_spilled_beside_the_file(tmp_path):
    with connect(str(tmp_path / "x.duckdb")) as engine:
        assert engine.fetch("SELECT current_setting('temp_directory')") == [(f"{tmp_path}/x.duckdb.tmp",)]


def test_an_interrupt_that_comes_after_the_end_does_nothing():
    engine = connect(":memory:")
    engine.close()
    engine.interrupt()


@pytest.mark.parametrize("room", [0, 5000])
def test_a_new_file_for_which_there_is_no_room_is_not_left_behind(tmp_path, room):
    path = tmp_path / "x.duckdb"
    with no_file_larger_than(room), pytest.raises(TargetError, match=f"{TOO_LARGE}.*{NEXT}"):
        connect(str(path))
    assert not path.exists()
    connect(str(path)).close()


def test_of_an_empty_file_the_message_says_what_to_do(tmp_path):
    (tmp_path / "x.duckdb").touch()
    with pytest.raises(TargetError, match=r"is empty: .* Remove it, and run the command again"):
        connect(str(tmp_path / "x.duckdb"))
    assert (tmp_path / "x.duckdb").exists()


def test_of_a_damaged_file_the_message_says_what_to_do(tmp_path):
    path = tmp_path / "x.duckdb"
    path.write_bytes(b"my own")
    with pytest.raises(TargetError, match="or move this one away, and `aa-pipeline restore` a backup"):
        connect(str(path))
    path.unlink()
    with connect(str(path)) as engine:
        engine.execute("CREATE TABLE t AS SELECT range AS a FROM range(100_000)")
    content = path.read_bytes()
    path.write_bytes(content[:12_288] + bytes(byte ^ 1 for byte in content[12_288:]))
    wanted = pytest.raises((TargetError, QueryError), match="`aa-pipeline restore` a backup")
    with wanted, connect(str(path)) as engine:
        engine.fetch("SELECT sum(a) FROM t")


@pytest.mark.slow
def test_where_nothing_more_can_be_spilled_the_message_says_what_to_do(tmp_path):
    with connect(str(tmp_path / "x.duckdb"), memory_limit="40MB") as engine:
        engine.execute("CREATE TABLE t AS SELECT 1 AS a")
        large = "CREATE TABLE s AS SELECT md5(range::VARCHAR) AS a FROM range(3_000_000) ORDER BY a"
        with no_file_larger_than(4_000_000), pytest.raises(QueryError, match=f"{TOO_LARGE}.*{NEXT}"):
            engine.execute(large)
        engine.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(QueryError, match=f"max_temp_directory_size.*{NEXT}"):
            engine.execute(large)
        assert engine.fetch("SELECT a FROM t") == [(1,)]
    with connect(str(tmp_path / "x.duckdb")) as engine:
        assert engine.kinds() == {("main", "t"): "table"}


def test_what_a_table_and_its_columns_mean_is_kept_as_comments(tmp_path):
    with connect(str(tmp_path / "x.duckdb")) as engine:
        engine.execute("CREATE TABLE t AS SELECT 1 AS a, 2 AS b")
        engine.describe("main", "t", "table", "One row per 'a'.", {"a": "It's a; -- no more.", "b": "B"})
        assert engine.fetch("SELECT comment FROM duckdb_tables()") == [("One row per 'a'.",)]
        assert engine.fetch("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 't'") == [
            ("a", "It's a; -- no more."),
            ("b", "B"),
        ]


@pytest.mark.parametrize("name", ["raw", "mart", "Meta", "memory", "pg_catalog", "it's", 'say "so"', "a.b"])
def test_a_file_may_have_any_name(tmp_path, name):
    path = tmp_path / f"{name}.duckdb"
    with connect(str(path)) as engine:
        engine.create_schema("raw")
        engine.execute("CREATE TABLE raw.things AS SELECT 1 AS id")
    with connect(str(path), read_only=True) as engine:
        assert engine.shapes("raw") == {"things": {"id": "INTEGER"}}
    with duckdb.connect(config={"storage_compatibility_version": "latest"}) as connection:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS d")
        stored = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'd'"
        )
        assert stored.fetchone() == ("v1.5.0+",)


def test_a_build_takes_half_of_what_is_free_or_2_gib_of_which_duckdb_is_told_less_for_it_takes_more():
    assert build_memory(12 << 30) == "5222 MiB"
    assert build_memory(3 << 30) == build_memory(0) == "1740 MiB"


def test_a_build_takes_less_than_the_machine_unless_it_is_told_otherwise(tmp_path):
    def limit_of_a_build(target, **options):
        with connect(target, **options) as engine:
            engine.tune()
            return engine.fetch("SELECT current_setting('memory_limit')")[0][0]

    with connect(":memory:") as engine:
        the_machines = engine.fetch("SELECT current_setting('memory_limit')")[0][0]
    limit = limit_of_a_build(str(tmp_path / "x.duckdb"))
    assert 1.6 <= float(limit.removesuffix(" GiB")) < float(the_machines.removesuffix(" GiB"))
    assert limit_of_a_build(str(tmp_path / "x.duckdb"), memory_limit="3GiB") == "3.0 GiB"
    assert limit_of_a_build(":memory:") == the_machines  # the tables themselves are in it
