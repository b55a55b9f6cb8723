"""The receiver, through real sockets: what it acknowledges is kept, whatever happens."""

import datetime as dt
import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pipeline.engines import connect, meta
from pipeline.engines.forgotten import ID, Forgotten, StandIn
from pipeline.errors import DatabaseLockedError, SetupError
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.otlp.limits import Limits
from pipeline.ingest.otlp.receiver import Receiver, check_exposure, parse_address
from pipeline.ingest.otlp.spool import Spool
from pipeline.system.pseudonyms import KEY_VARIABLE
from tests.ingest.otlp.samples import lines, log, logs, metric, metrics, point, span, spans

pytestmark = pytest.mark.slow

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
ONE = logs(log({"n": 1}))
TWO = logs(log({"n": 2}), log({"n": 3}))
TOKEN = "a-long-enough-token"


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "x.duckdb"
    with connect(str(path)):
        pass
    return str(path)


@pytest.fixture
def said():
    return []


@pytest.fixture
def receive(tmp_path, database, said):
    def start(**options):
        return Receiver(
            options.pop("connect", lambda: connect(database)),
            options.pop("address", "127.0.0.1:0"),
            tmp_path / "spool",
            say=said.append,
            interval=options.pop("interval", 0.05),
            **options,
        )

    return start


def send(receiver, path, body, content_type=JSON, method="POST", **headers):
    """Status, headers and body of the answer."""
    host, _, port = receiver.url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=60)
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type:
        named["Content-Type"] = content_type
    try:
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def stored(database):
    with connect(database) as engine:
        return sorted(json.loads(row[0])["n"] for row in engine.fetch("SELECT attributes FROM raw.otel_logs"))


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 60 s"
        time.sleep(0.02)


def test_json_and_protobuf_plain_and_gzipped_land(receive, database):
    wire = ParseDict(TWO, ExportLogsServiceRequest()).SerializeToString()
    points = ParseDict(metrics(metric(point())), ExportMetricsServiceRequest()).SerializeToString()
    with receive() as receiver:
        assert send(receiver, "/v1/logs", ONE)[0::2] == (200, b"{}")
        status, headers, body = send(
            receiver, "/v1/logs", gzip.compress(wire), PROTOBUF, Content_Encoding="gzip"
        )
        assert (status, headers["Content-Type"], body) == (200, PROTOBUF, b"")
        assert send(receiver, "/v1/metrics", points, PROTOBUF)[0] == 200
        assert send(receiver, "/v1/metrics", metrics(metric(point(2.0))), f"{JSON}; charset=utf-8")[0] == 200
    assert stored(database) == [1, 2, 3]
    assert receiver.result.landed_by_table == {"otel_logs": 3, "otel_metrics": 2}


def test_a_chunked_body_is_read(receive, database):
    body = gzip.compress(json.dumps(TWO).encode())
    with receive() as receiver:
        chunks = iter([body[:50], body[50:]])
        assert send(receiver, "/v1/logs", chunks, Content_Encoding="gzip")[0] == 200
    assert stored(database) == [2, 3]


def test_one_connection_serves_many_requests(receive, database):
    with receive() as receiver:
        port = int(receiver.url.rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for n in range(5):
            body = json.dumps(logs(log({"n": n}))).encode()
            connection.request("POST", "/v1/logs", body, {"Content-Type": JSON})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"{}")
        connection.close()
    assert stored(database) == [0, 1, 2, 3, 4]


def test_exports_land_within_moments_and_the_database_is_free_between(receive, database):
    with receive() as receiver:
        send(receiver, "/v1/logs", ONE)
        wait_for(lambda: receiver.result.landed == 1)
        assert stored(database) == [1]
        send(receiver, "/v1/logs", TWO)
        send(receiver, "/v1/logs", TWO)
    assert stored(database) == [1, 2, 3]
    assert (receiver.result.landed, receiver.result.duplicates) == (3, 2)
    with connect(database) as engine:
        assert engine.fetch("SELECT count(*) FROM meta.ingest_files") == [(0,)]


def test_spans_land_in_json_and_protobuf(receive):
    wire = ParseDict(
        spans(span(name="two", traceId="AQIDBAUGBwgJCgsMDQ4PEA==", spanId="Ag==")),
        ExportTraceServiceRequest(),
    )
    with receive() as receiver:
        assert send(receiver, "/v1/traces", spans(span(name="one")))[0] == 200
        assert send(receiver, "/v1/traces", wire.SerializeToString(), PROTOBUF)[0] == 200
        assert send(receiver, "/v1/traces", b"", PROTOBUF)[0] == 200
    assert receiver.result.landed_by_table == {"otel_spans": 2}


