"""What is past its days goes, and what of it still counts for what is left stays."""

import datetime as dt

import pytest

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.config import Config
from pipeline.engines import connect, meta
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.outputs.report.read import read_report
from pipeline.plan.check_results import CheckResult
from pipeline.run.record import record
from pipeline.run.results import FailingRow, RunResult, TableResult
from pipeline.run.retention import WHOLE_RUNS, Removed, Retention
from tests.projects import compile_shop

NOW = dt.datetime(2026, 3, 31, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


def apply(engine, days, now=NOW, timezone="UTC", plan=None, **options):
    plan = plan or plan_cache.load(engine.dialect, Config(), engine.shapes("raw"))
    return Retention(engine, plan, days, timezone, now).apply(**options)


def insert(engine, table, *rows):
    """Rows of a raw table, numbered."""
    for number, row in enumerate(rows, start=1):
        engine.append("raw", table, ["id", *row], [(number, *row.values())])


def ids(engine, table):
    return [number for (number,) in engine.fetch(f"SELECT id FROM raw.{table} ORDER BY id")]


def fill(engine):
    """Of each raw table a row of every day up to that of `NOW`, and one a microsecond before midnight."""
    make_missing_raw_tables(engine)
    times = [dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in range(1, 32)]
    times += [dt.datetime(2026, 3, 29, 23, 59, 59, 999_999, dt.UTC)]
    insert(engine, "otel_logs", *({"timestamp": at, "attributes": "{}"} for at in times))
    insert(engine, "otel_spans", *({"start_timestamp": at, "attributes": "{}"} for at in times))
    insert(engine, "git_commits", *({"commit_timestamp": at, "commit_hash": "c"} for at in times))
    insert(engine, "copilot_metrics", *({"date": at.date(), "language_breakdown": "[]"} for at in times))
    insert(engine, "otel_metrics", *({"timestamp": at, "metric_name": "m"} for at in times))


def raw_rows_go_by_whole_days(engine):
    fill(engine)
    days = {"otel_logs": 1, "otel_spans": 2, "git_commits": 3, "copilot_metrics": 1}
    would = apply(engine, days, dry_run=True)
    assert [len(ids(engine, table)) for table in days] == [32] * 4
    assert apply(engine, days) == would
    assert {found.table: found.rows for found in would} == {
        "otel_logs": 30,  # all before the 30th, its last microsecond included
        "otel_spans": 28,
        "git_commits": 27,
        "copilot_metrics": 30,
    }
    assert {table: ids(engine, table) for table in days} == {
        "otel_logs": [30, 31],
        "otel_spans": [29, 30, 31, 32],
        "git_commits": [28, 29, 30, 31, 32],
        "copilot_metrics": [30, 31],
    }
    assert len(ids(engine, "otel_metrics")) == 32  # nothing says for how long
    assert apply(engine, days) == []


def a_cumulative_series_goes_whole(engine):
    make_missing_raw_tables(engine)
    old, new = NOW - 20 * DAY, NOW - 1 * DAY

    def point(at, temporality="cumulative", session="s1", start=old):
        return {
            "timestamp": at,
            "metric_name": "claude_code.token.usage",
            "metric_value": 1,
            "attributes": f'{{"session.id": "{session}"}}',
            "temporality": temporality,
            "start_timestamp": start,
        }

    insert(
        engine,
        "otel_metrics",
        point(old),  # goes on
        point(new),
        point(old, session="s2"),  # ended
        point(old, session="s3"),  # begins anew
        point(new, session="s3", start=new),
        point(old, temporality="delta"),
        point(old, temporality=None),
    )
    apply(engine, {"otel_metrics": 10})
    assert ids(engine, "otel_metrics") == [1, 2, 5]


def test_raw_rows_go_by_whole_days(engine):
    raw_rows_go_by_whole_days(engine)


def test_a_cumulative_series_goes_whole(engine):
    a_cumulative_series_goes_whole(engine)


def test_days_begin_where_the_configuration_says(engine):
    fill(engine)
    # It is the 31st in Berlin and the 30th in New York, whose days begin four hours after those of UTC.
    apply(engine, {"otel_logs": 1}, timezone="America/New_York")
    assert ids(engine, "otel_logs") == [30, 31, 32]


def test_a_table_of_another_backend_is_read_as_it_is(engine):
    engine.create_schema("raw")
    engine.execute(
        "CREATE TABLE raw.otel_metrics AS SELECT range::INTEGER AS id, 'm' AS metric_name, 1 AS metric_value,"
        " TIMESTAMP '2026-03-01' + INTERVAL (range) DAY AS timestamp, NULL AS developer_id,"
        " '{}' AS attributes, NULL::TIMESTAMP AS created_at FROM range(31)"
    )
    engine.execute("CREATE TABLE elsewhere AS SELECT 1 AS id, TIMESTAMP '2026-01-01' AS timestamp")
    engine.execute(
        "CREATE VIEW raw.otel_logs AS SELECT *, '' AS developer_id, '' AS severity, '' AS body,"
        " '{}' AS attributes, timestamp AS created_at FROM elsewhere"
    )
    plan = plan_cache.load("duckdb", Config(), engine.shapes("raw"))
    retention = Retention(engine, plan, {"otel_metrics": 2, "otel_logs": 2, "git_commits": 1}, "UTC", NOW)
    assert retention.apply() == [Removed("raw", "otel_metrics", 28)]
    assert retention.warnings == ["raw.otel_logs is a view: its rows stay."]
    assert ids(engine, "otel_metrics") == [28, 29, 30]
    assert ids(engine, "otel_logs") == [1]


def test_quarantine_and_ingests_go_by_days_and_the_last_ingest_stays(engine):
    meta.ensure(engine)
    for number, day in enumerate((1, 2, 3), start=1):
        at = NOW - (40 - day) * DAY
        engine.append("meta", "ingests", ["ingest_id", "ingest_number", "started_at"], [(day, number, at)])
        engine.append("meta", "quarantine", ["ingest_id", "created_at"], [(day, at)])
    apply(engine, {"quarantine": 38, "ingests": 10}, plan=compile_shop(shapes={}))
    assert engine.fetch("SELECT ingest_id FROM meta.quarantine ORDER BY 1") == [("2",), ("3",)]
    assert engine.fetch("SELECT ingest_id FROM meta.ingests") == [("3",)]


# Runs


def check(name, status):
    return CheckResult("t", name, "custom", [], "error", status, 0, 1, None, "", None)


def an_hourly_run(engine, hour, *, tables=(), status="passed"):
    """A run with three checks, one of which warns at noon."""
    result = RunResult("build", NOW, "t", "f", "1", started_at=NOW + hour * dt.timedelta(hours=1))
    result.tables = [TableResult(name, "mart", name, "full", "") for name in tables]
    result.tables += [TableResult("u", "mart", "u", "skipped", "")]
    result.audits = [check("a", "passed"), check("b", "proven"), check("c", status)]
    result.failing_rows = [FailingRow("t", "c", 1, "{}")] if status != "passed" else []
    record(engine, result)
    return result.run_id


def count(engine, *tables):
    return [engine.fetch(f"SELECT count(*) FROM meta.{table}")[0][0] for table in tables]


def old_runs_are_rolled_up(engine):
    meta.ensure(engine)
    made_t = an_hourly_run(engine, 0, tables=["t"])
    warned = an_hourly_run(engine, 1, status="warned")
    for hour in range(2, 40):
        an_hourly_run(engine, hour)
    assert apply(engine, {}, plan=compile_shop(engine.dialect, shapes={})) == [
        Removed("meta", "run_tables", 27),
        Removed("meta", "audit_results", 27 * 3 - 1),
        Removed("meta", "audit_failures", 1),
    ]
    # The last twelve, and the one that made what stands.
    assert count(engine, "runs", "run_tables", "audit_results") == [40, 14, 13 * 3 + 1]
    rest = engine.fetch(f"SELECT audit, status FROM meta.audit_results WHERE run_id = '{warned}'")
    assert rest == [("c", "warned")]
    totals = engine.fetch(
        f"SELECT status, audits FROM meta.audit_totals WHERE run_id = '{warned}' ORDER BY 1"
    )
    assert totals == [("passed", 1), ("proven", 1), ("warned", 1)]
    assert engine.fetch("SELECT sum(audits) FROM meta.audit_totals") == [(27 * 3,)]
    trend = [past.run_id for past in read_report(engine).trend]
    assert len(trend) == WHOLE_RUNS
    assert read_report(engine, made_t).counts["passed"] == 2
    # Again nothing, and after one more run one more.
    assert apply(engine, {}, plan=compile_shop(engine.dialect, shapes={})) == []
    an_hourly_run(engine, 41)
    assert count(engine, "audit_results") == [14 * 3 + 1]
    apply(engine, {}, plan=compile_shop(engine.dialect, shapes={}))
    assert count(engine, "run_tables", "audit_results") == [14, 13 * 3 + 1]


def test_old_runs_are_rolled_up(engine):
    old_runs_are_rolled_up(engine)


def test_runs_go_by_days_with_all_that_is_theirs(engine):
    meta.ensure(engine)
    made_t = an_hourly_run(engine, -2000, tables=["t"])
    for hour in range(-1999, -1959):
        an_hourly_run(engine, hour, status="failed")
    for hour in range(20):
        an_hourly_run(engine, hour)
    shop = compile_shop(shapes={})
    apply(engine, {}, plan=shop)
    assert count(engine, "runs", "audit_totals", "audit_results") == [61, 40 * 3 + 8 * 2, 13 * 3 + 40]
    apply(engine, {"runs": 30}, plan=shop)
    assert count(engine, "runs", "run_tables", "audit_results") == [21, 14, 13 * 3]
    assert engine.fetch(f"SELECT count(*) FROM meta.runs WHERE run_id = '{made_t}'") == [(1,)]
    assert count(engine, "audit_totals") == [8 * 2]


def test_results_stay_whole_for_as_many_days_as_the_configuration_says(engine):
    meta.ensure(engine)
    for day in reversed(range(40)):
        an_hourly_run(engine, -24 * day, tables=["t"], status="warned")
    apply(engine, {"audit_results": 20, "audit_failures": 15, "run_tables": 15}, plan=compile_shop(shapes={}))
    assert count(engine, "runs", "audit_results", "audit_failures", "run_tables") == [40, 63, 16, 32]


@pytest.mark.slow
def test_a_build_after_it_publishes_what_a_full_one_would(tmp_path):
    with connect(f"duckdb://{tmp_path / 'a.duckdb'}") as engine:
        fill(engine)
        engine.execute("UPDATE raw.git_commits SET commit_hash = id, author_email = 'ada@example.com'")
        plan = plan_cache.load("duckdb", Config(), engine.shapes("raw"))
        run.build(engine, plan, as_of=NOW)
        apply(engine, {"git_commits": 5, "otel_logs": 5})

        def published():
            tables = [key for key, kind in engine.kinds().items() if kind == "table" and key[0] == "mart"]
            return {key: engine.fetch(f"FROM {engine.name(*key)} ORDER BY ALL") for key in tables}

        assert run.build(engine, plan, as_of=NOW).status == "success"
        after = published()
        assert len(after["mart", "fct_git_commits"]) == 7
        run.build(engine, plan, as_of=NOW, full_refresh=True)
        assert published() == after


@pytest.mark.slow
def test_run_metadata_does_not_grow_with_the_number_of_builds(engine, tmp_path):
    engine.create_schema("raw")
    engine.execute(
        "CREATE TABLE raw.sales AS SELECT 1 AS id, now() AS timestamp, 'tea' AS product, 2.5 AS amount"
    )
    engine.execute("CREATE TABLE raw.visits AS SELECT 1 AS id, now() AS timestamp")
    plan = compile_shop(shapes=engine.shapes("raw"))

    def rows_after(builds):
        for _ in range(builds):
            engine.execute("INSERT INTO raw.visits SELECT max(id) + 1, now() FROM raw.visits")
            assert run.build(engine, plan, project_dir=tmp_path).status == "success"
        apply(engine, {}, plan=plan)
        return count(engine, "run_tables", "audit_results", "audit_failures")

    assert rows_after(20) == rows_after(20)
