"""The landing: all or nothing, once, and every record accounted for."""

import datetime as dt

import pytest

from pipeline.engines import connect
from pipeline.ingest.landing.arrow import Summary, append_arrow
from pipeline.ingest.landing.landing import Landing

NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
COMMIT = {"commit_hash": "a1", "commit_message": "First", "commit_timestamp": NOON}
EVENT = {"timestamp": NOON, "event_name": "x", "attributes": {"session.id": "s", "n": 1}}


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


def land(engine, table, *records):
    with Landing(engine, "test", ["here"]) as landing:
        landing.land(table, records)
    return landing.result


def rows(engine, sql):
    return engine.fetch(sql)


def test_missing_tables_are_made_as_the_contract_says(engine):
    land(engine, "git_commits", COMMIT)

    from schemas.raw import RawGitCommits

    assert list(engine.shapes("raw")["git_commits"]) == list(RawGitCommits.columns())
    assert engine.shapes("raw")["git_commits"]["commit_timestamp"] == "TIMESTAMP WITH TIME ZONE"


def test_rows_are_numbered_in_order_of_arrival(engine):
    land(engine, "git_commits", COMMIT, COMMIT | {"commit_hash": "b2"})
    land(engine, "git_commits", COMMIT | {"commit_hash": "c3"})

    assert rows(engine, "SELECT id, commit_hash FROM raw.git_commits ORDER BY id") == [
        (1, "a1"),
        (2, "b2"),
        (3, "c3"),
    ]


def test_the_same_record_lands_once_within_an_ingest_and_between_ingests(engine):
    first = land(engine, "otel_logs", EVENT, EVENT)
    second = land(engine, "otel_logs", EVENT, EVENT | {"event_name": "y"})

    assert (first.rows_in, first.landed, first.duplicates) == (2, 1, 1)
    assert (second.rows_in, second.landed, second.duplicates) == (2, 1, 1)
    assert rows(engine, "SELECT count(*) FROM raw.otel_logs") == [(2,)]


def test_a_commit_is_the_same_whatever_else_is_said_of_it(engine):
    land(engine, "git_commits", COMMIT)
    result = land(engine, "git_commits", COMMIT | {"commit_message": "Other"})

    assert result.duplicates == 1


def test_the_order_of_keys_and_the_zone_of_an_instant_make_no_other_record(engine):
    berlin = dt.timezone(dt.timedelta(hours=1))
    turned = {
        "attributes": {"n": 1, "session.id": "s"},
        "event_name": "x",
        "timestamp": NOON.astimezone(berlin),
    }

    assert land(engine, "otel_logs", EVENT, turned).duplicates == 1


def test_the_account_is_kept_in_meta(engine):
    with Landing(engine, "otlp", ["a.json", "b.json"]) as landing:
        landing.land("otel_logs", [EVENT, EVENT])
        landing.quarantine("a.json", 7, "no JSON", "\x00x" * 300)

    assert landing.result.landed_by_table == {"otel_logs": 1}
    assert engine.fetch_dicts(
        "SELECT source, inputs, rows_in, landed, duplicates, quarantined FROM meta.ingests"
    ) == [
        {
            "source": "otlp",
            "inputs": "a.json\nb.json",
            "rows_in": 3,
            "landed": 1,
            "duplicates": 1,
            "quarantined": 1,
        }
    ]
    assert rows(engine, "SELECT file, line, reason, length(excerpt) FROM meta.quarantine") == [
        ("a.json", 7, "no JSON", 200)
    ]


def test_after_an_error_nothing_of_the_ingest_is_there(engine):
    land(engine, "git_commits", COMMIT)

    def half_way():
        with Landing(engine, "git", ["x"]) as landing:
            landing.land("git_commits", [COMMIT | {"commit_hash": "b2"}])
            assert landing.result.landed == 1
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half_way()

    assert rows(engine, "SELECT commit_hash FROM raw.git_commits") == [("a1",)]
    assert rows(engine, "SELECT count(*) FROM meta.ingests") == [(1,)]