def test_records_that_make_no_sense_are_reported_as_a_partial_success(receive, database):
    mixed = logs(log({"n": 1}), {"body": {"stringValue": "no time"}})
    wire = ParseDict(mixed, ExportLogsServiceRequest()).SerializeToString()
    with receive() as receiver:
        _, _, body = send(receiver, "/v1/logs", mixed)
        assert json.loads(body) == {
            "partialSuccess": {
                "rejectedLogRecords": "1",
                "errorMessage": "log record: it has no time",
            }
        }
        _, _, body = send(receiver, "/v1/logs", wire, PROTOBUF)
    answer = ExportLogsServiceResponse.FromString(body)
    assert answer.partial_success.rejected_log_records == 1
    assert answer.partial_success.error_message == "log record: it has no time"
    assert stored(database) == [1]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("/v1/logs", b"nonsense"), 400),
        (("/v1/logs", b"\xff\xff\xff", PROTOBUF), 400),
        (("/v1/logs", b"[]"), 400),
        (("/v1/logs", metrics(metric(point()))), 400),
        (("/v1/logs", b'{"a":' * 5000), 400),
        (("/v1/logs", ONE, "text/plain"), 415),
        (("/v1/logs", ONE, None), 415),
        (("/v2/logs", ONE), 404),
        (("/", b"", JSON, "GET"), 404),
        (("/v1/logs", b"", JSON, "GET"), 405),
        (("/v1/logs", b"", JSON, "OPTIONS"), 405),
        (("/v1/logs", b"", JSON, "HEAD"), 405),
    ],
)
def test_what_cannot_be_taken_is_refused(receive, database, request_, status):
    with receive() as receiver:
        assert send(receiver, *request_)[0] == status
        assert send(receiver, "/v1/logs", ONE)[0] == 200
    assert stored(database) == [1]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content_Encoding": "br"}, b"{}", 415),
        ({"Content_Encoding": "gzip"}, b"{}", 400),
        ({"Content_Encoding": "gzip"}, gzip.compress(b"{}", mtime=0)[:-9], 400),
        ({"Content_Length": "999999999999"}, b"", 413),
        ({"Content_Length": "9" * 50}, b"", 413),
        ({"Content_Length": "-5"}, b"", 411),
        ({"Transfer_Encoding": "chunked"}, b"zz\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"fffffff\r\n", 413),
        ({"Origin": "https://example.com"}, b"{}", 403),
    ],
)
def test_strange_bodies_are_refused(receive, headers, body, status):
    with receive() as receiver:
        assert send(receiver, "/v1/logs", body, **headers)[0] == status


def test_a_small_body_that_inflates_without_end_is_refused(receive):
    bomb = gzip.compress(b" " * 5_000_000)
    with receive(limits=Limits(body=100_000)) as receiver:
        assert send(receiver, "/v1/logs", bomb, Content_Encoding="gzip")[0] == 413
        assert send(receiver, "/v1/logs", b" " * 200_000)[0] == 413


def test_an_error_answer_has_the_encoding_of_its_request(receive):
    with receive() as receiver:
        _, headers, body = send(receiver, "/v1/logs", b"[]")
        assert headers["Content-Type"] == JSON
        assert json.loads(body) == {"code": 3, "message": "the export holds no resourceLogs"}
        _, headers, body = send(receiver, "/v1/logs", b"\xff", PROTOBUF)
        assert headers["Content-Type"] == PROTOBUF
        message = b"not a protobuf export of logs"
        assert body == b"\x08\x03\x12" + bytes([len(message)]) + message


def test_a_sender_that_hangs_up_disturbs_nobody(receive, database, capsys):
    with receive() as receiver:
        port = int(receiver.url.rpartition(":")[2])
        for start in (
            b"",
            b"POST /v1/logs HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
        ):
            with socket.create_connection(("127.0.0.1", port)) as raw:
                raw.sendall(start)
        assert send(receiver, "/v1/logs", ONE)[0] == 200
    assert stored(database) == [1]
    assert capsys.readouterr().err == ""


