"""The server, through real sockets: who is slow, large or ambiguous holds up nobody."""

import contextlib
import gzip
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.ingest.otlp.limits import Limits
from pipeline.ingest.otlp.server import OtlpServer
from pipeline.ingest.otlp.tokens import Tokens
from pipeline.system.hosts import host_of, is_this_machine
from tests.ingest.otlp.samples import TIME, log, logs

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
GOOD = json.dumps(logs(log({"n": 1}))).encode()
START = b"POST /v1/logs HTTP/1.1\r\nHost: localhost\r\n"
HEAD = START + b"Content-Type: application/json\r\n"
DRIP = HEAD + b"Content-Length: 1000\r\n\r\n{"


class Listening:
    """A server that keeps what it is given in a list."""

    def __init__(self, *, store=None, token=None, **limits):
        self.lines = []
        self.server = OtlpServer(
            ("127.0.0.1", 0),
            store=store or self.lines.extend,
            has_room=lambda: True,
            gauges=dict,
            tokens=Tokens(secret=token),
            limits=Limits(**limits),
        )

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.server.finish_requests()
        self.thread.join()
        self.server.server_close()

    def connect(self, start=b""):
        raw = socket.create_connection(self.server.server_address, timeout=60)
        raw.sendall(start)
        return raw

    def drip(self):
        """A connection whose request is under way, and goes on byte by byte."""
        raw = self.connect(HEAD + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
        assert raw.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"{")
        return raw

    def get(self, path):
        connection = http.client.HTTPConnection(*self.server.server_address, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status

    def post(self, body=GOOD, content_type=JSON, path="/v1/logs", **headers):
        """Status, headers and body of the answer."""
        connection = http.client.HTTPConnection(*self.server.server_address, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("POST", path, body, {"Content-Type": content_type} | named)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


def all_of(raw):
    """What comes until the other side ends."""
    return b"".join(iter(lambda: raw.recv(65536), b""))


def status_of(raw):
    return int(all_of(raw).split()[1])


def test_eight_senders_that_drip_do_not_keep_a_ninth_waiting():
    with Listening() as listening, ExitStack() as slow:
        for _ in range(8):
            slow.enter_context(listening.drip())
        assert listening.post()[0] == 200
    assert len(listening.lines) == 1


@pytest.mark.parametrize(
    "start",
    [
        b"P",
        START,
        DRIP,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_a_request_that_does_not_come_in_time_is_told(start):
    with Listening(seconds=0.2) as listening, listening.connect(start) as raw:
        assert status_of(raw) == 408
        assert listening.post()[0] == 200


def test_each_byte_does_not_bring_new_time():
    with Listening(seconds=0.5) as listening, listening.connect(DRIP) as raw:
        raw.settimeout(0.05)
        answer = b""
        while not answer:
            try:
                answer = raw.recv(65536)
            except TimeoutError:
                raw.sendall(b" ")
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_when_all_connections_are_taken_a_sender_is_told_to_come_again():
    with (
        Listening(connections=2, connections_beyond=0, seconds_of_patience=0.1) as listening,
        listening.drip(),
        listening.drip(),
        listening.connect() as third,
    ):
        head, _, body = all_of(third).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 30" in head
    assert json.loads(body) == {"code": 14, "message": "all connections are taken"}


def test_when_all_connections_are_taken_it_is_still_told_how_it_goes():
    with (
        Listening(connections=2, seconds_of_patience=0.1) as listening,
        listening.drip(),
        listening.drip(),
    ):
        assert [listening.get(path) for path in ("/healthz", "/metrics", "/readyz")] == [200, 200, 503]
        status, headers, body = listening.post()
        assert (status, headers["Retry-After"]) == (503, "30")
        assert json.loads(body) == {"code": 14, "message": "all connections are taken"}
    assert listening.lines == []


def test_a_request_that_does_not_say_what_it_is_makes_room():
    with Listening(connections=1, seconds_of_grace=0.1) as listening, listening.connect(START) as slow:
        assert listening.post()[0] == 200
        assert status_of(slow) == 503


def test_as_many_as_the_backlog_holds_wait_and_none_is_refused():
    start = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD)
    with Listening(connections=1, seconds_of_patience=60) as listening, ExitStack() as waiting:
        with listening.drip():
            all_waiting = [waiting.enter_context(listening.connect(start)) for _ in range(128)]
        assert [status_of(raw) for raw in all_waiting] == [200] * 128
    assert len(listening.lines) == 128


def test_who_waits_for_a_connection_gets_that_which_ends():
    with Listening(connections=1, seconds_of_patience=60) as listening:
        with listening.drip(), listening.connect(HEAD + b"Connection: close\r\n") as waiting:
            waiting.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD))
        assert listening.post()[0] == 200


def test_a_connection_without_a_request_makes_room():
    with Listening(connections=1, seconds_of_grace=0.1) as listening, listening.connect() as idle:
        assert listening.post()[0] == 200
        assert idle.recv(1) == b""


def test_a_connection_without_a_request_is_closed_after_a_while():
    with Listening(seconds_idle=0.1) as listening, listening.connect() as idle:
        assert idle.recv(1) == b""


def test_answers_are_not_held_back_by_the_network():
    with Listening() as listening:
        connection = http.client.HTTPConnection(*listening.server.server_address, timeout=60)
        begun = time.monotonic()
        for _ in range(100):
            connection.request("POST", "/v1/logs", GOOD, {"Content-Type": JSON})
            assert connection.getresponse().read() == b"{}"
        connection.close()
        # Header and body in two writes take 40 ms, for which the other side holds back its acknowledgement.
        assert time.monotonic() - begun < 100 * 0.040


def test_memory_that_others_have_is_waited_for_and_then_asked_for_later():
    stored, go_on = threading.Event(), threading.Event()

    def store(lines):
        stored.set()
        assert go_on.wait(60)

    large = json.dumps(logs(log({"n": 1}, body="x" * 300_000))).encode()
    with Listening(store=store, memory=20 << 20, seconds_of_patience=0.1) as listening:
        others = [threading.Thread(target=lambda: answers.append(listening.post(large)[0]))]
        answers = []
        others[0].start()
        assert stored.wait(60)
        # The first one has given back what decoding takes, and holds its bytes.
        listening.server.memory.take(19 << 20, 0)
        status, headers, body = listening.post(large)
        assert (status, headers["Retry-After"]) == (503, "30")
        assert json.loads(body)["message"] == "other requests take all memory"
        listening.server.memory.give(19 << 20)
        go_on.set()
        others[0].join()
        assert answers == [200]
        assert listening.post(large)[0] == 200
        listening.server.memory.take(20 << 20, 0)  # all of it has been given back


def test_what_never_has_room_is_refused_for_good():
    with Listening(memory=1 << 20) as listening:
        assert listening.post(b" " * (2 << 20))[0] == 413
        assert listening.post()[0] == 200


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_a_request_that_can_end_in_two_places_is_refused(framing):
    with Listening() as listening, listening.connect(HEAD + framing + b"\r\n2\r\n{}\r\n0\r\n\r\n") as raw:
        assert status_of(raw) == 400
    assert listening.lines == []


@pytest.mark.parametrize("chunk", [b"+2\r\n{}\r\n", b"0x2\r\n{}\r\n", b" 2\r\n{}\r\n", b"1\r\n{}\r\n", b"2"])
def test_chunks_of_another_form_are_refused(chunk):
    start = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk
    with Listening() as listening, listening.connect(start) as raw:
        raw.shutdown(socket.SHUT_WR)
        assert status_of(raw) == 400


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:4318", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:4318", 200),
        ("example.com:4318", 403),
        ("localhost.example.com", 403),
        ("192.168.0.5", 403),
        ("", 403),
    ],
)
def test_without_a_token_only_names_of_this_machine_are_answered_to(host, status):
    with Listening() as listening:
        assert listening.post(Host=host)[0] == status


