"""Who is let in, and what a browser may do with the pages."""

import socket
from contextlib import nullcontext

import pytest

from pipeline.errors import DatabaseLockedError, SetupError
from pipeline.outputs.live.server import COOKIE, Server
from pipeline.outputs.live.site import Site
from tests.outputs.live.asking import ask, serving

PAGE = b'<html><head><meta http-equiv="Content-Security-Policy" content="default-src \'none\'"></head><body>'


class Database:
    """What `Site` reads of a database: a newest run, and whether a build holds it."""

    dialect = "duckdb"

    def __init__(self):
        self.run, self.is_locked, self.opened, self.failure = "one", False, 0, None

    def connect(self):
        if self.is_locked:
            raise DatabaseLockedError("a build holds it")
        self.opened += 1
        return nullcontext(self)

    def shapes(self, schema):
        return {"runs": {"run_id": "TEXT", "run_number": "BIGINT"}}

    def name(self, schema, table):
        return f"{schema}.{table}"

    def fetch(self, sql, params=None):
        return [(self.run,)]

    def make(self, version):
        with self.connect():
            if self.failure:
                raise self.failure
            return {"index.html": PAGE + self.run.encode(), "a/b.js": b"1"}

    def site(self):
        return Site(self.connect, lambda: self.run, {"dashboard": self.make})


@pytest.fixture
def database():
    return Database()


@pytest.fixture
def local(database):
    with serving(database.site()) as server:
        yield server


@pytest.fixture
def open_to_others(database):
    with serving(database.site(), "0.0.0.0", names=["costs.example.com"]) as server:
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_is_shown_the_pages_without_a_token(local, host):
    assert ask(local, "/", host)[0].headers["Location"] == "/dashboard/index.html"
    response, body = ask(local, "/dashboard/", host)
    assert (response.status, body) == (200, PAGE + b"one")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert local.token is None
    assert "token" not in local.url
    assert ask(local, "/dashboard/a/b.js")[0].headers["Content-Type"].startswith("text/javascript")


def test_no_page_may_be_framed_sniffed_kept_or_told_of(local):
    headers = ask(local, "/dashboard/")[0].headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host", ["evil.example.com", "", "127.0.0.1.evil.example.com", "192.0.2.1", "costs.example.com"]
)
def test_another_name_for_this_machine_is_refused(local, host):
    response, body = ask(local, "/version", host)
    assert response.status == 421
    assert b"one" not in body


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("192.0.2.1", 200), ("costs.example.com", 200), (socket.gethostname(), 200), ("localhost", 200)),
        *(("evil.example.com", 421), ("", 421)),
    ],
)
def test_others_come_by_address_or_by_a_name_that_is_ours(open_to_others, host, status):
    bearer = {"Authorization": f"Bearer {open_to_others.token}"}
    assert ask(open_to_others, "/version", host, **bearer)[0].status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent(local, method):
    response, _ = ask(local, "/dashboard/", method=method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


def test_without_the_token_nothing_is_told(open_to_others):
    wrong = ["", "x", open_to_others.token[:-1], open_to_others.token + "x", "ä"]
    for path in ("/", "/dashboard/", "/version", "/live.js", "/nothing"):
        assert ask(open_to_others, path)[0].status == 401
    for token in wrong:
        headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        assert ask(open_to_others, "/version", **headers)[0].status == 401
        assert ask(open_to_others, "/version", Cookie=f"{COOKIE}={token}".encode())[0].status == 401
    response, body = ask(open_to_others, "/?token=x")
    assert (response.status, response.headers["Set-Cookie"]) == (401, None)
    assert open_to_others.token.encode() not in body


def test_the_token_of_the_address_goes_into_a_cookie(open_to_others):
    token = open_to_others.token
    assert open_to_others.url.endswith(f"/?token={token}")
    response, _ = ask(open_to_others, f"/?token={token}")
    assert (response.status, response.headers["Location"]) == (303, "/dashboard/index.html")
    cookie = response.headers["Set-Cookie"]
    assert cookie == f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax"
    assert ask(open_to_others, "/dashboard/", Cookie=cookie.partition(";")[0])[1] == PAGE + b"one"


def test_every_server_has_a_token_of_its_own(database, open_to_others):
    with serving(database.site(), "0.0.0.0") as other:
        assert other.token != open_to_others.token


@pytest.mark.parametrize(
    "path", ["/nothing", "/dashboard/../secret", "/dashboard/%2e%2e/x", "/site/", "//x", "/%00"]
)
def test_what_is_not_there_is_not_found(local, path):
    assert ask(local, path)[0].status == 404


def test_pages_are_made_once_for_each_build(database, local):
    pages = [ask(local, "/dashboard/")[1] for _ in range(3)]
    assert pages == [PAGE + b"one"] * 3
    assert database.opened == 2  # to look which build is the newest, and to make the page
    database.run = "two"
    local.site.look()
    assert ask(local, "/version")[1] == b'{"version": "two"}'
    assert ask(local, "/dashboard/")[1] == PAGE + b"two"


def test_while_a_build_holds_the_database_the_page_is_that_of_before(database, local):
    ask(local, "/dashboard/")
    database.run, database.is_locked = "two", True
    local.site.look()
    assert ask(local, "/version")[1] == b'{"version": "one"}'
    assert ask(local, "/dashboard/")[1] == PAGE + b"one"
    database.is_locked = False
    local.site.look()
    assert ask(local, "/dashboard/")[1] == PAGE + b"two"


@pytest.mark.parametrize("failure", [SetupError("/home/ada/x: secret"), ValueError("secret")])
def test_a_page_that_fails_tells_the_terminal_and_nobody_else(database, failure):
    told = []
    with serving(database.site(), tell=told.append) as server:
        database.failure = failure
        response, body = ask(server, "/dashboard/")
        assert response.status in (500, 503)
        assert b"secret" not in body
        assert told == [failure]
        database.failure = None
        assert ask(server, "/dashboard/")[0].status == 200


def test_a_port_that_is_taken_is_an_error_that_names_it(database, local):
    port = local.server_address[1]
    with pytest.raises(SetupError, match=f"127.0.0.1, port {port}, cannot be used"):
        Server(database.site(), port=port)