def test_a_token_is_asked_for_where_there_is_one(receive, database):
    with receive(token=TOKEN) as receiver:
        status, headers, _ = send(receiver, "/v1/logs", ONE)
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        assert send(receiver, "/v1/logs", ONE, Authorization="Bearer wrong")[0] == 401
        assert send(receiver, "/v1/logs", ONE, Authorization="Bearer wr\xf6ng")[0] == 401
        assert send(receiver, "/v1/logs", TWO, Authorization=f"Bearer {TOKEN}")[0] == 200
    assert stored(database) == [2, 3]


def test_while_the_database_is_locked_exports_are_kept(receive, database, said, tmp_path):
    locked = True

    def connect_unless_locked():
        if locked:
            raise DatabaseLockedError("process 7 holds it")
        return connect(database)

    with receive(connect=connect_unless_locked) as receiver:
        send(receiver, "/v1/logs", ONE)
        wait_for(lambda: any("process 7 holds it" in line for line in said))
        send(receiver, "/v1/logs", TWO)
        assert receiver.result.landed == 0
        locked = False
        wait_for(lambda: receiver.result.landed == 3)
    assert sum("process 7" in line for line in said) == 1
    assert list((tmp_path / "spool").glob("*.jsonl")) == []


def test_a_lock_of_another_process_is_waited_out(receive, database):
    program = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('locked', flush=True);sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "locked\n"
        with receive(connect=lambda: connect(database, wait=0)) as receiver:
            assert send(receiver, "/v1/logs", ONE)[0] == 200
            other.stdin.close()
            other.wait()
            wait_for(lambda: receiver.result.landed == 1)


def test_what_is_left_at_the_end_is_landed_by_the_next_receiver(receive, database, said):
    def locked():
        raise DatabaseLockedError("locked")

    with receive(connect=locked) as receiver:
        send(receiver, "/v1/logs", ONE)
    assert "are not in the database yet" in said[-1]
    with receive():
        pass
    assert stored(database) == [1]


def test_who_was_forgotten_waits_for_the_key_and_lands_without_a_name(
    receive, database, said, tmp_path, monkeypatch
):
    key, now = "0123456789abcdef", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    monkeypatch.setenv(KEY_VARIABLE, key)
    with connect(database) as engine:
        meta.ensure(engine)
        nobody = StandIn("forgotten-1", is_dropped=False)
        Forgotten(key.encode()).with_names([(ID, "ada@example.com")], nobody).save(engine, now)
    monkeypatch.delenv(KEY_VARIABLE)
    with receive() as receiver:
        assert send(receiver, "/v1/logs", logs(log({"user.email": "ada@example.com"})))[0] == 200
    assert any(f"The environment variable {KEY_VARIABLE} is not set" in line for line in said)
    assert len(list((tmp_path / "spool").glob("*.jsonl"))) == 1
    monkeypatch.setenv(KEY_VARIABLE, key)
    with receive():
        pass
    with connect(database) as engine:
        rows = engine.fetch("SELECT developer_id, attributes ->> 'user.email' FROM raw.otel_logs")
    assert rows == [("forgotten-1", None)]
    assert list((tmp_path / "spool").glob("*.jsonl")) == []


def test_spooled_files_can_be_ingested_by_hand(receive, database, tmp_path):
    def locked():
        raise DatabaseLockedError("locked")

    with receive(connect=locked) as receiver:
        send(receiver, "/v1/logs", TWO)
    with connect(database) as engine:
        assert ingest_otlp(engine, [tmp_path / "spool"]).landed == 2


def test_when_nothing_can_be_written_senders_are_told_to_wait(receive, monkeypatch, tmp_path):
    with receive(interval=60) as receiver:

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pipeline.ingest.otlp.spool.os.fsync", full)
        status, headers, body = send(receiver, "/v1/logs", ONE)
        assert (status, headers["Retry-After"]) == (503, "30")
        assert "No space left on device" in json.loads(body)["message"]
        monkeypatch.undo()
        assert [path.read_bytes() for path in (tmp_path / "spool").glob("*.jsonl")] in ([], [b""])
        assert send(receiver, "/v1/logs", TWO)[0] == 200
    assert receiver.result.rows_in == 2


def test_when_too_much_waits_senders_are_told_to_wait(receive, monkeypatch):
    def locked():
        raise DatabaseLockedError("locked")

    monkeypatch.setattr("pipeline.ingest.otlp.receiver.MOST_SPOOLED", 10)
    with receive(connect=locked) as receiver:
        assert send(receiver, "/v1/logs", ONE)[0] == 200
        status, headers, _ = send(receiver, "/v1/logs", TWO)
        assert (status, headers["Retry-After"]) == (429, "30")


