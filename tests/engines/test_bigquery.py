"""The BigQuery engine, through Google's client, against an emulator."""

import datetime as dt
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import ibis
import pytest

from pipeline.compile import dialects
from pipeline.compile.compiler import compile_plan
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.errors import ConfigError, DatabaseLockedError, QueryError, TargetError
from pipeline.models.operations import json_columns
from pipeline.plan import PlanColumn, PlanTable
from pipeline.plan.render import quote
from pipeline.run import build
from pipeline.run.failures import Failures, store
from tests.engines.servers import bigquery_emulator

MART = "SELECT DATE '2026-01-01' AS `date`, 'ada' AS `developer_id`, 'codex' AS `agent_type`, {} AS `n`"
OPTIONS = {"labels": {"team": "platform"}, "maximum_bytes_billed": 20_000, "location": "EU"}


@pytest.fixture
def url(new_bigquery):
    return new_bigquery()


@pytest.fixture
def engine(url):
    with connect(url) as engine:
        yield engine


def publish(engine, number):
    """Build the table mart.t with that number in it; how many rows it has."""
    with engine.transaction():
        engine.create_schema("mart")
        return engine.create("mart", "t", MART.format(number), "table", None)


def jobs(engine):
    """The jobs of the project as the server keeps them."""
    return list(engine.client.list_jobs())


def test_rows_land_with_the_types_of_the_table(engine):
    types = {"i": "INT64", "f": "FLOAT64", "s": "STRING", "b": "BOOL", "t": "TIMESTAMP", "d": "DATE"}
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)
    rows = [
        (2**62, -0.0, "O'Hara 日本 🦆\n\t\\", True, moment, dt.date(2028, 2, 29)),
        (None, None, None, None, None, None),
        (0, 1e300, "", False, moment.astimezone(dt.timezone(dt.timedelta(hours=9))), dt.date(1970, 1, 1)),
    ]
    with engine.transaction():
        engine.create_schema("raw")
        engine.create_empty("raw", "t", types, None)
        assert engine.append("raw", "t", [*types], rows) == 3
    assert engine.shapes("raw") == {"t": types}
    assert sorted(engine.fetch("SELECT * FROM raw.t WHERE i IS NOT NULL"), reverse=True) == [rows[0], rows[2]]
    assert engine.fetch("SELECT count(*) FROM raw.t WHERE i IS NULL AND s IS NULL AND t IS NULL") == [(1,)]


def test_parameters_stand_for_question_marks(engine):
    assert engine.fetch("SELECT ?, ?, '?'", [7, "O'Hara"]) == [(7, "O'Hara", "?")]


def test_a_build_says_how_many_rows_a_table_has(engine):
    assert publish(engine, 1) == 1


def test_what_fails_leaves_the_old_tables_and_nothing_else(engine):
    publish(engine, 1)
    before = engine.objects("mart")

    def build_and_fail():
        with engine.transaction():
            engine.create("mart", "t", MART.format(2), "table", "table")
            engine.create("mart", "u", MART.format(2), "table", None)
            engine.execute("SELECT * FROM mart.nothing_there")

    with pytest.raises(QueryError, match="nothing_there"):
        build_and_fail()
    assert engine.fetch("SELECT n FROM mart.t") == [(1,)]
    assert engine.objects("mart") == before
    assert publish(engine, 3) == 1
    assert engine.fetch("SELECT n FROM mart.t") == [(3,)]


def test_readers_see_the_old_table_until_the_new_one_takes_its_place(engine, url):
    publish(engine, 1)
    with connect(url) as reader:
        with engine.transaction():
            engine.create("mart", "t", MART.format(2), "table", "table")
            assert engine.fetch("SELECT n FROM `mart`.`t`") == [(2,)]
            assert reader.fetch("SELECT n FROM mart.t") == [(1,)]
        assert reader.fetch("SELECT n FROM mart.t") == [(2,)]


def test_old_versions_go_but_for_the_last_that_a_query_may_still_read(engine):
    for number in range(4):
        publish(engine, number)
    assert sorted(engine.objects("mart").values()) == ["table", "table", "view"]
    engine.drop("mart", "t", "table")
    assert engine.objects("mart") == {}


def test_versions_that_a_clock_in_the_future_has_named_make_way_for_new_ones(engine):
    publish(engine, 1)
    for number, version in enumerate(("t__v7ffffffffff0", "t__v7ffffffffff1")):
        engine.execute(f"CREATE TABLE mart.{version} AS SELECT {number} AS n")
    for number in (2, 3, 4):
        publish(engine, number)
        assert engine.fetch("SELECT n FROM mart.t") == [(number,)]
    assert sorted(engine.objects("mart")) == ["t", "t__v7ffffffffff3", "t__v7ffffffffff4"]