def test_a_table_of_another_backend_gets_our_columns_and_keeps_its_rows(engine):
    engine.create_schema("raw")
    engine.execute(
        "CREATE TABLE raw.otel_logs (id INTEGER, timestamp TIMESTAMP, developer_id VARCHAR,"
        " severity VARCHAR, body VARCHAR, attributes VARCHAR, created_at TIMESTAMP)"
    )
    engine.execute("INSERT INTO raw.otel_logs VALUES (41, '2026-01-01', 'd', NULL, 'b', '{}', NULL)")

    land(engine, "otel_logs", EVENT)

    assert rows(engine, "SELECT id, timestamp, event_name, attributes FROM raw.otel_logs ORDER BY id") == [
        (41, dt.datetime(2026, 1, 1), None, "{}"),
        (42, dt.datetime(2026, 1, 2, 12), "x", '{"n":1,"session.id":"s"}'),
    ]


def test_values_that_databases_refuse_are_made_harmless(engine):
    deep: list = []
    for _ in range(10_000):
        deep = [deep]
    attributes = {"nul": "a\x00b", "half": "\ud83d", "big": 2**70, "nan": float("nan")}
    land(engine, "otel_logs", EVENT | {"body": "\x00", "attributes": attributes})
    land(engine, "otel_logs", EVENT | {"attributes": {"deep": deep}})

    assert rows(engine, "SELECT body, attributes FROM raw.otel_logs WHERE id = 1") == [
        ("�", '{"big":"1180591620717411303424","half":"?","nan":null,"nul":"a�b"}')
    ]
    assert rows(engine, "SELECT count(*) FROM raw.otel_logs") == [(2,)]


def test_arrow_tables_land_like_records(engine):
    import pyarrow as pa

    table = pa.table(
        {
            "timestamp": pa.array([NOON, NOON, NOON], pa.timestamp("us", "UTC")),
            "body": ["a", "b", "a"],
            "record_hash": ["h1", "h2", "h1"],
        }
    )
    summary = Summary(all_different=False, oldest=NOON, newest=NOON)
    with Landing(engine, "otlp", ["x"]) as landing:
        landing.land_arrow("otel_logs", table, summary)
        landing.land_arrow("otel_logs", table, summary)

    assert (landing.result.landed, landing.result.duplicates) == (2, 4)
    assert rows(engine, "SELECT id, body, created_at IS NULL FROM raw.otel_logs ORDER BY id") == [
        (1, "a", False),
        (2, "b", False),
    ]


def land_hours(landing, *hours):
    import pyarrow as pa

    times = [NOON + dt.timedelta(hours=hour) for hour in hours]
    table = pa.table(
        {
            "timestamp": pa.array(times, pa.timestamp("us", "UTC")),
            "record_hash": [f"h{hour}" for hour in hours],
        }
    )
    summary = Summary(all_different=True, oldest=min(times), newest=max(times))
    landing.land_arrow("otel_logs", table, summary)


def test_arrow_tables_of_whatever_times_land_once(engine):
    def duplicates_after(landing, *hours):
        land_hours(landing, *hours)
        return landing.result.duplicates

    with Landing(engine, "otlp", ["x"]) as landing:
        assert duplicates_after(landing, 1, 5) == 0
        assert duplicates_after(landing, 6, 9) == 0
        assert duplicates_after(landing, -3, 0) == 0
        assert duplicates_after(landing, 3, 5) == 1
        assert duplicates_after(landing, 9, 10) == 2
        landing.land("otel_logs", [{"record_hash": "h20", "timestamp": NOON + dt.timedelta(hours=20)}])
        assert landing.result.duplicates == 2
        assert duplicates_after(landing, 20) == 3
        assert duplicates_after(landing, -3) == 4
    with Landing(engine, "otlp", ["x"]) as landing:
        assert duplicates_after(landing, 0, 9, 11) == 2


