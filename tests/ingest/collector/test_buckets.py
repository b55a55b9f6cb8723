"""`ingest parquet s3://…`: from a real server, as from this machine."""

import pytest

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.collector.parquet import ingest_parquet
from tests.ingest.collector.test_clickhouse import landed
from tests.ingest.collector.test_parquet import write

pytestmark = pytest.mark.slow


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


@pytest.fixture
def filled(bucket, tmp_path):
    """Three files of logs in folders, and one of something else; and the same in a folder here."""
    for number, name in enumerate(["11/logs-01.parquet", "11/logs-02.parquet", "12/logs-01.parquet"]):
        file = tmp_path / "archive" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, time=1_793_700_000_000_000_000 + number)
        bucket.put(f"archive/{name}", file.read_bytes())
    bucket.put("archive/README.md", b"not telemetry")
    return bucket


def test_a_bucket_gives_the_rows_that_files_here_give_and_twice_no_more(filled, engine, tmp_path):
    address = f"s3://{filled.name}/archive/"
    result = ingest_parquet(engine, [address])
    assert (result.rows_in, result.landed, result.warnings) == (3, 3, ())
    with connect(":memory:") as other:
        ingest_parquet(other, [str(tmp_path / "archive")])
        assert landed(engine) == landed(other)
    again = ingest_parquet(engine, [address, f"s3://{filled.name}/archive/11/logs-01.parquet"])
    assert (again.landed, again.duplicates) == (0, 3)


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [
        ("archive/11/logs-01.parquet", 1),
        ("archive/11", 2),
        ("archive/*/logs-01.parquet", 2),
        ("archive/*.parquet", 0),
        ("**/logs-0?.parquet", 3),
        ("archive/1[2]/*", 1),
        ("archive/1[!2]/*", 2),
    ],
)
def test_files_folders_and_patterns_mean_what_they_mean_here(filled, engine, pattern, rows):
    address = f"s3://{filled.name}/{pattern}"
    if rows:
        assert ingest_parquet(engine, [address]).landed == rows
    else:
        with pytest.raises(IngestError, match=r"there is no \.parquet file"):
            ingest_parquet(engine, [address])


def test_a_key_is_taken_literally(bucket, engine, tmp_path):
    file = tmp_path / "logs.parquet"
    write(file)
    bucket.put("a b/Ü%2F'ö.parquet", file.read_bytes())
    assert ingest_parquet(engine, [f"s3://{bucket.name}/a b"]).landed == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://", "names no bucket"),
        ("s3://nobody-has-this/x", "there is no such bucket|there is no .parquet file"),
        ("s3://me:nobody-may-see-this@ours/x", "Credentials do not belong into an address"),
        ("gs://ours/x", "only this machine and s3:// are read"),
    ],
)
def test_what_cannot_be_read_is_said_and_no_secret_with_it(bucket, engine, address, said):
    with pytest.raises(IngestError, match=said) as refused:
        ingest_parquet(engine, [address])
    assert "nobody-may-see-this" not in str(refused.value)


def test_an_address_with_a_secret_is_refused_before_it_is_noted(filled, engine):
    addresses = [f"s3://{filled.name}/archive", "s3://me:nobody-may-see-this@ours/x"]
    with pytest.raises(IngestError, match="Credentials do not belong"):
        ingest_parquet(engine, addresses)
    assert not engine.shapes("meta")


def test_a_file_that_is_none_is_named_and_the_others_land(filled, engine):
    filled.put("archive/broken.parquet", b"not Parquet")
    result = ingest_parquet(engine, [f"s3://{filled.name}/archive"])
    assert result.landed == 3
    (warning,) = result.warnings
    assert f"s3://{filled.name}/archive/broken.parquet cannot be read" in warning


def test_a_server_that_is_not_there_is_said_to_be(bucket, engine, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(IngestError, match="it cannot be reached"):
        ingest_parquet(engine, ["s3://ours/x"])
