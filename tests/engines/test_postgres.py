import datetime as dt
import sys

import pytest

from pipeline import run
from pipeline.engines import connect, meta
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import ConfigError, DatabaseLockedError, QueryError, TargetError
from pipeline.ingest.landing.landing import Landing


@pytest.fixture
def engine(url):
    with connect(url) as engine:
        yield engine


def test_the_session_speaks_utc_whatever_the_server_does(engine):
    assert engine.fetch("SELECT current_setting('TimeZone')") == [("UTC",)]


def test_rows_land_with_the_types_of_the_table(engine):
    engine.create_schema("raw")
    engine.execute(
        "CREATE TABLE raw.t (id bigint, seen timestamptz, value float8, attributes json, day date)"
    )
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    rows = [
        (1, noon, 0.1, {"session.id": "s'1\t\\"}, dt.date(2026, 1, 1)),
        (2, "2026-01-01T13:00:00.000001+01:00", float("inf"), '{"a": 1}', "2026-01-02"),
        (3, None, None, None, None),
    ]
    assert engine.append("raw", "t", ["id", "seen", "value", "attributes", "day"], rows) == 3
    assert engine.fetch("SELECT * FROM raw.t ORDER BY id") == [
        (1, noon, 0.1, {"session.id": "s'1\t\\"}, dt.date(2026, 1, 1)),
        (2, noon.replace(microsecond=1), float("inf"), {"a": 1}, dt.date(2026, 1, 2)),
        (3, None, None, None, None),
    ]


def test_what_a_newer_release_keeps_is_refused_before_anything_is_written(engine, compiled):
    engine.create_schema("meta")
    engine.execute(f"CREATE TABLE meta.version AS SELECT {meta.VERSION + 1} AS version")
    made = {schema: engine.shapes(schema) for schema in ("raw", "staging", "mart", "meta", "public")}
    plan = compiled("postgres")

    def ingest():
        with Landing(engine, "otlp", ["a.jsonl"]) as landing:
            landing.quarantine("a.jsonl", 1, "no JSON")

    for write in (
        lambda: run.build(engine, plan),
        lambda: run.seed(engine, plan),
        lambda: run.audit(engine, plan, store_failures=True),
        lambda: make_missing_raw_tables(engine),
        ingest,
    ):
        with pytest.raises(TargetError, match="is kept by a newer release of aa-pipeline"):
            write()
        assert {schema: engine.shapes(schema) for schema in made} == made


def test_texts_land_as_they_are_but_for_what_no_text_can_hold(engine):
    engine.create_schema("raw")
    engine.execute("CREATE TABLE raw.t (id int, name text)")
    texts = ["\\N", "a\nb\r\tc\\d", "", "Ünï — 日本 🦆", "\\.", "a\0b", "a\ud800b"]
    engine.append("raw", "t", ["id", "name"], list(enumerate(texts)))
    landed = [row[0] for row in engine.fetch("SELECT name FROM raw.t ORDER BY id")]
    assert landed == [*texts[:5], "a\ufffdb", "a?b"]


def test_parameters_stand_for_question_marks_outside_of_texts_and_names(engine):
    sql = """SELECT '?' AS "a?", ? AS b, 'it''s ?' AS c, ? AS d"""
    assert engine.fetch_dicts(sql, ["x", 2]) == [{"a?": "?", "b": "x", "c": "it's ?", "d": 2}]


def test_hostile_names_are_quoted(engine):
    engine.create_schema('a"; DROP SCHEMA public; --')
    engine.create('a"; DROP SCHEMA public; --', 't"', "SELECT 1 AS x", "table", None)
    assert engine.shapes('a"; DROP SCHEMA public; --') == {'t"': {"x": "integer"}}


def test_a_transaction_that_fails_leaves_the_old_tables_and_nothing_else(engine):
    engine.create_schema("mart")
    engine.create("mart", "t", "SELECT 1 AS a", "table", None)

    def write_and_fail():
        with engine.transaction():
            engine.create("mart", "t", "SELECT 2 AS a", "table", "table")
            engine.create("mart", "u", "SELECT 2 AS a", "table", None)
            engine.execute("SELECT * FROM nothing_there")

    with pytest.raises(QueryError, match="nothing_there"):
        write_and_fail()
    assert engine.fetch("SELECT * FROM mart.t") == [(1,)]
    assert engine.kinds() == {("mart", "t"): "table"}


def test_readers_may_read_marts_and_nothing_else(url, new_role, postgres):
    new_role("dashboard")
    with connect(url, options={"readers": ["dashboard"]}) as builder:
        for schema in ("staging", "mart"):
            builder.create_schema(schema)
            builder.create(schema, "t", "SELECT 1 AS a", "table", None)
    with connect(postgres.url(url.rpartition("/")[2], "dashboard", "p")) as reader:
        assert reader.fetch("SELECT a FROM mart.t") == [(1,)]
        with pytest.raises(QueryError, match="The user dashboard lacks a right: permission denied"):
            reader.fetch("SELECT a FROM staging.t")
        with pytest.raises(QueryError, match="lacks a right"):
            reader.create_schema("meta")


def test_one_process_writes_at_a_time_and_the_other_says_who(engine, url):
    with engine.transaction(), connect(url, wait=0.2) as other:
        with (
            pytest.raises(DatabaseLockedError, match=r"written by aa-pipeline .* of builder on 127.0.0.1"),
            other.transaction(),
        ):
            pass
        assert other.fetch("SELECT 1") == [(1,)]
    with connect(url, wait=0.2) as other, other.transaction():
        pass


