"""Inputs that never end, or unpack to more than is theirs: refused with the reason, and the rest lands."""

import gzip
import json
import os
import socket

import pytest
import zstandard

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from tests.ingest.otlp.samples import lines, log, logs

TELEMETRY = lines(logs(log({"n": 1})))
REPORT = json.dumps({"day": "2026-03-10", "user_login": "ada", "code_generation_activity_count": 1}) + "\n"
PROMPT = {"type": "user", "sessionId": "s1", "uuid": "u1", "timestamp": "2026-03-10T09:00:00Z"}
TRANSCRIPT = json.dumps(PROMPT | {"message": {"role": "user", "content": "x"}}) + "\n"

INGESTS = {
    "otlp": (ingest_otlp, TELEMETRY, "otel_logs"),
    "copilot": (ingest_copilot, REPORT, "copilot_metrics"),
    "transcripts": (ingest_transcripts, TRANSCRIPT, "otel_logs"),
}


@pytest.fixture(params=INGESTS)
def ingest(request, tmp_path):
    """Ingests files beside a good one, which lands; what was said of them."""
    function, good, table = INGESTS[request.param]
    path = tmp_path / "good.jsonl"
    path.write_text(good)

    def ingest(*paths):
        with connect(":memory:") as engine:
            try:
                said = " ".join(function(engine, [*map(str, paths), str(path)]).warnings)
            except IngestError as error:  # says what could not be read; the rest has landed
                said = str(error)
            assert engine.fetch(f"SELECT count(*) > 0 FROM raw.{table}") == [(True,)]
            reasons = engine.fetch("SELECT reason FROM meta.quarantine")
            return " ".join([said, *(reason for (reason,) in reasons)])

    ingest.good = good.encode()
    return ingest


@pytest.fixture
def low_limit(monkeypatch):
    """What a file may unpack to: a kilobyte and twice its size."""
    monkeypatch.setattr("pipeline.system.compressed.AT_LEAST", 1 << 10)
    monkeypatch.setattr("pipeline.system.compressed.TIMES", 2)


def test_pipes_devices_and_sockets_are_named_and_not_waited_for(ingest, tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link.jsonl").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        said = ingest(tmp_path / "pipe.jsonl", tmp_path / "link.jsonl", tmp_path / "s")
    for name, reason in (
        ("pipe.jsonl", "it is a pipe, no file"),
        ("link.jsonl", "it is a device, no file"),
        ("s", "it is a socket, no file"),
    ):
        assert f"{tmp_path / name}" in said
        assert reason in said


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("filling", [b"\0", b"{}\n"])
def test_what_unpacks_to_more_than_the_limit_is_refused(ingest, low_limit, tmp_path, compress, filling):
    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(compress(ingest.good + filling * (1 << 18)))
    said = ingest(bomb)
    assert str(bomb) in said
    assert "it unpacks to more than " in said


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("filling", [b"\0", b"{}\n"])
def test_what_unpacks_to_too_much_only_later_is_read_no_further(
    ingest, low_limit, monkeypatch, tmp_path, compress, filling
):
    monkeypatch.setattr("pipeline.system.compressed.LOOKED_AT", 0)
    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(compress(ingest.good + filling * (1 << 18)))
    assert "it unpacks to more than " in ingest(bomb)


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_what_is_within_the_limit_is_read(ingest, low_limit, tmp_path, compress):
    (tmp_path / "a.jsonl.gz").write_bytes(compress(ingest.good))
    assert ingest(tmp_path / "a.jsonl.gz").strip() == ""


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_report_in_one_document_is_not_held_beyond_the_longest(monkeypatch, tmp_path, compress):
    monkeypatch.setattr("pipeline.ingest.documents.LONGEST", 1000)
    (tmp_path / "a.json.gz").write_bytes(compress(b"[\n" + b" " * 5000 + b"]"))
    with connect(":memory:") as engine, pytest.raises(IngestError, match="longer than"):
        ingest_copilot(engine, [str(tmp_path / "a.json.gz")])


def test_a_message_that_unpacks_to_more_than_the_longest_is_put_aside(monkeypatch, tmp_path):
    monkeypatch.setattr("pipeline.ingest.otlp.reader.LONGEST", 1000)
    messages = [zstandard.compress(TELEMETRY.encode() + b" " * padding) for padding in (0, 1000)]
    framed = b"".join(len(message).to_bytes(4, "big") + message for message in messages)
    (tmp_path / "a.pb").write_bytes(framed)
    with connect(":memory:") as engine:
        result = ingest_otlp(engine, [tmp_path / "a.pb"])
        assert (result.landed, result.quarantined) == (1, 1)
        assert engine.fetch("SELECT line, reason FROM meta.quarantine") == [
            (2, "message 2: it unpacks to more than 0 MB")
        ]