def test_one_process_writes_at_a_time_and_the_other_says_who(engine, url):
    with (
        engine.transaction(),
        connect(url, wait=0.1) as other,
        pytest.raises(DatabaseLockedError, match=r"is being written by process \d+@"),
        other.transaction(),
    ):
        pass
    with connect(url, wait=0.1) as other, other.transaction():
        pass


def test_a_process_that_died_holds_nobody_up(engine, url):
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    engine.create_schema("meta")
    assert engine.create_lock(f"{gone.stdout.strip()}@{socket.gethostname()} since yesterday")
    assert publish(engine, 1) == 1


def test_what_audits_failed_on_is_kept_anew_each_time(engine):
    column = PlanColumn("n", "int64", "INT64", nullable=True, description="")
    table = PlanTable("t", "marts", "mart", "model", "", [column], [])
    for rows in [(1,)], [(2,), (3,)]:
        with engine.transaction():
            store(engine, {"t": table}, [Failures("t", "positive(n)", ["n"], rows)])
        assert sorted(engine.fetch("SELECT n FROM audit.t__positive_n")) == rows
    with engine.transaction():
        store(engine, {"t": table}, [])
    assert engine.objects("audit") == {}


def test_a_build_that_fails_while_it_publishes_is_done_again(engine):
    """Its tables are made by then, and the run metadata must not say that people can see them."""
    engine.create_schema("raw")
    types = {"id": "INT64", "timestamp": "TIMESTAMP", "product": "STRING", "amount": "FLOAT64"}
    with engine.transaction():
        engine.execute(
            f"CREATE TABLE raw.sales ({', '.join(map(' '.join, types.items()))}, attributes STRING)"
        )

    def sell_and_build(number):
        engine.append(
            "raw", "sales", [*types], [(number, dt.datetime(2026, 1, number, tzinfo=dt.UTC), "tea", 1.0)]
        )
        return build_shop(engine)

    assert sell_and_build(1).status == "success"
    engine.execute("DROP VIEW staging.stg_sales")
    engine.execute("CREATE TABLE staging.stg_sales AS SELECT 'somebody else' AS owner")
    with pytest.raises(QueryError):
        sell_and_build(2)
    engine.execute("DROP TABLE staging.stg_sales")
    assert build_shop(engine).status == "success"
    assert engine.fetch("SELECT sales FROM mart.fct_product_sales WHERE product = 'tea'") == [(2,)]


def build_shop(engine):
    """Build the small project of tests/projects/shop."""
    shop = {"models": "tests.projects.shop.models", "schemas": "tests.projects.shop.schemas"}
    return build(engine, compile_plan("bigquery", Config(), engine.shapes("raw"), **shop))


def test_marts_are_stored_by_day_and_sorted_by_whom_they_are_about(engine):
    publish(engine, 1)
    version = next(name for name, kind in engine.objects("mart").items() if kind == "table")
    assert engine.client.get_table(f"mart.{version}").time_partitioning.field == "date"
    assert "PARTITION BY `date` CLUSTER BY `developer_id`, `agent_type` AS" in " ".join(
        job.query for job in jobs(engine) if job.job_type == "query"
    )
    without_day = "SELECT\n  1 AS `n`\nFROM (\n  SELECT\n    CURRENT_DATE() AS `date`\n)"
    assert engine.storage("mart", "table", without_day) == ""


def test_descriptions_tell_bi_tools_what_a_column_is(engine):
    with engine.transaction():
        engine.create_schema("mart")
        engine.create("mart", "t", MART.format(1), "table", None)
        engine.describe("mart", "t", "table", "One row per test.", {"n": "A number."})
    view = engine.client.get_table("mart.t")
    assert view.table_type == "VIEW"
    assert view.description == "One row per test."
    assert {field.name: field.description for field in view.schema}["n"] == "A number."
    assert engine.fetch("SELECT n FROM mart.t") == [(1,)]


def test_every_job_carries_labels_and_the_limit_of_bytes(url):
    with connect(url, options=OPTIONS) as engine:
        with engine.transaction():
            engine.create_schema("mart")
            engine.create_empty("mart", "t", {"n": "INT64"}, None)
            engine.append("mart", "t", ["n"], [(2,)])
        sent = jobs(engine)
        assert {job.job_type for job in sent} == {"query", "load"}
        for job in sent:
            assert job.labels == {"application": "aa-pipeline", "team": "platform"}
        assert {job.maximum_bytes_billed for job in sent if job.job_type == "query"} == {20_000}


