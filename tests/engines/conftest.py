"""Servers for the whole session, started when a test first asks for them."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.engines.servers import PostgresServer, postgres_server

_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def new_postgres(postgres):
    """Makes an empty database and returns its URL."""
    import psycopg

    def make() -> str:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgres.url(name)

    return make