def test_with_a_token_any_name_is_answered_to():
    with Listening(token="a-long-enough-token") as listening:
        bearer = {"Authorization": "Bearer a-long-enough-token"}
        assert listening.post(Host="host.docker.internal:4318", **bearer)[0] == 200
        assert listening.post(Host="host.docker.internal:4318")[0] == 401


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("Bearer {}", 200),
        ("bearer {}", 200),
        ("Bearer  {}", 200),
        ("{}", 401),
        ("Basic {}", 401),
        ("Bearer", 401),
    ],
)
def test_a_token_is_shown_as_a_bearer(shown, status):
    with Listening(token="a-long-enough-token") as listening:
        assert listening.post(Authorization=shown.format("a-long-enough-token"))[0] == status


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: example.com\r\n"])
def test_a_request_names_one_host(hosts):
    start = b"POST /v1/logs HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    with Listening() as listening, listening.connect(start + hosts + b"\r\n{}") as raw:
        assert status_of(raw) == 400


def test_a_body_that_waits_for_leave_gets_it():
    start = HEAD + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(GOOD)
    with Listening() as listening, listening.connect(start) as raw:
        assert raw.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(GOOD)
        assert status_of(raw) == 200
    assert len(listening.lines) == 1


def test_a_body_that_is_not_wanted_is_not_sent():
    start = HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with Listening(token="a-long-enough-token") as listening, listening.connect(start) as raw:
        assert status_of(raw) == 401