def test_datasets_are_made_where_the_target_says_and_found_elsewhere_is_said(url):
    with connect(url, options=OPTIONS) as engine:
        publish(engine, 1)
        assert engine.client.location == "EU"
        assert engine.client.get_dataset("mart").location == "EU"
    with (
        connect(f"{url}&location=US") as engine,
        pytest.raises(TargetError, match=r"is in EU.*location is US"),
    ):
        publish(engine, 2)


def test_a_statement_beyond_the_limit_of_bytes_fails_and_says_what_to_change(url):
    with connect(f"{url}&maximum_bytes_billed=10") as engine:
        assert engine.bytes_to_scan("SELECT 1") == len("SELECT 1")
        with pytest.raises(QueryError, match=r"limit for bytes billed: 10.*option maximum_bytes_billed"):
            engine.fetch("SELECT 'longer than ten'")


def test_a_dry_run_runs_nothing(engine):
    engine.create_schema("mart")
    assert engine.bytes_to_scan("CREATE TABLE mart.t AS SELECT 1 AS n") > 0
    assert engine.objects("mart") == {}


def test_an_interrupt_cancels_the_job_which_would_be_billed_otherwise(engine):
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(engine.fetch, "SELECT 'for ever'")
        while waiting.running() and not engine._last_job:
            time.sleep(0.01)
        engine.interrupt()
        with pytest.raises(QueryError, match="Job execution was cancelled"):
            waiting.result(timeout=30)
    assert engine.fetch("SELECT 1") == [(1,)]


def test_missing_rights_are_said_with_the_roles_that_give_them(emulator):
    with (
        connect(emulator.url("read-only-project")) as engine,
        pytest.raises(QueryError, match=r"bigquery\.datasets\.create permission.*BigQuery Data Editor"),
    ):
        publish(engine, 1)


def test_where_nothing_answers_that_is_said(emulator):
    with pytest.raises(TargetError, match=r"Connection refused\. Check the network"):
        connect("bigquery://project?api_endpoint=http://127.0.0.1:1")


@pytest.mark.slow
def test_a_lost_connection_is_said(tmp_path, monkeypatch):
    with bigquery_emulator() as server, connect(server.url("project")) as engine:
        monkeypatch.setattr("pipeline.engines.bigquery.SECONDS_OF_RETRY", 1)
        publish(engine, 1)
        server.stop()
        with pytest.raises(QueryError, match=r"The connection to BigQuery was lost.*Nothing was published"):
            publish(engine, 2)


def test_without_credentials_it_is_said_how_to_get_some(monkeypatch, tmp_path):
    pytest.importorskip("google.cloud.bigquery", reason="pip install 'aa-pipeline[bigquery]'")
    for variable in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # else it looks for a machine of Google's
    with pytest.raises(TargetError, match="gcloud auth application-default login"):
        connect("bigquery://project")


def test_without_the_client_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "pipeline.engines.bigquery", raising=False)
    monkeypatch.setitem(sys.modules, "google.api_core.exceptions", None)
    with pytest.raises(TargetError, match=r"pip install 'aa-pipeline\[bigquery\]'"):
        connect("bigquery://project")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"maximum_bytes_bill": 1}, "Did you mean maximum_bytes_billed"),
        ({"maximum_bytes_billed": "1 GB"}, "must be a number of bytes"),
        ({"labels": "team"}, "must be a table of texts"),
        ({"labels": {"team": 1}}, "must be a table of texts"),
    ],
)
def test_an_option_that_cannot_be_is_refused(url, options, words):
    with pytest.raises(ConfigError, match=words):
        connect(url, options=options)


def test_a_value_of_a_json_object_is_the_text_that_the_other_engines_give(engine):
    texts = ['{"a.b": "x", "c": {"d": [1]}}', '{"a.b": 1.5, "c": [true]}', '{"a.b": null}', "{}"]
    rows = " UNION ALL ".join(f"SELECT {n} AS n, '{text}' AS text" for n, text in enumerate(texts))
    told = ibis.table({"n": "int64", "text": "string"}, name="t")
    table, values = json_columns(told, {"text": ["a.b", "c"]})
    expression = table.select("n", **{"ab": values["text"]["a.b"], "c": values["text"]["c"]}).order_by("n")

    def found(dialect, fetch):
        sql = dialects.text(dialects.query(expression, dialect), dialect)
        quoted = quote("t", dialect)
        rows_of_t = sql.replace(f"FROM {quoted} AS", f"FROM ({rows}) AS")
        return [(n, ab, json.loads(c) if c else c) for n, ab, c in fetch(rows_of_t)]

    with connect(":memory:") as duckdb:
        expected = found("duckdb", duckdb.fetch)
    assert expected[0] == (0, "x", {"d": [1]})
    assert found("bigquery", engine.fetch) == expected
