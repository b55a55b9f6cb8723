"""Readers of marts hold nobody up, and nobody holds them up."""

import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from pipeline.engines import connect
from pipeline.errors import QueryError

SAME, OTHER = "SELECT 2 AS a", "SELECT 2 AS a, 3 AS b"


@pytest.fixture
def url(new_postgres):
    url = new_postgres()
    with connect(url) as engine:
        engine.create_schema("mart")
        engine.create("mart", "t", "SELECT 1 AS a", "table", None)
    return url


@pytest.fixture
def idle(url):
    """A session that has read a mart and keeps its transaction open."""
    with psycopg.connect(url, application_name="a dashboard") as session:
        session.execute("SELECT a, 's3cret' FROM mart.t")
        yield session


def publish(url, select, wait):
    with connect(url, wait=wait) as engine, engine.transaction():
        engine.create("mart", "t", select, "table", "table")


def read(url):
    with psycopg.connect(url) as session:
        return session.execute("SELECT a FROM mart.t").fetchall()


def until_somebody_waits(url):
    """Return as soon as a session waits for a lock on the mart."""
    waits = (
        "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = 'mart.t'::regclass"
    )
    with psycopg.connect(url, autocommit=True) as session:
        while not session.execute(waits).fetchall():
            pass


def test_who_reads_a_mart_holds_no_build_up(url):
    with psycopg.connect(url) as session:
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for select in (SAME, "SELECT 3 AS a"):
            assert session.execute("SELECT a FROM mart.t").fetchall() == [(1,)]
            publish(url, select, wait=0)
        assert session.execute("SELECT a FROM mart.t").fetchall() == [(1,)]
    assert read(url) == [(3,)]


def test_who_reads_a_mart_whose_columns_change_is_named(url, idle):
    pid = idle.info.backend_pid
    with pytest.raises(QueryError) as error:
        publish(url, OTHER, wait=0.5)
    assert re.fullmatch(
        rf"Somebody else holds mart.t: backend {pid} of builder \(a dashboard, idle in transaction, its"
        r" transaction is open since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)\. Waited 0.5 s. Nothing was"
        r" published. Have that transaction ended \(an administrator can: SELECT"
        rf" pg_terminate_backend\({pid}\)\), or try again with a longer --wait.",
        str(error.value),
    )
    assert read(url) == [(1,)]
    idle.rollback()
    publish(url, OTHER, wait=0.5)
    assert read(url) == [(2,)]


def test_who_may_not_see_what_others_do_is_told_who_they_are(url, new_role, postgres):
    owner = new_role("owner")
    with connect(url) as engine:
        engine.execute(f"ALTER SCHEMA mart OWNER TO {owner}; ALTER TABLE mart.t OWNER TO {owner}")
    with psycopg.connect(url, application_name="a dashboard") as session:
        session.execute("SELECT a FROM mart.t")
        with pytest.raises(QueryError, match=r"backend \d+ of builder \(a dashboard\)"):
            publish(postgres.url(url.rpartition("/")[2], owner, "p"), OTHER, wait=0.2)


@pytest.mark.slow
def test_who_comes_meanwhile_is_not_held_up(url, idle):
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish, url, OTHER, 3)
        until_somebody_waits(url)
        reads = 0
        while not publishing.done():
            with psycopg.connect(url, options="-c lock_timeout=1s") as session:
                session.execute("SELECT a FROM mart.t")
                reads += 1
        assert reads > 10
        with pytest.raises(QueryError, match="a dashboard"):
            publishing.result()


def test_a_build_goes_on_as_soon_as_the_reader_has_done(url, idle):
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish, url, OTHER, 60)
        until_somebody_waits(url)
        idle.commit()
        publishing.result()
    assert read(url) == [(2,)]


@pytest.mark.parametrize(
    "statement",
    [
        'ALTER TABLE "mart"."t" ADD COLUMN c int',  # as an ingest does where an old table lacks a column
        'DROP TABLE IF EXISTS "mart"."t"',
    ],
)
@pytest.mark.parametrize("in_transaction", [True, False])
def test_every_statement_that_needs_a_table_alone_gives_up(url, idle, statement, in_transaction):
    def work():
        with connect(url, wait=0.2) as engine:
            if in_transaction:
                with engine.transaction():
                    engine.execute(statement)
            else:
                engine.execute(statement)

    with pytest.raises(QueryError, match=r"holds mart.t: backend .*a dashboard"):
        work()
    idle.commit()
    work()


@pytest.mark.parametrize(
    "held", ["SELECT FROM mart.t FOR SHARE", "LOCK TABLE mart.t IN SHARE MODE", "DELETE FROM mart.t"]
)
def test_who_holds_rows_of_a_mart_is_named(url, held):
    with psycopg.connect(url, application_name="a dashboard") as session:
        session.execute(held)
        with pytest.raises(QueryError, match=r"holds mart.t: backend .* of builder \(a dashboard"):
            publish(url, SAME, wait=0.2)
        session.rollback()
    publish(url, SAME, wait=0.2)
    assert read(url) == [(2,)]


def test_rows_that_cannot_be_added_for_a_lock_are_not_waited_for_without_end(url, idle):
    idle.execute("LOCK TABLE mart.t IN SHARE MODE")
    with (
        connect(url, wait=0.2) as engine,
        pytest.raises(QueryError, match=r"waited 0.2 s.*--wait"),
        engine.transaction(),
    ):
        engine.append("mart", "t", ["a"], [(1,)])
