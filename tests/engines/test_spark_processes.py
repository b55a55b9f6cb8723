"""Several processes on one warehouse of Spark: one writes, the others wait or say who does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import Pipeline
from pipeline.config import SOURCES
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.ingest.otlp.ingest import ingest_otlp

# PySpark leaves its sockets to Python to close.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

AA = Path(sys.executable).with_name("aa-pipeline")


LOG = {
    "resourceLogs": [
        {
            "scopeLogs": [
                {
                    "logRecords": [
                        {
                            "timeUnixNano": "1763110800000000000",
                            "body": {"stringValue": "claude_code.user_prompt"},
                            "attributes": [{"key": "session.id", "value": {"stringValue": "new"}}],
                        }
                    ]
                }
            ]
        }
    ]
}


@pytest.fixture(params=["catalogue of the folder", "metastore"])
def url(request, tmp_path):
    """A warehouse whose catalogue lets one process in, and one whose catalogue serves several."""
    spark = request.getfixturevalue("spark")
    # One machine's cores are enough, and two applications would wait for those of the cluster.
    url = f"pyspark://{tmp_path}/warehouse?spark.master=local[1]&spark.sql.shuffle.partitions=1"
    if request.param == "metastore":
        url += f"&spark.hadoop.hive.metastore.uris=thrift://127.0.0.1:{spark.start_metastore()}"
    return url


def test_who_writes_second_waits_or_says_who_writes(url, tmp_path):
    def init(wait):
        return subprocess.Popen(
            [AA, "init", "--target", url, "--wait", wait],
            **{"cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True},
        )

    with connect(url) as engine, engine.transaction():
        hasty, patient = init("0.5"), init("120")
        said = hasty.communicate(timeout=120)[1]
        assert hasty.returncode == 1, said
        assert "waited 0.5 s. Let it finish, or try again later with a longer --wait." in said
        assert len(said.strip().splitlines()) == 1
        engine.create_schema("raw")
        assert patient.poll() is None
    said = patient.communicate(timeout=120)[1]
    assert patient.returncode == 0, said
    with connect(url, read_only=True) as engine:
        assert len(engine.kinds()) == len(SOURCES)


def test_a_cluster_without_a_worker_for_us_is_named(spark, tmp_path):
    program = (
        "from pipeline.cli import main; from pipeline.engines import spark_session;"
        "spark_session.SECONDS_TO_GET_WORKER = 1; main()"
    )
    url = spark.url(tmp_path / "warehouse") + "&spark.executor.memory=900g"
    done = subprocess.run(
        [sys.executable, "-c", program, "init", "--target", url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    assert "has no worker for us; waited 1 s. Either none is alive" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.usefixtures("spark")
def test_a_catalogue_that_another_program_holds_is_named(tmp_path):
    warehouse = tmp_path / "warehouse"
    foreign = f"""
from pyspark.sql import SparkSession
database = "jdbc:derby:;databaseName={warehouse}/_metastore;create=true"
builder = SparkSession.builder.master("local[1]").config("spark.sql.catalogImplementation", "hive")
builder = builder.config("spark.driver.extraJavaOptions", "-Dderby.stream.error.file=/dev/null")
builder = builder.config("spark.hadoop.javax.jdo.option.ConnectionURL", database)
builder.getOrCreate().sql("SHOW DATABASES").collect()
print("up", flush=True)
input()
"""
    url = f"pyspark://{warehouse}?spark.master=local[1]"
    with subprocess.Popen(
        [sys.executable, "-c", foreign],
        **{"cwd": tmp_path, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE},
        **{"stderr": subprocess.DEVNULL, "text": True},
    ) as program:
        assert program.stdout.readline() == "up\n"
        done = subprocess.run(
            [AA, "init", "--target", url], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        program.communicate("\n", timeout=60)
    assert done.returncode == 1, done.stderr
    assert f"The catalogue in {warehouse} is held by another program." in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_notebook_reads_what_landed_and_stands_in_no_ingests_way(spark, tmp_path):
    url = f"pyspark://{tmp_path}/warehouse?spark.master=local[1]&spark.sql.shuffle.partitions=1"
    (tmp_path / "log.json").write_text(json.dumps(LOG))
    with connect(url) as engine:
        make_missing_raw_tables(engine)
        ingest_otlp(engine, [str(tmp_path / "log.json")])
    notebook = Pipeline(url)
    assert notebook.otel_logs.count().execute() == 1
    with connect(url, wait=0) as engine:
        ingest_otlp(engine, [str(tmp_path / "log.json")])
        assert engine.fetch("SELECT count(*) FROM raw.otel_logs") == [(1,)]