def test_a_build_sees_one_moment_of_the_raw_tables(engine, url):
    engine.execute("CREATE TABLE t (a int)")
    with engine.transaction(), connect(url) as collector:
        assert engine.fetch("SELECT count(*) FROM t") == [(0,)]
        collector.append("public", "t", ["a"], [(1,)])
        assert engine.fetch("SELECT count(*) FROM t") == [(0,)]


def test_a_lost_connection_is_said_and_nothing_is_published(engine, url):
    engine.create_schema("mart")
    engine.create("mart", "t", "SELECT 1 AS a", "table", None)

    def build():
        with connect(url) as builder, connect(url) as killer, builder.transaction():
            builder.create("mart", "t", "SELECT 2 AS a", "table", "table")
            pid = builder.fetch("SELECT pg_backend_pid()")[0][0]
            killer.fetch("SELECT pg_terminate_backend(?)", [pid])
            builder.fetch("SELECT 1")

    with pytest.raises(QueryError, match=r"was lost: terminating connection .* run the command again"):
        build()
    assert engine.fetch("SELECT * FROM mart.t") == [(1,)]
    with engine.transaction():
        engine.create("mart", "t", "SELECT 3 AS a", "table", "table")
    assert engine.fetch("SELECT * FROM mart.t") == [(3,)]


def test_a_statement_that_takes_too_long_is_stopped(url):
    with (
        connect(url, options={"statement_timeout": "50ms"}) as engine,
        pytest.raises(QueryError, match="statement_timeout"),
    ):
        engine.fetch("SELECT pg_sleep(10)")


def test_a_reading_session_writes_nothing(url):
    with connect(url, read_only=True) as engine, pytest.raises(QueryError, match="read-only"):
        engine.execute("CREATE TABLE t (a int)")


def test_what_keeps_one_out_is_said_without_the_password(postgres, url):
    port = f":{postgres.port}/"
    for broken, reason in {
        postgres.url(user="builder", password="wr0ng"): "password authentication failed.*Check user",
        postgres.url("nowhere", password=postgres.PASSWORD): 'database "nowhere" does not exist.*createdb',
        url.replace(port, ":1/"): "refused.*Check that the server runs",
        url.replace("127.0.0.1", "no.such.host.invalid"): "Check that the server runs",
        "postgres://builder:wr0ng@127.0.0.1:nan/db": "Cannot connect",
        "postgres://127.0.0.1:1/db?password=wr0ng&x=1": "Cannot connect",
    }.items():
        with pytest.raises(TargetError, match=reason) as error:
            connect(broken, options={"connect_timeout": 2})
        assert "wr0ng" not in str(error.value)
        assert "s3cr" not in str(error.value)
        assert "\n" not in str(error.value)


def test_a_server_that_is_too_old_is_refused(url, monkeypatch):
    monkeypatch.setattr("pipeline.engines.postgres.OLDEST", 99)
    with pytest.raises(TargetError, match="the models need 99 or newer"):
        connect(url)


def test_without_the_driver_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "pipeline.engines.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(TargetError, match=r"pip install 'aa-pipeline\[postgres\]'"):
        connect("postgres://host/db")


def test_an_unknown_option_is_refused_with_the_close_match(url):
    with pytest.raises(ConfigError, match="Did you mean statement_timeout"):
        connect(url, options={"statement_timeouts": "1s"})


def test_the_password_is_in_nothing_that_is_shown(engine, postgres):
    shown = [engine.url, repr(engine), str(vars(engine.connection.info))]
    activity = engine.fetch("SELECT application_name, query FROM pg_stat_activity")
    assert "s3cr" not in f"{shown} {activity}"


@pytest.mark.parametrize("native", ["text", "json", "jsonb"])
def test_json_may_be_stored_in_any_way_and_what_is_none_is_null(engine, compiled, native):
    documents = ['{"session.id": "ü\\u00e9"}', "{}", None]
    broken = {
        "text": ['{"a": 1', "", '{"a": "\\ud800"}', "[" * 9999],
        "json": ['{"a": "\\ud800"}'],
        "jsonb": [],
    }
    nul = [] if native == "jsonb" else ['{"a": "\\u0000"}']
    engine.create_schema("raw")
    engine.execute(f"CREATE TABLE raw.otel_logs (id int, timestamp timestamp, attributes {native})")
    rows = [(n, "2026-01-01 12:00", text) for n, text in enumerate(documents + nul + broken[native])]
    engine.append("raw", "otel_logs", ["id", "timestamp", "attributes"], rows)
    plan = compiled("postgres", shapes=engine.shapes("raw"))
    read = (
        "SELECT CAST(attributes AS jsonb) ->> 'session.id', CAST(attributes AS jsonb) ->> 'a', timestamp"
        f" FROM {plan.tables['raw_otel_logs'].relation} ORDER BY id"
    )
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    expected = [("üé", None), (None, None), (None, None), *((None, "\ufffd") for _ in nul)]
    expected += [(None, None) for _ in broken[native]]
    assert engine.fetch(read) == [(*values, noon) for values in expected]


def test_texts_are_compared_by_code_points_whatever_the_locale(engine, compiled):
    assert engine.fetch("SELECT 'a' < 'B'") == [(True,)]  # the database's own order
    engine.create_schema("raw")
    engine.execute("CREATE TABLE raw.otel_logs (id int, timestamp timestamptz, attributes json, body text)")
    rows = [(n, "2026-01-01", "{}", body) for n, body in enumerate("aBÄ")]
    engine.append("raw", "otel_logs", ["id", "timestamp", "attributes", "body"], rows)
    plan = compiled("postgres", shapes=engine.shapes("raw"))
    found = engine.fetch(f"SELECT body FROM {plan.tables['raw_otel_logs'].relation} ORDER BY body")
    assert "".join(row[0] for row in found) == "BaÄ"
