"""Backups of PostgreSQL: one snapshot of the tables of ours, restored in one transaction."""

import datetime as dt
import json
import subprocess
import sys
import zipfile
from threading import Event, Thread

import psycopg
import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.errors import PipelineError, QueryError, SetupError, TargetError
from pipeline.outputs.backup import back_up, restore
from tests.outputs.backup.test_backup import another_checksum, damaged, one_row_more
from tests.projects import compile_shop

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
STRANGE = [
    (
        1,
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "Ünï\n\t\\N\\.",
        0.1,
        '{"a" :  1}',
        b"\0\xff",
        [1, None],
        "12.50",
    ),
    (2, None, None, float("nan"), None, None, None, None),
    (3, dt.datetime(1, 1, 1, tzinfo=dt.UTC), "", float("-inf"), "[]", b"", [], "-0.001"),
]


@pytest.fixture
def source(url):
    """A database with a build, a table of every type, and one of somebody else."""
    with connect(url) as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.sales"
            " (id bigint, timestamp timestamptz, product text, amount float8, attributes json);"
            "INSERT INTO raw.sales VALUES (1, now(), 'tea', 2.5, '{}');"
            "CREATE TABLE raw.visits (id bigint, timestamp timestamptz);"
            "INSERT INTO raw.visits SELECT n, now() FROM generate_series(1, 1000) AS n;"
            'CREATE TABLE raw."str;an""ge" (id bigint, moment timestamptz, "te""xt" varchar(20) COLLATE "C",'
            " f float8, j json, b bytea, a int[], n numeric(9, 3));"
            "COMMENT ON COLUMN raw.sales.product IS 'It''s tea'; CREATE TABLE public.other AS SELECT 1 AS a"
        )
        names = ", ".join(["%s"] * len(STRANGE[0]))
        engine.connection.cursor().executemany(f'INSERT INTO raw."str;an""ge" VALUES ({names})', STRANGE)
        assert build(engine).status == "success"
        yield engine


@pytest.fixture
def target(new_postgres):
    with connect(new_postgres()) as engine:
        yield engine


@pytest.fixture
def file(tmp_path):
    return tmp_path / "b.zip"


def build(engine):
    return run.build(engine, compile_shop("postgres", shapes=engine.shapes("raw")), as_of=NOW)


def everything(engine):
    """All rows, as text, of all tables that are ours, and their types; but for what restoring notes."""
    engine.connection.execute("SET search_path = ''")
    return {
        key: (
            engine.fetch(f"SELECT CAST(t AS text) AS row FROM {engine.name(*key)} AS t ORDER BY 1"),
            engine.shapes(key[0])[key[1]],
        )
        for key, kind in engine.kinds().items()
        if kind == "table" and key[0] != "public" and key != ("meta", "restored")
    }


def test_what_is_restored_is_what_was_there(source, target, file):
    before = everything(source)
    made = back_up(source, file)
    assert restore(target, file) == made
    assert everything(target) == before == everything(source)
    assert {(table.schema, table.name): table.rows for table in made} == {
        key: len(rows) for key, (rows, _) in before.items()
    }
    assert [table.rows for table in made if table.name == 'str;an"ge'] == [3]
    about = "SELECT col_description('raw.sales'::regclass, 3)"
    assert target.fetch(about) == [("It's tea",)]
    assert ("public", "other") not in target.kinds()


def test_what_stands_on_marts_is_made_anew(source, target, file):
    for engine in (source, target):
        engine.execute("SET search_path = ''")
    back_up(source, file)
    restore(target, file)
    about = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'mart' ORDER BY 1",
        "SELECT c.relname, d.objsubid, d.description FROM pg_description AS d"
        " JOIN pg_class AS c ON c.oid = d.objoid WHERE c.relnamespace = 'mart'::regnamespace ORDER BY 1, 2",
    )
    for query in about:
        assert target.fetch(query) == source.fetch(query)


