"""Servers for the whole session, started when a test first asks for them."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.engines.servers import (
    BigQueryEmulator,
    PostgresServer,
    SparkCluster,
    bigquery_emulator,
    postgres_server,
    spark_cluster,
)

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


@pytest.fixture
def url(new_postgres):
    """An empty database of PostgreSQL."""
    return new_postgres()


@pytest.fixture
def new_role(postgres, url):
    """Makes users of the test's database `url` with the password p; what is theirs goes with them."""
    import psycopg

    made = []

    def make(name: str) -> str:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'p'")
        made.append(name)
        return name

    yield make
    with psycopg.connect(url, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP OWNED BY {name} CASCADE")
            connection.execute(f"DROP ROLE {name}")


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkCluster]:
    with pytest.MonkeyPatch.context() as patch:
        # A test ends before Java's second compiler has paid for itself.
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        with spark_cluster() as cluster:
            yield cluster


@pytest.fixture(scope="session")
def emulator() -> Iterator[BigQueryEmulator]:
    with bigquery_emulator() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def new_bigquery(emulator):
    """The URL of a new and empty project."""
    return lambda: emulator.url(f"project-{next(_numbers)}")


@pytest.fixture(scope="session")
def new_spark(spark, tmp_path_factory):
    """The URL of a new and empty warehouse; a process can have one at a time."""
    return lambda: spark.url(tmp_path_factory.mktemp("warehouse"))
