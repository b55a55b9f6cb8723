"""Events of OpenLineage, as its own client sends them: to a file, and over HTTP."""

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

import pytest
from openlineage.client import OpenLineageClient

from pipeline import run
from pipeline.engines import connect
from pipeline.errors import QueryError
from pipeline.outputs.openlineage import BuildEvents
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def engine(tmp_path):
    with connect(f"duckdb://{tmp_path}/shop.duckdb") as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.sales AS SELECT CAST(1 AS BIGINT) AS id, TIMESTAMP '2026-01-01' AS timestamp,"
            " 'tea' AS product, 2.5 AS amount, CAST(NULL AS JSON) AS attributes"
        )
        yield engine


@pytest.fixture
def told(tmp_path):
    """Builds, and gives the events."""
    file = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(file), "append": True}

    def build(engine):
        events = BuildEvents(OpenLineageClient(config={"transport": transport}))
        events.start()
        plan = compile_shop(shapes=engine.shapes("raw"))
        result = run.build(engine, plan, as_of=NOW, project_dir=tmp_path)
        events.finish(plan, result, None)
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]

    return build


def test_a_build_begins_and_is_complete_and_so_is_each_table_in_it(engine, told):
    events = told(engine)
    assert [(event["job"]["name"], event["eventType"]) for event in events] == [
        ("build", "START"),
        ("staging.products", "START"),
        ("staging.products", "COMPLETE"),
        ("staging.stg_recent_visits", "START"),
        ("staging.stg_recent_visits", "COMPLETE"),
        ("staging.stg_sales", "START"),
        ("staging.stg_sales", "COMPLETE"),
        ("mart.fct_visits", "START"),
        ("mart.fct_visits", "COMPLETE"),
        ("mart.dim_products", "START"),
        ("mart.dim_products", "COMPLETE"),
        ("mart.fct_product_sales", "START"),
        ("mart.fct_product_sales", "COMPLETE"),
        ("build", "COMPLETE"),
    ]
    runs = {(event["job"]["name"], event["run"]["runId"]) for event in events}
    assert len(runs) == 7
    assert all(UUID(number) for _, number in runs)
    of_tables = [event for event in events if event["job"]["name"] != "build"]
    parents = {event["run"]["facets"]["parent"]["run"]["runId"] for event in of_tables}
    assert parents == {events[0]["run"]["runId"]}


def test_a_column_says_what_it_is_made_of(engine, told, tmp_path):
    event = told(engine)[-2]
    namespace = f"duckdb://{tmp_path}/shop.duckdb"
    assert [(i["namespace"], i["name"]) for i in event["inputs"]] == [(namespace, "staging.stg_sales")]
    (output,) = event["outputs"]
    assert (output["namespace"], output["name"]) == (namespace, "mart.fct_product_sales")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 1
    lineage = output["facets"]["columnLineage"]["fields"]["revenue_usd"]["inputFields"]
    assert [
        (found["name"], found["field"], [how["type"] for how in found["transformations"]])
        for found in lineage
    ] == [("staging.stg_sales", "amount_usd", ["DIRECT"])]
    fields = {field["name"]: field["type"] for field in output["facets"]["schema"]["fields"]}
    assert fields == {"product": "VARCHAR", "sales": "BIGINT", "revenue_usd": "DOUBLE"}


def test_what_was_checked_is_told_of_its_table(engine, told):
    checked = {one["name"]: one["inputFacets"] for one in told(engine)[-1]["inputs"]}
    assertions = checked["mart.dim_products"]["dataQualityAssertions"]["assertions"]
    found = {(one["assertion"], one["column"], one["success"]) for one in assertions if one.get("column")}
    assert {("unique", "product", True), ("not_null", "product", True)} <= found


def test_a_build_that_fails_has_failed_with_its_tables(engine, told):
    engine.execute("INSERT INTO raw.sales SELECT * FROM raw.sales")
    events = told(engine)
    assert events[-1]["eventType"] == "FAIL"
    assert {event["eventType"] for event in events[1:-1]} == {"START", "FAIL"}
    assertions = {
        one["name"]: assertion["success"]
        for one in events[-1]["inputs"]
        for assertion in one["inputFacets"]["dataQualityAssertions"]["assertions"]
        if assertion["name"] == "unique(sale_id)"
    }
    assert assertions == {"staging.stg_sales": False}


def test_an_error_before_anything_was_done_is_told(tmp_path):
    file = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    events = BuildEvents(OpenLineageClient(config={"transport": transport}))
    events.finish(None, None, str(QueryError("The database refused.")))
    (event,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert event["run"]["facets"]["errorMessage"]["message"] == "The database refused."


class Listener(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def command(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from pipeline.cli import cli

    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    return lambda: CliRunner().invoke(cli, ["build", "--openlineage"])


def test_the_command_tells_whom_the_environment_names(command, monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), Listener)
    server.told = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        assert command().exit_code == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    told = [(event["job"]["name"], event["eventType"]) for event in server.told]
    assert (told[0], told[-1]) == (("build", "START"), ("build", "COMPLETE"))
    assert ("mart.fct_agent_costs", "COMPLETE") in told


def test_a_build_goes_on_where_nobody_listens(command, monkeypatch):
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        port = server.server_port
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY__TOTAL", "0")
    done = command()
    assert done.exit_code == 0
    assert "OpenLineage was not told" in done.stderr
