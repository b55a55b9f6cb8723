"""Spark on a real cluster: what lands, what is published, and what happens when something fails."""

import datetime as dt
import sys
import threading
from dataclasses import replace
from functools import partial

import pytest

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.errors import ConfigError, QueryError, TargetError
from pipeline.plan.selection import ancestors
from tests.engines import made_up
from tests.engines.equality import difference
from tests.engines.servers import free_port

# PySpark leaves its sockets to Python to close.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.usefixtures("spark"),
]


@pytest.fixture(scope="module")
def url(new_spark):
    return new_spark()


@pytest.fixture(scope="module")
def engine(url):
    with connect(url) as engine:
        yield engine


@pytest.fixture
def schema(engine):
    """A schema of the test's own."""
    engine.create_schema("mart")
    yield "mart"
    engine.execute("DROP DATABASE mart CASCADE")


@pytest.fixture
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def test_the_session_speaks_utc(engine):
    assert engine.fetch("SELECT current_timezone()") == [("UTC",)]


def test_a_setting_in_the_url_wins_over_ours(engine, url):
    assert "spark.sql.shuffle.partitions=2" in url
    assert engine.fetch("SET spark.sql.shuffle.partitions") == [("spark.sql.shuffle.partitions", "2")]


def test_rows_land_with_the_types_of_the_table(engine, schema):
    engine.execute(
        "CREATE TABLE mart.t (id BIGINT, seen TIMESTAMP, value DOUBLE, attributes STRING, day DATE)"
    )
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    rows = [
        (1, noon, 0.1, {"session.id": "s'1\t\\"}, dt.date(2026, 1, 1)),
        (2, "2026-01-01T13:00:00.000001+01:00", 2**53 + 1, '{"a": 1}', "2026-01-02"),
        (2**62 + 1, None, None, None, None),
    ]
    assert engine.append(schema, "t", ["id", "seen", "value", "attributes", "day"], rows) == 3
    assert engine.fetch("SELECT * FROM mart.t ORDER BY id") == [
        (1, noon, 0.1, '{"session.id": "s\'1\\t\\\\"}', dt.date(2026, 1, 1)),
        (2, noon.replace(microsecond=1), 2.0**53, '{"a": 1}', dt.date(2026, 1, 2)),
        (2**62 + 1, None, None, None, None),
    ]


def test_texts_land_as_they_are_but_for_what_no_text_can_hold(engine, schema):
    engine.execute("CREATE TABLE mart.t (id INT, name STRING)")
    texts = ["\\N", "a\nb\r\tc\\d", "", "Ünï — 日本 🦆", "\\.", "a\0b", "a\ud800b"]
    engine.append(schema, "t", ["id", "name"], list(enumerate(texts)))
    landed = [row[0] for row in engine.fetch("SELECT name FROM mart.t ORDER BY id")]
    assert landed == [*texts[:6], "a?b"]


def test_parameters_stand_for_question_marks_outside_of_texts_and_names(engine):
    sql = "SELECT '?' AS `a?`, ? AS b, 'it\\'s ?' AS c, ? AS d"
    assert engine.fetch_dicts(sql, ["x", 2]) == [{"a?": "?", "b": "x", "c": "it's ?", "d": 2}]


def test_rows_are_deleted_by_value(engine, schema):
    engine.execute("CREATE TABLE mart.t (id INT, name STRING)")
    engine.append(schema, "t", ["id", "name"], [(1, "a"), (2, "b"), (3, None)])
    engine.delete(schema, "t", "name", "a")
    assert engine.fetch("SELECT id FROM mart.t ORDER BY id") == [(2,), (3,)]


def test_rows_are_deleted_by_number(engine, schema):
    engine.execute("CREATE TABLE mart.t (id BIGINT, name STRING)")
    engine.append(schema, "t", ["id", "name"], [(1, "a"), (2, "b"), (3, None), (3, "a"), (None, "d")])
    engine.delete_numbered(schema, "t", [], "name = 'a'")
    engine.delete_numbered(schema, "t", [1, 3, 7], "name = 'a'")
    assert engine.fetch("SELECT id, name FROM mart.t ORDER BY id") == [(None, "d"), (2, "b"), (3, None)]


def test_a_transaction_that_fails_leaves_the_old_views_and_nothing_else(engine, schema):
    engine.create(schema, "t", "SELECT 1 AS a", "table", None)
    before = engine.objects(schema)

    def write_and_fail():
        with engine.transaction():
            engine.create(schema, "t", "SELECT 2 AS a", "table", "table")
            engine.create(schema, "u", "SELECT a + 1 AS a FROM `mart`.`t`", "table", None)
            assert engine.fetch("SELECT a FROM `mart`.`u`") == [(3,)]
            engine.execute("SELECT * FROM nothing_there")

    with pytest.raises(QueryError, match="nothing_there"):
        write_and_fail()
    assert engine.fetch("SELECT * FROM mart.t") == [(1,)]
    assert engine.objects(schema) == before