def test_content_is_left_out_unless_asked_for(receive, database):
    with receive() as receiver:
        send(receiver, "/v1/logs", logs(log({"n": 1, "prompt": "secret"})))
    with connect(database) as engine:
        assert engine.fetch("SELECT attributes FROM raw.otel_logs") == [('{"n":1}',)]
    assert receiver.result.dropped == ("prompt",)


def test_the_spool_is_for_its_owner_alone(receive, tmp_path):
    def locked():
        raise DatabaseLockedError("locked")

    with receive(connect=locked) as receiver:
        send(receiver, "/v1/logs", ONE)
    (file,) = (tmp_path / "spool").glob("*.jsonl")
    assert (tmp_path / "spool").stat().st_mode & 0o77 == 0
    assert file.stat().st_mode & 0o77 == 0


def test_two_receivers_do_not_share_a_spool(receive, tmp_path):
    with (
        receive(),
        pytest.raises(SetupError, match="in use by another receiver"),
    ):
        Spool(tmp_path / "spool")


def test_a_port_that_is_taken_is_a_clear_error(receive, tmp_path, database):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SetupError, match=f"Cannot listen on 127.0.0.1:{port}"):
            receive(address=f"127.0.0.1:{port}")
    Spool(tmp_path / "spool").close()


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        ("127.0.0.1:4318", ("127.0.0.1", 4318)),
        ("localhost", ("localhost", 4318)),
        (":5000", ("127.0.0.1", 5000)),
        ("[::1]:4318", ("::1", 4318)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
    ],
)
def test_addresses(address, parsed):
    assert parse_address(address) == parsed


@pytest.mark.parametrize("address", ["127.0.0.1:x", "127.0.0.1:99999", "::1", "a:1:2"])
def test_addresses_that_are_none(address):
    with pytest.raises(SetupError, match="is not understood"):
        parse_address(address)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.5", "example.com"])
def test_other_machines_need_a_flag_and_a_token(host):
    for token, anywhere in ((None, False), (TOKEN, False), (None, True)):
        with pytest.raises(SetupError, match="Other machines can reach"):
            check_exposure(host, token, anywhere)
    with pytest.raises(SetupError, match="16 characters"):
        check_exposure(host, "short", True)
    check_exposure(host, TOKEN, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_this_machine_needs_neither(host):
    check_exposure(host, None, False)


PROGRAM = """
import sys
from pathlib import Path
from pipeline.engines import connect
from pipeline.ingest.otlp.receiver import listen

result = listen(
    lambda: connect(sys.argv[1]),
    "127.0.0.1:0",
    Path(sys.argv[2]),
    say=lambda text: print(text, flush=True),
)
print("landed", result.landed)
"""


@pytest.fixture
def process(tmp_path, database):
    """The receiver in a process of its own, and its address."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, database, str(tmp_path / "spool")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        line = process.stdout.readline()
        process.url = line.split("Listening on ")[1].split(". ")[0]
        yield process
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_end_lands_what_is_spooled(process, database, number):
    for n in range(20):
        assert send(process, "/v1/logs", logs(log({"n": n})))[0] == 200
    process.send_signal(number)
    assert process.wait(60) == 0
    assert "landed 20" in process.stdout.read()
    assert stored(database) == list(range(20))


def test_after_a_kill_nothing_acknowledged_is_lost(process, database, receive):
    acknowledged = []
    for n in range(200):
        if n == 100:
            process.kill()
        try:
            if send(process, "/v1/logs", logs(log({"n": n})))[0] == 200:
                acknowledged.append(n)
        except OSError:
            pass
    process.wait(60)
    assert len(acknowledged) >= 100
    with receive():
        pass
    assert set(stored(database)) >= set(acknowledged)


def test_the_spool_survives_a_torn_last_line(tmp_path, database, receive):
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / "0001-1.jsonl").write_text(lines(ONE) + lines(TWO)[:50])
    with receive():
        pass
    assert stored(database) == [1]


def test_errors_of_the_database_do_not_end_the_receiver(receive, database, said):
    broken = True

    def open_it():
        if broken:
            raise duckdb.IOException("disk gone")
        return connect(database)

    with receive(connect=open_it) as receiver:
        send(receiver, "/v1/logs", ONE)
        wait_for(lambda: any("disk gone" in line for line in said))
        broken = False
        wait_for(lambda: receiver.result.landed == 1)
