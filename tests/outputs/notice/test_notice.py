"""What `build --notify` posts, to a server that listens here."""

import base64
import datetime as dt
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import jsonschema
import pytest

from pipeline.outputs import notice
from pipeline.outputs.notice import posting
from pipeline.plan.check_results import CheckResult
from pipeline.run.results import RunResult

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
SECRET = "/T0/s3cret?key=s3cret"


@pytest.fixture
def server(monkeypatch):
    """Answers with `server.status`, and keeps what it was sent in `server.requests`."""
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.requests.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.status, server.requests = 200, []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def check(audit="unique(id)", status="warned"):
    return CheckResult("t", audit, "unique", ["id"], "warn", status, 2, 5, None, "Ids are unique.")


def told(*, audits=(), warnings=(), status="success", error=None):
    result = RunResult("build", NOON, "duckdb://a.duckdb", "f", "1", status=status)
    result.audits, result.warnings = [*audits], [*warnings]
    return notice.document(result, target="duckdb://a.duckdb", version="1", seconds=1.23456, error=error)


def test_of_a_build_that_went_well_there_is_nothing_to_tell():
    assert told(audits=[check(status="passed"), check(status="proven")]) is None


@pytest.mark.parametrize(
    ("given", "event", "headline"),
    [
        ({"warnings": ["A."]}, "warning", "The build of duckdb://a.duckdb warns of 1 thing."),
        (
            {"warnings": ["A."], "audits": [check()]},
            "warning",
            "The build of duckdb://a.duckdb warns of 2 things.",
        ),
        ({"audits": [check(), check("inside_budget")]}, "budget", "A budget is broken in duckdb://a.duckdb."),
        (
            {"audits": [check(status="failed"), check("inside_budget")], "status": "failed", "error": "Why."},
            "failure",
            "The build of duckdb://a.duckdb failed. Why.",
        ),
    ],
)
def test_what_happened_is_told_by_the_worst_of_it(given, event, headline):
    document = told(**given)
    assert (document["event"], document["headline"]) == (event, headline)
    jsonschema.validate(document, json.loads(notice.SCHEMA.read_text()))


def test_the_whole_document():
    document = told(audits=[check(), check("a", "passed")], warnings=["A."])
    assert document.pop("run_id").startswith("20")
    assert document == {
        "format_version": 1,
        "event": "warning",
        "headline": "The build of duckdb://a.duckdb warns of 2 things.",
        "status": "success",
        "target": "duckdb://a.duckdb",
        "version": "1",
        "as_of": "2026-01-01T12:00:00Z",
        "seconds": 1.235,
        "error": None,
        "warnings": ["A."],
        "audits": [
            {
                "table": "t",
                "audit": "unique(id)",
                "kind": "unique",
                "severity": "warn",
                "status": "warned",
                "failures": 2,
                "row_count": 5,
                "description": "Ids are unique.",
            }
        ],
    }


def test_a_build_that_an_error_ended_has_no_run():
    document = notice.document(None, target="t", version="1", seconds=0, error="Why.")
    assert (document["status"], document["run_id"], document["as_of"]) == ("error", None, None)
    jsonschema.Draft202012Validator.check_schema(json.loads(notice.SCHEMA.read_text()))
    jsonschema.validate(document, json.loads(notice.SCHEMA.read_text()))


def test_a_document_is_posted_as_json(server):
    assert notice.post(server.url + SECRET, {"a": "Grüße"}) is None
    ((path, headers, body),) = server.requests
    assert (path, headers["Content-Type"], body) == (SECRET, "application/json", {"a": "Grüße"})
    assert "Authorization" not in headers


def test_a_name_and_a_password_go_as_basic_authentication(server):
    url = server.url.replace("//", "//me:s3%40cret@") + "/x"
    assert notice.post(url, {}) is None
    ((_, headers, _),) = server.requests
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"me:s3@cret"
    assert headers["Host"] == server.url.removeprefix("http://")


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_who_does_not_take_it_is_told_and_followed_nowhere(server, status):
    server.status = status
    assert notice.post(server.url + SECRET, {}) == f"it answered {status}"
    assert len(server.requests) == 1


def test_where_nobody_listens_nothing_is_raised(server):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        problem = notice.post(f"http://127.0.0.1:{closed.getsockname()[1]}{SECRET}", {})
    assert "refused" in problem
    assert "s3cret" not in problem


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2"])
def test_who_never_answers_holds_nobody(monkeypatch, answer):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(posting, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as pool:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        problem = pool.submit(notice.post, url, {})
        connection, _ = listening.accept()
        with connection:
            connection.sendall(answer)
            assert problem.result() in ("it did not answer within 0.2 s", "TimeoutError", "timed out")


def test_whatever_goes_wrong_is_told_without_the_address(monkeypatch, capsys):
    def fails(*_, **__):
        raise AttributeError(f"http://127.0.0.1{SECRET}")

    monkeypatch.setattr(posting, "build_opener", fails)
    assert notice.post(f"http://127.0.0.1{SECRET}", {}) == "AttributeError"
    assert "s3cret" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["", "s3cret", "ftp://s3cret", "http://", "http:///s3cret", "http://h:s3cret", "https://h/s3 cret",
            "https://h/s3cret\n", "https://h/s3crét", "http://[s3cret/"]
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_shown(url):
    with pytest.raises(ValueError, match="an address begins with http:// or https://") as refused:
        notice.check_address(url)
    assert "s3cret" not in str(refused.value)


def test_an_address_is_shown_without_what_may_be_secret():
    assert (
        notice.shown_address("https://me:s3cret@[::1]:8443/s3cret?key=s3cret#s3cret") == "https://[::1]:8443"
    )
