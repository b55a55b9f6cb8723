"""A ClickHouse that answers over HTTP, with databases for each test, and a server of S3 with buckets."""

import itertools
import json
import os
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ingest.collector import exporter

INTERPRETER = "AA_STORES"
numbers = itertools.count()


class Database:
    """A database of the server, written to as the exporter does."""

    def __init__(self, port: int, name: str) -> None:
        self.port, self.name = port, name
        self.url = f"http://127.0.0.1:{port}/{name}"
        self.execute(f"CREATE DATABASE {name}", "default")

    def execute(self, sql: str, database: str | None = None) -> str:
        connection = HTTPConnection("127.0.0.1", self.port)
        headers = {"X-ClickHouse-Database": database or self.name}
        connection.request(
            "POST", "/?date_time_input_format=best_effort&session_timezone=UTC", sql.encode(), headers
        )
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status == 200, said
        return said

    def export(self, document, attributes=exporter.MAP, names=None, **types) -> None:
        """Write an export into tables, which are made where there are none."""
        names = names or {}
        for table, rows in exporter.rows(document, as_json=attributes == exporter.JSON).items():
            name = names.get(table, table)
            made = exporter.ddl(table, name, attributes, **types)
            self.execute(made.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
            self.execute(f"INSERT INTO {name} FORMAT JSONEachRow " + "\n".join(map(json.dumps, rows)))


class Bucket:
    """An empty bucket of the server."""

    def __init__(self, port: int, name: str) -> None:
        self.port, self.name = port, name
        self._put("")

    def put(self, key: str, content: bytes) -> None:
        self._put(f"/{quote(key)}", content)

    def _put(self, key: str, content: bytes = b"") -> None:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("PUT", f"/{self.name}{key}", content)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()


def _start(script: str, **environment: str) -> tuple[subprocess.Popen, int]:
    """A server, and its port."""
    if INTERPRETER not in os.environ:
        pytest.skip(f"{INTERPRETER}: see stores-requirements.txt")
    server = subprocess.Popen(
        [os.environ[INTERPRETER], Path(__file__).with_name(script)],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return server, int(server.stdout.readline())


@pytest.fixture(scope="session")
def clickhouse_port():
    server, port = _start("clickhouse_server.py")
    yield port
    server.communicate("")


@pytest.fixture
def clickhouse(clickhouse_port):
    """An empty database of ClickHouse."""
    return Database(clickhouse_port, f"otel_{next(numbers)}")


@pytest.fixture(scope="session")
def s3_port():
    server, port = _start("s3_server.py")
    yield port
    server.communicate("")


@pytest.fixture
def bucket(s3_port, monkeypatch):
    """An empty bucket, where the environment leads to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ours")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody-may-see-this")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return Bucket(s3_port, f"otel-{next(numbers)}")
