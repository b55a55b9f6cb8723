"""`ingest clickhouse`, from a real ClickHouse with the exporter's tables."""

import datetime as dt
import json
import socket
import threading

import pytest

from pipeline import run
from pipeline.compile.plan_cache import load
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import IngestError, SetupError
from pipeline.ingest.collector.clickhouse import ingest_clickhouse
from pipeline.ingest.otlp.ingest import ingest_otlp
from tests.ingest.collector import exporter
from tests.ingest.collector.conftest import _start
from tests.ingest.otlp.samples import RESOURCE, TIME, key_values, log, logs, metric, point

pytestmark = pytest.mark.slow

DAY = 86_400 * 10**9
HOUR = DAY // 24
NOON = dt.datetime(2026, 11, 15, 12, tzinfo=dt.UTC)
TABLES = ("otel_logs", "otel_metrics", "otel_spans")
REQUEST = {
    "event.name": "api_request",
    "session.id": "s1",
    "user.email": "ada@example.com",
    "model": "claude-sonnet-4-5",
    "request_id": "r1",
    "input_tokens": "100",
    "cost_usd": "0.25",
}
ENDED = {"count": "3", "sum": 4.5}


def everything(attributes=REQUEST):
    """One record of each kind that the exporter has a table for."""
    scope = {"name": "com.anthropic.claude_code", "version": "2.1"}
    kinds = {"sum": {}, "gauge": {}, "histogram": ENDED, "exponentialHistogram": ENDED, "summary": ENDED}
    return {
        **logs(
            log(attributes, severityText="INFO", severityNumber=9, traceId="0a" * 16, spanId="0b" * 8),
            log(attributes, at=TIME + 123_456_789, body="claude_code.tool_result", severityNumber=17),
        ),
        "resourceMetrics": [
            {
                "resource": {"attributes": key_values(RESOURCE)},
                "scopeMetrics": [
                    {
                        "scope": scope,
                        "metrics": [
                            metric(
                                point(2.5, {"type": "input"}, start=TIME - HOUR, **fields),
                                kind=kind,
                                name=f"claude_code.{kind}",
                            )
                            for kind, fields in kinds.items()
                        ],
                    }
                ],
            }
        ],
        "resourceSpans": [
            {
                "resource": {"attributes": key_values(RESOURCE)},
                "scopeSpans": [
                    {
                        "scope": scope,
                        "spans": [
                            {
                                "traceId": "0a" * 16,
                                "spanId": "0b" * 8,
                                "parentSpanId": "0c" * 8,
                                "name": "claude_code.llm_request",
                                "startTimeUnixNano": str(TIME),
                                "endTimeUnixNano": str(TIME + 1_500_000_001),
                                "status": {"code": 2},
                                "attributes": key_values(attributes),
                            }
                        ],
                    }
                ],
            }
        ],
    }


def landed(engine, tables=TABLES):
    """The rows of the raw tables, without what tells when they landed."""
    return {
        table: engine.fetch_dicts(f"SELECT * EXCLUDE (id, created_at) FROM raw.{table} ORDER BY record_hash")
        for table in tables
        if table in engine.shapes("raw")
    }


def from_file(document, folder, tables=TABLES):
    file = folder / "export.jsonl"
    file.write_text(json.dumps(document))
    with connect(":memory:") as engine:
        ingest_otlp(engine, [file])
        return landed(engine, tables)


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


def test_the_same_rows_land_as_from_a_file(clickhouse, engine, tmp_path):
    clickhouse.export(everything())
    result = ingest_clickhouse(engine, clickhouse.url)
    assert (result.rows_in, result.landed, result.warnings) == (8, 8, ())
    assert landed(engine) == from_file(everything(), tmp_path)


def test_json_columns_keep_numbers_lists_and_dotted_names(clickhouse, engine, tmp_path):
    attributes = {**REQUEST, "input_tokens": 100, "cost_usd": 0.25, "success": True, "tools": ["a", "b"]}
    clickhouse.export(everything(attributes), exporter.JSON)
    assert ingest_clickhouse(engine, clickhouse.url).landed == 8
    assert landed(engine) == from_file(everything(attributes), tmp_path)


def test_a_map_has_every_attribute_as_text(clickhouse, engine, tmp_path):
    clickhouse.export(logs(log({**REQUEST, "input_tokens": 100, "success": True})))
    ingest_clickhouse(engine, clickhouse.url)
    (row,) = landed(engine)["otel_logs"]
    told = json.loads(row["attributes"])
    assert (told["input_tokens"], told["success"]) == ("100", "true")