def test_builds_go_on_where_they_were(source, target, file):
    source.execute("UPDATE raw.visits SET timestamp = now() WHERE id = 1")
    build(source)
    back_up(source, file)
    restore(target, file)
    built = {table.name: table.action for table in build(target).tables}
    # A view is no table, so it is made anew.
    assert {name for name, action in built.items() if action not in ("read", "skipped")} == {
        "stg_recent_visits"
    }
    assert {table.action for table in build(target).tables} == {"read", "skipped"}
    target.execute("INSERT INTO raw.visits VALUES (1001, now())")
    reasons = {table.name: table.reason for table in build(target).tables}
    assert reasons["raw_visits"] == "1 new row"
    numbers = [number for (number,) in target.fetch("SELECT run_number FROM meta.runs ORDER BY 1")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_rows_altered_after_it_are_noticed(source, target, file):
    back_up(source, file)
    restore(target, file)
    target.execute("UPDATE raw.sales SET amount = 3")
    target.execute("SELECT pg_stat_force_next_flush()")
    reasons = {table.name: table.reason for table in build(target).tables}
    assert reasons["raw_sales"] == "its rows changed"


def test_a_backup_of_what_was_restored_restores_the_same(source, target, file, new_postgres):
    back_up(source, file)
    restore(target, file)
    back_up(target, file)
    with connect(new_postgres()) as third:
        restore(third, file)
        assert everything(third) == everything(source)
        assert "skipped" in {table.action for table in build(third).tables if table.name == "stg_sales"}


def test_it_is_one_moment_of_running_ingests(source, target, file, url):
    """Another session adds to two tables in one transaction, again and again."""
    under_way, stop = Event(), Event()

    def ingest():
        with psycopg.connect(url, autocommit=True) as connection:
            number = 10_000
            while not stop.is_set():
                with connection.transaction():
                    for table in ("sales", "visits"):  # the last and the first that are read
                        connection.execute(f"INSERT INTO raw.{table} (id) VALUES (%s)", [number])
                number += 1
                under_way.set()

    thread = Thread(target=ingest, daemon=True)
    thread.start()
    try:
        assert under_way.wait(60)
        back_up(source, file)
    finally:
        stop.set()
        thread.join()
    restore(target, file)
    counts = [
        target.fetch(f"SELECT count(*), max(id) FROM raw.{table} WHERE id >= 10000")
        for table in ("sales", "visits")
    ]
    assert counts[0] == counts[1]
    assert counts[0][0][0] > 0


def test_an_open_transaction_of_an_ingest_is_neither_waited_for_nor_in_it(source, target, file, url):
    with psycopg.connect(url) as other:
        other.execute("INSERT INTO raw.visits VALUES (5000, NULL)")
        back_up(source, file)
    restore(target, file)
    assert target.fetch("SELECT count(*) FROM raw.visits") == [(1000,)]
    assert source.fetch("SELECT count(*) FROM raw.visits") == [(1001,)]


def test_a_database_that_holds_something_is_replaced_only_if_that_is_said(source, target, file):
    before = everything(source)
    back_up(source, file)
    source.execute(
        "CREATE VIEW public.people AS SELECT * FROM mart.dim_products; DELETE FROM raw.visits;"
        "DROP TABLE meta.quarantine; CREATE TABLE staging.newer AS SELECT 1 AS a;"
        "ALTER TABLE raw.sales ADD COLUMN more text"
    )
    changed = everything(source)
    with pytest.raises(TargetError, match=r"is not empty: it holds .+ and \d+ more"):
        restore(source, file)
    assert everything(source) == changed
    restore(source, file, replace=True)
    assert everything(source) == before
    assert source.fetch("SELECT count(*) FROM public.people")[0][0] > 0
    assert source.fetch("SELECT count(*) FROM public.other") == [(1,)]
    assert build(source).status == "success"


def test_partitions_are_backed_up_with_their_table_and_what_is_no_table_stays(source, target, file):
    source.execute(
        "CREATE TABLE raw.parts (id bigint) PARTITION BY RANGE (id);"
        "CREATE TABLE raw.parts_low PARTITION OF raw.parts FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE raw.parts_high PARTITION OF raw.parts FOR VALUES FROM (10) TO (20);"
        "INSERT INTO raw.parts VALUES (1), (11);"
        "CREATE MATERIALIZED VIEW mart.sums AS SELECT sum(id) AS sum FROM raw.parts"
    )
    names = {f"{table.schema}.{table.name}": table.rows for table in back_up(source, file)}
    assert names["raw.parts"] == 2
    assert not {"raw.parts_low", "raw.parts_high", "mart.sums"} & names.keys()
    source.execute("DELETE FROM raw.parts WHERE id = 1")
    for engine in (source, target):
        restore(engine, file, replace=True)
        assert engine.fetch("SELECT id FROM raw.parts ORDER BY 1") == [(1,), (11,)]
    assert source.fetch("SELECT sum FROM mart.sums") == [(12,)]
    assert source.fetch("SELECT id FROM raw.parts_low") == [(1,)]


def test_a_killed_restore_leaves_everything_as_it_was(source, file, url):
    back_up(source, file)
    source.execute("DELETE FROM raw.visits WHERE id = 1")
    before = everything(source)
    code = """
import os, sys
from pathlib import Path
from pipeline.engines import connect
from pipeline.outputs.backup import restore, rows
def counted(engine, schema, name):
    return os.kill(os.getpid(), 9) if name == "visits" else original(engine, schema, name)
original, rows.counted = rows.counted, counted
with connect(sys.argv[1]) as engine:
    restore(engine, Path(sys.argv[2]), replace=True)
"""
    done = subprocess.run([sys.executable, "-c", code, url, str(file)])
    assert done.returncode == -9
    assert everything(source) == before
    restore(source, file, replace=True)
    assert source.fetch("SELECT count(*) FROM raw.visits") == [(1000,)]


def test_somebody_elses_view_on_what_would_go_stops_it(source, file):
    back_up(source, file)
    source.execute(
        "CREATE TABLE staging.newer AS SELECT 1 AS a;CREATE VIEW public.people AS SELECT * FROM staging.newer"
    )
    before = everything(source)
    with pytest.raises(QueryError, match=r"people"):
        restore(source, file, replace=True)
    assert everything(source) == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tables": one_row_more}, "mart.dim_products had 3 rows with checksum .*would have 2"),
        (
            {"tables": lambda tables: [*tables[:-1], *another_checksum(tables[-1:])]},
            "had .* with checksum 1, ",
        ),
        ({"files": lambda files: files | {"5.copy": "0"}}, "its 5.copy is not what was written into it"),
        ({"tables": lambda tables: [table | {"schema": "public"} for table in tables]}, "is no backup"),
        (
            {
                "tables": lambda tables: [
                    table | {"columns": [{"name": "a", "type": "text); DROP TABLE public.other; --"}]}
                    for table in tables
                ]
            },
            "is no backup",
        ),
        (
            {"tables": lambda tables: [table | {"comment": "a\0b", "name": "new"} for table in tables]},
            "PostgreSQL refused",
        ),
        ({"engine": lambda _: "duckdb"}, "is a backup of duckdb, and postgres://"),
    ],
)
def test_a_backup_that_is_not_what_it_says_restores_nothing(source, target, file, change, says):
    back_up(source, file)
    damaged(file, **change)
    for engine in (source, target):
        before = everything(engine)
        with pytest.raises(PipelineError, match=says):
            restore(engine, file, replace=True)
        assert everything(engine) == before


def test_rows_that_a_policy_hides_are_an_error(source, file, postgres):
    source.execute(
        "CREATE ROLE reader LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA raw, staging, mart, meta TO reader;"
        "GRANT SELECT ON ALL TABLES IN SCHEMA raw, staging, mart, meta TO reader;"
        "ALTER TABLE raw.visits ENABLE ROW LEVEL SECURITY"
    )
    info = source.connection.info
    try:
        url = f"postgres://reader:p@{info.host}:{info.port}/{info.dbname}"
        with connect(url, read_only=True) as engine, pytest.raises(QueryError, match="row-level security"):
            back_up(engine, file)
        assert not file.exists()
    finally:
        source.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_a_type_that_another_database_may_not_have_is_named(source, file):
    source.execute(
        """CREATE TYPE public."my type(x')" AS ENUM ('a'); CREATE TABLE raw.t (a public."my type(x')")"""
    )
    with pytest.raises(SetupError, match=r"raw\.t cannot be backed up: the type .* of its column a"):
        back_up(source, file)


def test_the_manifest_has_no_password(source, file):
    back_up(source, file)
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["source"] == source.url