def test_old_versions_are_removed_but_for_the_last(engine, schema):
    for number in range(4):
        engine.create(schema, "t", f"SELECT {number} AS a", "table", "table")
    assert engine.fetch("SELECT * FROM mart.t") == [(3,)]
    assert engine.kinds() == {("mart", "t"): "table"}
    kept = sorted(set(engine.objects(schema)) - {"t"})
    assert [engine.fetch(f"SELECT * FROM mart.{name}") for name in kept] == [[(2,)], [(3,)]]


def test_versions_that_a_clock_in_the_future_has_named_make_way_for_new_ones(engine, schema):
    for number, version in enumerate(("t__v7ffffffffff0", "t__v7ffffffffff1")):
        engine.execute(f"CREATE TABLE mart.{version} USING PARQUET AS SELECT {number} AS a")
    for number in (2, 3, 4):
        engine.create(schema, "t", f"SELECT {number} AS a", "table", "table")
        assert engine.fetch("SELECT * FROM mart.t") == [(number,)]
    assert sorted(engine.objects(schema)) == ["t", "t__v7ffffffffff3", "t__v7ffffffffff4"]


@pytest.fixture(scope="module")
def rows(engine):
    made_up.land(engine)


def plan_of(engine):
    return plan_cache.load(engine.dialect, Config(timezone=made_up.TIMEZONE), engine.shapes("raw"))


def test_a_worker_that_is_killed_during_a_build_does_not_fail_it(engine, rows, spark, cache, tmp_path):
    """What it had shuffled is lost, and made again by the other."""
    plan = plan_of(engine)
    chosen = ancestors(plan.tables, {"stg_metric_activity"}) | {"stg_metric_activity"}
    timers = []

    def kill_soon(table, result):
        if table.name == "stg_metric_activity" and not result:
            timers.append(threading.Timer(1, spark.kill, [spark.workers[0]]))
            timers[0].start()

    result = run.run(engine, plan, selected=chosen, as_of=made_up.AS_OF, on_event=kill_soon)
    assert result.status == "success"
    assert spark.workers[0].poll() is not None
    spark.add_worker()
    with connect(str(tmp_path / "expected.duckdb")) as expected:
        made_up.land(expected)
        run.run(expected, plan_of(expected), selected=chosen, as_of=made_up.AS_OF)
        tables = [table for table in plan.tables.values() if table.name in chosen and table.kind != "source"]
        assert [difference(expected, engine, table) for table in tables] == [None] * len(tables)


def test_a_build_that_fails_leaves_the_old_tables_and_the_next_one_succeeds(engine, rows, cache):
    chosen = ["agents", "agent_aliases", "identities", "stg_copilot_metrics"]
    build = partial(run.build, engine, selected=chosen, as_of=made_up.AS_OF, full_refresh=True)
    assert build(plan_of(engine)).status == "success"
    before = engine.objects("staging")
    broken = plan_of(engine)
    table = broken.tables["stg_copilot_metrics"]
    broken.tables[table.name] = replace(table, sql="SELECT CAST(raise_error('no such luck') AS DATE) AS date")
    with pytest.raises(QueryError, match="no such luck"):
        build(broken)
    assert engine.objects("staging") == before
    assert engine.fetch("SELECT status FROM meta.runs ORDER BY run_id DESC LIMIT 1") == [("error",)]
    assert build(plan_of(engine)).status == "success"


def test_it_fails_clearly_where_a_process_has_a_session_already(engine, url):
    with pytest.raises(TargetError, match="has a Spark session already"):
        connect(f"{url}&spark.app.name=another")


def test_an_unknown_setting_or_option_is_refused():
    with pytest.raises(ConfigError, match="begin with spark"):
        connect("pyspark:///warehouse?master=local")
    with pytest.raises(ConfigError, match="Spark has no option location"):
        connect("pyspark:///warehouse", options={"location": "EU"})


def test_a_master_that_does_not_answer_is_named_and_nothing_is_made(tmp_path):
    port = free_port()
    with pytest.raises(TargetError, match=f"No Spark master answers at spark://127.0.0.1:{port}"):
        connect(f"pyspark://{tmp_path}/new?spark.master=spark://127.0.0.1:{port}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("java_home", [None, "/nowhere"])
def test_without_java_the_package_that_has_it_is_named(tmp_path, monkeypatch, java_home):
    monkeypatch.setenv("PATH", str(tmp_path))
    if java_home:
        monkeypatch.setenv("JAVA_HOME", java_home)
    else:
        monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(TargetError, match="apt-get install openjdk-17-jre-headless"):
        connect(f"pyspark://{tmp_path}/new")


def test_without_pyspark_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "pipeline.engines.spark", raising=False)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(TargetError, match=r"pip install 'aa-pipeline\[spark\]'"):
        connect("pyspark:///warehouse")


def test_a_warehouse_that_is_not_there_is_only_made_to_be_written(tmp_path):
    with pytest.raises(TargetError, match="There is no warehouse at"):
        connect(f"pyspark://{tmp_path}/new", read_only=True)
    assert list(tmp_path.iterdir()) == []