def test_a_time_of_observation_stands_for_one_that_is_missing(clickhouse, engine, tmp_path):
    record = {"observedTimeUnixNano": str(TIME), "body": {"stringValue": "claude_code.user_prompt"}}
    clickhouse.export(logs(record))
    ingest_clickhouse(engine, clickhouse.url)
    (row,) = landed(engine)["otel_logs"]
    assert row["timestamp"].timestamp() * 10**9 == TIME


def test_points_without_a_value_are_none(clickhouse, engine):
    nothing = metric(point(0.0, flags=1))
    document = {
        "resourceMetrics": [
            {"resource": {"attributes": key_values(RESOURCE)}, "scopeMetrics": [{"metrics": [nothing]}]}
        ]
    }
    clickhouse.export(document)
    result = ingest_clickhouse(engine, clickhouse.url)
    assert (result.rows_in, result.landed, result.empty) == (0, 0, 1)


def test_older_tables_that_know_only_seconds_are_read(clickhouse, engine, tmp_path):
    clickhouse.export(everything(), time="DateTime")
    ingest_clickhouse(engine, clickhouse.url)
    assert landed(engine) == from_file(everything(), tmp_path)


def test_twice_adds_nothing(clickhouse, engine):
    clickhouse.export(everything())
    ingest_clickhouse(engine, clickhouse.url)
    again = ingest_clickhouse(engine, clickhouse.url)
    assert (again.landed, again.duplicates, again.quarantined) == (0, 8, 0)


def test_it_goes_on_where_it_stopped_and_a_day_before(clickhouse, engine):
    old = [log(REQUEST, at=TIME - 3 * DAY), log(REQUEST, at=TIME - HOUR), log(REQUEST)]
    clickhouse.export(logs(*old))
    ingest_clickhouse(engine, clickhouse.url)
    late, new = log(REQUEST, at=TIME - 2 * HOUR), log(REQUEST, at=TIME + HOUR)
    clickhouse.export(logs(late, new))
    again = ingest_clickhouse(engine, clickhouse.url)
    assert (again.landed, again.duplicates, again.warnings) == (2, 2, ())


def test_what_came_later_than_a_day_is_not_missed(clickhouse, engine):
    clickhouse.export(logs(log(REQUEST)))
    ingest_clickhouse(engine, clickhouse.url)
    clickhouse.export(logs(log(REQUEST, at=TIME - 9 * DAY)))
    again = ingest_clickhouse(engine, clickhouse.url)
    assert again.warnings == ("otel_logs has rows that came later than a day: it is read whole.",)
    assert (again.landed, again.duplicates) == (1, 1)
    assert ingest_clickhouse(engine, clickhouse.url).warnings == ()


def test_a_clock_that_is_years_ahead_hides_nothing(clickhouse, engine):
    clickhouse.export(logs(log(REQUEST), log(REQUEST, at=TIME + 20 * 365 * DAY)))
    ingest_clickhouse(engine, clickhouse.url)
    clickhouse.export(logs(log(REQUEST, at=TIME + HOUR)))
    assert ingest_clickhouse(engine, clickhouse.url).landed == 1


def test_without_rows_to_show_for_it_nothing_counts_as_read(clickhouse, engine):
    clickhouse.export(logs(log(REQUEST, at=TIME - 9 * DAY), log(REQUEST)))
    ingest_clickhouse(engine, clickhouse.url)
    engine.execute("DELETE FROM raw.otel_logs")
    assert ingest_clickhouse(engine, clickhouse.url).landed == 2


def test_tables_are_known_by_their_columns_not_by_their_names(clickhouse, engine, tmp_path):
    clickhouse.export(logs(log(REQUEST)), names={"otel_logs": "agents"})
    assert ingest_clickhouse(engine, clickhouse.url).warnings == ()
    assert landed(engine, ["otel_logs"]) == from_file(logs(log(REQUEST)), tmp_path, ["otel_logs"])


def test_tables_and_columns_that_are_not_known_are_named(clickhouse, engine):
    clickhouse.export(logs(log(REQUEST)))
    clickhouse.execute("ALTER TABLE otel_logs ADD COLUMN Team String, DROP COLUMN SeverityText")
    clickhouse.execute("CREATE TABLE otel_profiles (Samples UInt64) ENGINE = MergeTree ORDER BY Samples")
    lookup = "TraceId String, Start DateTime, End DateTime"
    clickhouse.execute(f"CREATE TABLE otel_traces_trace_id_ts ({lookup}) ENGINE = MergeTree ORDER BY Start")
    assert ingest_clickhouse(engine, clickhouse.url).warnings == (
        "otel_profiles is no table of logs, metrics or traces that we know, and is not read.",
        "otel_logs: columns that are not known, and not read: Team.",
        "otel_logs lacks columns that are read elsewhere: SeverityText.",
    )