@pytest.mark.parametrize("batch", [1, 3, 5, 100])
def test_arrow_tables_that_wait_for_each_other_land_once(engine, monkeypatch, batch):
    monkeypatch.setattr("pipeline.ingest.landing.landing.BATCH", batch)
    with Landing(engine, "otlp", ["x"]) as landing:
        for hours in [(1, 5), (6, 9), (3, 5), (9, 10), (20,), (20,)]:
            land_hours(landing, *hours)
    assert (landing.result.landed, landing.result.duplicates) == (7, 3)
    assert rows(engine, "SELECT id, record_hash FROM raw.otel_logs ORDER BY id") == [
        (number, f"h{hour}") for number, hour in enumerate([1, 5, 6, 9, 3, 10, 20], start=1)
    ]


def test_more_records_than_one_batch(engine, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.landing.landing.BATCH", 3)
    result = land(engine, "git_commits", *(COMMIT | {"commit_hash": f"{n % 7}"} for n in range(20)))

    assert (result.rows_in, result.landed, result.duplicates) == (20, 7, 13)


def test_an_arrow_table_is_appended_through_any_engine(engine):
    import pyarrow as pa

    engine.create_schema("raw")
    engine.execute("CREATE TABLE raw.t (a BIGINT, b VARCHAR)")
    append_arrow(engine, "raw", "t", pa.table({"b": ["x", None], "a": [1, 2]}))

    assert rows(engine, "SELECT a, b FROM raw.t ORDER BY a") == [(1, "x"), (2, None)]


def test_the_database_gets_its_memory_and_threads_back(tmp_path):
    limits = "SELECT current_setting('memory_limit'), current_setting('threads')"
    with connect(str(tmp_path / "x.duckdb"), memory_limit="2GiB") as engine:
        engine.execute("SET threads = 3")
        with Landing(engine, "test", []):
            assert engine.fetch(limits) == [("192.0 MiB", 1)]
        assert engine.fetch(limits) == [("2.0 GiB", 3)]
    with (
        connect(str(tmp_path / "y.duckdb"), memory_limit="100MiB") as engine,
        Landing(engine, "test", []),
    ):
        assert engine.fetch(limits) == [("100.0 MiB", 1)]


def test_the_quarantine_says_how_many_records_a_row_stands_for(engine):
    with Landing(engine, "otlp", ["a.json"]) as landing:
        landing.quarantine("a.json", 7, "no JSON")
        landing.quarantine("a.json", None, "more like that", count=5)
        landing.not_read("a.json", "acme", "turn", "tokens", 3)
    assert engine.fetch("SELECT records FROM meta.quarantine") == [(1,), (5,), (3,)]
    assert (landing.result.quarantined, landing.result.not_counted) == (6, 3)


def test_many_rows_land_as_a_few_do(monkeypatch):
    """Many take another way into DuckDB."""
    import pyarrow  # noqa: F401 # where it is not imported, they do not

    texts = ["x", "", "\x00", "ü \ud800", None, "NaN"]
    logs = [
        EVENT
        | {"timestamp": NOON.replace(minute=number % 60, microsecond=number), "record_hash": str(number)}
        | {"developer_id": texts[number % 6], "attributes": {"ü": texts[number % 6], "n": number}}
        for number in range(30)
    ]
    commits = [
        COMMIT
        | {"commit_hash": str(number), "lines_added": number or None, "agent_assisted": number % 2 == 0}
        for number in range(30)
    ]

    def landed():
        with connect(":memory:") as engine:
            land(engine, "otel_logs", *logs)
            land(engine, "git_commits", *commits)
            columns = "id, timestamp, developer_id, event_name, attributes, body, record_hash"
            of_logs = rows(engine, f"SELECT {columns} FROM raw.otel_logs ORDER BY id")
            columns = "id, commit_hash, commit_message, commit_timestamp, lines_added, agent_assisted"
            return of_logs, rows(engine, f"SELECT {columns} FROM raw.git_commits ORDER BY id")

    few = landed()
    monkeypatch.setattr("pipeline.ingest.landing.arrow.MANY", 1)
    assert landed() == few
