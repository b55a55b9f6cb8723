"""The listener as a service: TLS, teams, health and metrics, through real sockets."""

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.engines import connect
from pipeline.errors import DatabaseLockedError, SetupError
from pipeline.ingest.otlp import tokens
from pipeline.ingest.otlp.receiver import Receiver
from pipeline.ingest.otlp.tls import tls_context
from tests.ingest.otlp.samples import log, logs

pytestmark = pytest.mark.slow

JSON = "application/json"
CURVE = "-pkeyopt ec_paramgen_curve:prime256v1"
ONE = logs(log({"n": 1}))
MIXED = logs(log({"n": 2}), {"body": {"stringValue": "no time"}})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Files of a certificate and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    words = f"openssl req -x509 -newkey ec {CURVE} -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-out", paths[0], "-keyout", paths[1]]
    subprocess.run([*words.split(), *names, *files], check=True, capture_output=True)
    return paths


@pytest.fixture
def receive(tmp_path):
    path = str(tmp_path / "x.duckdb")
    with connect(path):
        pass

    def start(**options):
        return Receiver(
            options.pop("connect", lambda: connect(path)),
            "127.0.0.1:0",
            tmp_path / "spool",
            say=lambda text: None,
            interval=0.05,
            **options,
        )

    return start


def locked():
    raise DatabaseLockedError("locked")


def ask(receiver, method, path, document=None, token=None, trusted=None):
    """Status, headers and body of the answer."""
    scheme, _, address = receiver.url.partition("://")
    if scheme == "https":
        context = ssl.create_default_context(cafile=trusted)
        connection = http.client.HTTPSConnection(address, timeout=60, context=context)
    else:
        connection = http.client.HTTPConnection(address, timeout=60)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = None
    if document is not None:
        body, headers["Content-Type"] = json.dumps(document).encode(), JSON
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def samples(receiver):
    """The metrics: name and labels → value."""
    status, headers, page = ask(receiver, "GET", "/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return {
        " ".join([sample.name.removeprefix("aa_pipeline_listener_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_what_was_taken_refused_and_put_aside_is_counted_by_team(receive, tmp_path):
    file = tmp_path / "tokens"
    web, data = tokens.add(file, "web"), tokens.add(file, "data")
    with receive(teams=file, connect=locked) as receiver:
        assert ask(receiver, "POST", "/v1/logs", ONE, web)[0] == 200
        assert ask(receiver, "POST", "/v1/logs", MIXED, data)[0] == 200
        assert ask(receiver, "POST", "/v1/logs", MIXED, data)[0] == 200
        assert ask(receiver, "POST", "/v1/logs", ONE)[0] == 401
        assert ask(receiver, "POST", "/v1/logs", [], web)[0] == 400
        found = samples(receiver)
    assert found.pop("spool_bytes") > 0
    assert found.pop("landing_lag_seconds") >= 0
    found.pop("failed_landings_total", None)
    assert found == {
        "accepted_records_total web logs": 1,
        "accepted_records_total data logs": 4,
        "put_aside_records_total web logs": 0,
        "put_aside_records_total data logs": 2,
        "refused_requests_total token": 1,
        "refused_requests_total not_understood": 1,
    }


def test_what_has_landed_waits_no_longer(receive):
    with receive() as receiver:
        ask(receiver, "POST", "/v1/logs", ONE)
        deadline = time.monotonic() + 60
        while not (found := samples(receiver)).get("landed_records_total"):
            assert time.monotonic() < deadline, "it did not land within 60 s"
        assert found["landed_records_total"] == 1
    assert (found["spool_bytes"], found["landing_lag_seconds"]) == (0, 0)


def test_tokens_are_changed_while_it_listens(receive, tmp_path):
    file = tmp_path / "tokens"
    first = tokens.add(file, "web")
    with receive(teams=file) as receiver:
        assert ask(receiver, "POST", "/v1/logs", ONE, first)[0] == 200
        tokens.remove(file, "web")
        second = tokens.add(file, "web")
        assert ask(receiver, "POST", "/v1/logs", ONE, first)[0] == 401
        assert ask(receiver, "POST", "/v1/logs", ONE, second)[0] == 200


def test_without_its_file_of_tokens_senders_are_told_to_come_again(receive, tmp_path):
    file = tmp_path / "tokens"
    token = tokens.add(file, "web")
    with receive(teams=file) as receiver:
        file.unlink()
        status, headers, _ = ask(receiver, "POST", "/v1/logs", ONE, token)
        assert (status, headers["Retry-After"]) == (503, "30")
        assert ask(receiver, "GET", "/readyz")[0] == 503
        assert ask(receiver, "GET", "/healthz")[0] == 200


def test_health_needs_no_token_and_readiness_needs_room(receive, monkeypatch):
    with receive(token="a-long-enough-token", connect=locked) as receiver:
        for path in ("/healthz", "/readyz", "/healthz/", "/readyz?verbose"):
            assert ask(receiver, "GET", path)[0::2] == (200, b"ok\n")
        assert ask(receiver, "HEAD", "/healthz")[0::2] == (200, b"")
        monkeypatch.setattr("pipeline.ingest.otlp.receiver.MOST_SPOOLED", 0)
        assert ask(receiver, "GET", "/readyz")[0] == 429
        for path in ("/healthz", "/metrics"):
            assert ask(receiver, "GET", path)[0] == 200


def test_pages_that_a_name_of_a_stranger_leads_to_are_not_shown(receive):
    with receive() as receiver:
        connection = http.client.HTTPConnection(receiver.url.removeprefix("http://"), timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics", headers={"Host": "example.com"})
            assert connection.getresponse().status == 403


def test_a_certificate_encrypts(receive, certificate):
    with receive(tls=certificate) as receiver:
        assert receiver.url.startswith("https://127.0.0.1:")
        assert ask(receiver, "POST", "/v1/logs", ONE, trusted=certificate[0])[0] == 200
        large = logs(log({"n": 1}, body="x" * 3_000_000))
        assert ask(receiver, "POST", "/v1/logs", large, trusted=certificate[0])[0] == 200
        assert ask(receiver, "POST", "/v1/logs", [], trusted=certificate[0])[0] == 400
    assert receiver.result.landed == 2


def test_who_does_not_shake_hands_holds_up_nobody(receive, certificate, capsys):
    with receive(tls=certificate) as receiver:
        address = "127.0.0.1", int(receiver.url.rpartition(":")[2])
        with socket.create_connection(address) as silent, socket.create_connection(address) as plain:
            silent.sendall(b"\x16")
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200" not in plain.recv(100)
            assert ask(receiver, "POST", "/v1/logs", ONE, trusted=certificate[0])[0] == 200
    assert receiver.result.landed == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("swap", ["missing", "nonsense", "other", "password"])
def test_a_certificate_that_cannot_be_used_is_told(certificate, tmp_path, swap):
    other = tmp_path / "key.pem"
    words = [*f"openssl genpkey -algorithm EC {CURVE} -out".split(), other]
    if swap == "password":
        words += ["-aes256", "-pass", "pass:secret"]
    if swap in ("other", "password"):
        subprocess.run(words, check=True, capture_output=True)
    elif swap == "nonsense":
        other.write_text("nonsense")
    with pytest.raises(SetupError, match=r"cannot be used: .*They must be PEM files"):
        tls_context(certificate[0], other)