def test_rows_that_cannot_be_are_put_aside_and_the_others_land(clickhouse, engine):
    clickhouse.export(logs(log(REQUEST), log(REQUEST, at=0)))
    result = ingest_clickhouse(engine, clickhouse.url)
    assert (result.landed, result.quarantined) == (1, 1)
    assert engine.fetch("SELECT file, reason FROM meta.quarantine") == [
        ("otel_logs", "a row of otel_logs: it has no time")
    ]


def test_content_stays_out_unless_it_is_asked_for(clickhouse, engine):
    clickhouse.export(logs(log({**REQUEST, "prompt": "our secret plan"})))
    assert ingest_clickhouse(engine, clickhouse.url).dropped == ("prompt",)
    assert "our secret plan" not in str(landed(engine))


def test_marts_are_the_same_as_from_files(clickhouse, company):
    def marts(ingest):
        with connect(":memory:") as engine:
            make_missing_raw_tables(engine)
            ingest(engine)
            plan = load("duckdb", Config(internal_domains=("example.com",)), engine.shapes("raw"))
            assert run.build(engine, plan, as_of=NOON).status == "success"
            names = [key for key in engine.kinds() if key[0] in ("mart", "intermediate")]
            return {
                name: sorted(map(repr, engine.fetch(f"SELECT * FROM {'.'.join(name)}"))) for name in names
            }

    files = sorted((company / "telemetry").glob("*.jsonl"))
    whole = {}
    for line in "".join(file.read_text() for file in files).splitlines():
        for key, of_resources in json.loads(line).items():
            whole.setdefault(key, []).extend(of_resources)
    clickhouse.export(whole)
    from_clickhouse = marts(lambda engine: ingest_clickhouse(engine, clickhouse.url))
    from_files = marts(lambda engine: ingest_otlp(engine, files))
    assert from_clickhouse == from_files
    assert from_files["mart", "fct_agent_costs"]


@pytest.mark.parametrize(
    "url", ["localhost:8123", "ftp://localhost/otel", "http:///otel", "http://localhost:port/otel"]
)
def test_what_is_no_address_is_said(engine, url):
    with pytest.raises(SetupError, match="address of ClickHouse is not understood"):
        ingest_clickhouse(engine, url)


def test_a_database_without_such_tables_is_said(clickhouse, engine):
    clickhouse.execute("CREATE TABLE visits (id UInt64) ENGINE = MergeTree ORDER BY id")
    with pytest.raises(IngestError, match=r"has no table of the Collector's .* Its tables are: visits\."):
        ingest_clickhouse(engine, clickhouse.url)


def test_a_server_that_is_not_there_is_said(engine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(IngestError, match="Check host, port"):
            ingest_clickhouse(engine, f"http://127.0.0.1:{taken.getsockname()[1]}/otel")


def test_the_password_is_in_the_environment_or_the_url_and_in_no_message(
    clickhouse_port, engine, monkeypatch
):
    server, port = _start("clickhouse_server.py", SERVER_PASSWORD="s3cret")
    try:
        url = f"http://127.0.0.1:{port}/default"
        with pytest.raises(IngestError, match=r"\(403\).*Authentication failed.*CLICKHOUSE_PASSWORD"):
            ingest_clickhouse(engine, url)
        with pytest.raises(IngestError) as wrong:
            ingest_clickhouse(engine, url.replace("//", "//ada:wr0ng@"))
        assert "wr0ng" not in str(wrong.value)
        monkeypatch.setenv("CLICKHOUSE_PASSWORD", "s3cret")
        with pytest.raises(IngestError, match="has no table"):
            ingest_clickhouse(engine, url)
    finally:
        server.communicate("")
    assert "s3cret" not in str(engine.fetch("SELECT * FROM meta.ingests"))


@pytest.mark.parametrize(
    "end", [b"Code: 241. DB::Exception: Memory limit exceeded\n", b'{"exception": "Memory limit exceeded"}\n']
)
def test_an_answer_that_ends_in_an_error_lands_nothing(engine, end):
    row = json.dumps({"table": "otel_logs", "name": "Body", "type": "String", "engine": "MergeTree"})
    body = row.encode() + b"\n" + end

    def answer(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=[listener])
        thread.start()
        with pytest.raises(IngestError, match=r"stopped amid its answer: .*Memory limit exceeded"):
            ingest_clickhouse(engine, f"http://127.0.0.1:{listener.getsockname()[1]}/otel")
        thread.join()
    assert "ingests" not in engine.shapes("meta") or engine.fetch("FROM meta.ingests") == []