def test_a_sender_that_is_refused_reads_why_whatever_it_still_sends():
    with Listening() as listening:
        assert listening.post(b" " * (8 << 20), path="/v3/logs")[0] == 404


def test_all_members_of_gzip_are_read():
    half = len(GOOD) // 2
    body = gzip.compress(GOOD[:half]) + gzip.compress(GOOD[half:])
    with Listening() as listening:
        assert listening.post(body, Content_Encoding="gzip")[0] == 200
        assert listening.post(body + b"more", Content_Encoding="gzip")[0] == 400
    assert len(listening.lines) == 1


def test_at_the_end_what_is_not_here_yet_is_asked_for_later():
    with Listening() as listening:
        slow = listening.drip()
    with slow:
        assert status_of(slow) == 503


@pytest.mark.parametrize(
    "nothing", [b"", b"\r\n\r\n", b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 99]
)
def test_what_is_no_http_disturbs_nobody(nothing, capsys):
    with Listening() as listening:
        with listening.connect(nothing) as raw:
            raw.shutdown(socket.SHUT_WR)
            all_of(raw)
        assert listening.post()[0] == 200
    assert capsys.readouterr().err == ""


def test_hosts():
    assert host_of("[::1]") == "::1"
    assert host_of("localhost") == "localhost"
    assert is_this_machine("127.8.9.1")
    assert not is_this_machine("0.0.0.0")


def field(number, content):
    """A field of protobuf."""
    length, prefix = len(content), bytearray([number << 3 | 2])
    while length > 127:
        prefix.append(length & 127 | 128)
        length >>= 7
    return bytes(prefix) + bytes([length]) + content


MILLION = 1_000_000
TIMED = b"\x09" + TIME.to_bytes(8, "little")
BUCKETS = field(8, field(2, b"\1" * MILLION))  # of an exponential histogram
ATTACKS = {
    "records": ("/v1/logs", PROTOBUF, field(1, field(2, field(2, TIMED) * MILLION))),
    "attributes": ("/v1/logs", PROTOBUF, field(1, field(2, field(2, TIMED + field(6, b"") * MILLION)))),
    "counts": (
        "/v1/metrics",
        PROTOBUF,
        field(1, field(2, field(2, field(1, b"a") + field(10, field(1, BUCKETS))))),
    ),
    "records in JSON": ("/v1/logs", JSON, b'{"resourceLogs":[%b]}' % b",".join([b"{}"] * MILLION)),
    "lists in lists": ("/v1/logs", JSON, b'{"resourceLogs":' + b"[" * 30 * MILLION),
}
PROGRAM = """
import sys, threading
from pipeline.ingest.otlp.server import OtlpServer
from pipeline.ingest.otlp.limits import Limits
from pipeline.ingest.otlp.tokens import Tokens
server = OtlpServer(
    ("127.0.0.1", 0),
    store=lambda lines: None,
    has_room=lambda: True,
    gauges=dict,
    tokens=Tokens(),
    limits=Limits(),
)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_million_small_objects_are_refused_before_they_fill_the_memory():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as process:
        try:
            port = int(process.stdout.readline())
            statuses = {}

            def attack(name, path, content_type, body):
                headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
                connection.request("POST", path, gzip.compress(body), headers)
                statuses[name] = connection.getresponse().status
                connection.close()

            threads = [threading.Thread(target=attack, args=(name, *of)) for name, of in ATTACKS.items()]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            memory = Path(f"/proc/{process.pid}/status").read_text()
        finally:
            process.kill()
    assert statuses == dict.fromkeys(ATTACKS, 413)
    (peak,) = [int(line.split()[1]) >> 10 for line in memory.splitlines() if line.startswith("VmHWM")]
    assert peak < 250
