"""`ingest parquet`, from files that a real ClickHouse wrote, and from DuckDB's."""

import duckdb
import pytest

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.collector.clickhouse import ingest_clickhouse
from pipeline.ingest.collector.parquet import ingest_parquet
from tests.ingest.collector.test_clickhouse import REQUEST, TIME, everything, from_file, landed
from tests.ingest.otlp.samples import log, logs

COLUMNS = """
SELECT make_timestamp_ns({time}) AS Timestamp, 'INFO' AS SeverityText, 9::UTINYINT AS SeverityNumber,
    'claude-code' AS ServiceName, {body} AS Body, '' AS TraceId, '' AS SpanId, '' AS ScopeName,
    '' AS ScopeVersion, MAP {{'service.name': 'claude-code'}} AS ResourceAttributes,
    {attributes} AS LogAttributes
"""


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


def write(file, time=TIME, body="'claude_code.api_request'", attributes="MAP {'session.id': 's1'}"):
    file.parent.mkdir(exist_ok=True)
    duckdb.sql(COLUMNS.format(time=time, body=body, attributes=attributes)).write_parquet(str(file))


@pytest.mark.slow
def test_what_clickhouse_writes_lands_as_from_its_tables_and_from_a_file(clickhouse, engine, tmp_path):
    clickhouse.export(everything())
    for table in clickhouse.execute("SHOW TABLES").split():
        file = tmp_path / "archive" / f"{table.strip(chr(34))}.parquet"
        file.parent.mkdir(exist_ok=True)
        clickhouse.execute(f"SELECT * FROM {file.stem} INTO OUTFILE '{file}' FORMAT Parquet")
    result = ingest_parquet(engine, [str(tmp_path / "archive")])
    assert (result.rows_in, result.landed, result.warnings) == (8, 8, ())
    assert landed(engine) == from_file(everything(), tmp_path)
    assert ingest_clickhouse(engine, clickhouse.url).duplicates == 8


def test_the_same_file_twice_adds_nothing(engine, tmp_path):
    write(tmp_path / "logs.parquet")
    assert ingest_parquet(engine, [str(tmp_path)]).landed == 1
    again = ingest_parquet(engine, [str(tmp_path / "*.parquet"), str(tmp_path / "logs.parquet")])
    assert (again.landed, again.duplicates) == (0, 1)


@pytest.mark.parametrize(
    "attributes",
    [
        "MAP {'session.id': 's1', 'input_tokens': '100'}",
        "{'session.id': 's1', 'input_tokens': '100'}",
        """'{"session": {"id": "s1"}, "input_tokens": "100"}'""",
        """'{"session.id": "s1", "input_tokens": "100"}'::JSON""",
    ],
)
def test_attributes_are_a_map_a_structure_or_json(engine, tmp_path, attributes):
    write(tmp_path / "logs.parquet", attributes=attributes)
    ingest_parquet(engine, [str(tmp_path / "logs.parquet")])
    told = '{"input_tokens":"100","session.id":"s1"}'
    assert [row["attributes"] for row in landed(engine)["otel_logs"]] == [told]


def test_text_that_is_not_marked_as_such_is_text(engine, tmp_path):
    write(tmp_path / "logs.parquet", body="'claude_code.api_request'::BLOB")
    ingest_parquet(engine, [str(tmp_path)])
    assert landed(engine)["otel_logs"][0]["body"] == "claude_code.api_request"


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ", "VARCHAR", "UINTEGER"])
def test_times_of_any_type_are_the_same_instant(engine, tmp_path, kind):
    write(tmp_path / "logs.parquet")
    time = f"epoch(Timestamp)::{kind}" if kind == "UINTEGER" else f"Timestamp::{kind}"
    changed = duckdb.sql(f"SELECT * REPLACE ({time} AS Timestamp) FROM '{tmp_path / 'logs.parquet'}'")
    changed.write_parquet(str(tmp_path / "changed.parquet"))
    ingest_parquet(engine, [str(tmp_path / "changed.parquet")])
    assert landed(engine)["otel_logs"][0]["timestamp"].timestamp() * 10**9 == TIME


def test_a_name_with_a_pattern_is_a_name(engine, tmp_path):
    write(tmp_path / "logs[1].parquet")
    assert ingest_parquet(engine, [str(tmp_path / "logs[1].parquet")]).landed == 1


def test_files_that_hold_something_else_are_named_and_the_others_land(engine, tmp_path):
    write(tmp_path / "logs.parquet")
    duckdb.sql("SELECT 1 AS visits").write_parquet(str(tmp_path / "other.parquet"))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    result = ingest_parquet(engine, [str(tmp_path)])
    assert result.landed == 1
    cannot, other = sorted(
        warning for warning in result.warnings if ".parquet " in warning and "lacks" not in warning
    )
    assert "broken.parquet cannot be read: " in cannot
    assert other.endswith("other.parquet has no columns of logs, metrics or traces that we know.")


def test_where_nothing_can_be_read_nothing_lands(engine, tmp_path):
    with pytest.raises(IngestError, match=r"nowhere\.parquet: there is no \.parquet file"):
        ingest_parquet(engine, [str(tmp_path / "nowhere.parquet")])


def test_a_bucket_is_not_read_and_that_is_said(engine):
    with pytest.raises(IngestError, match="is elsewhere, and only this machine and s3:// are read"):
        ingest_parquet(engine, ["gs://ours/logs.parquet"])


def test_the_same_record_lands_once_from_parquet_and_from_otlp(engine, tmp_path):
    attributes = ", ".join(f"'{name}': '{value}'" for name, value in REQUEST.items())
    write(tmp_path / "logs.parquet", attributes=f"MAP {{{attributes}}}")
    ingest_parquet(engine, [str(tmp_path)])
    record = log(REQUEST, severityText="INFO")
    (row,) = landed(engine)["otel_logs"]
    document = logs(record, resource={"service.name": "claude-code"}, scope=None)
    assert row["record_hash"] == from_file(document, tmp_path)["otel_logs"][0]["record_hash"]
