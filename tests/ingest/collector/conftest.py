"""A ClickHouse that answers over HTTP, with databases for each test."""

import itertools
import json
import os
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.ingest.collector import exporter

INTERPRETER = "AA_CLICKHOUSE"
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


def _start(**environment: str) -> tuple[subprocess.Popen, int]:
    server = subprocess.Popen(
        [os.environ[INTERPRETER], Path(__file__).with_name("clickhouse_server.py")],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return server, int(server.stdout.readline())


@pytest.fixture(scope="session")
def clickhouse_port():
    if INTERPRETER not in os.environ:
        pytest.skip(f"{INTERPRETER}: see requirements.txt")
    server, port = _start()
    yield port
    server.communicate("")


@pytest.fixture
def clickhouse(clickhouse_port):
    """An empty database of ClickHouse."""
    return Database(clickhouse_port, f"otel_{next(numbers)}")
