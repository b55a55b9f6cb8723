"""What tables there are, as an engine remembers it that has a database for itself."""

import pytest

from pipeline.engines import connect

TABLE = {"t": {"i": "INTEGER"}}


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        engine.has_for_itself()
        engine.create_schema("raw")
        engine.execute("CREATE TABLE raw.t (i INTEGER)")
        yield engine


@pytest.mark.parametrize(
    ("statement", "after"),
    [
        ("CREATE TABLE raw.u (j DATE)", TABLE | {"u": {"j": "DATE"}}),
        ("CREATE OR REPLACE TABLE raw.t (j DATE)", {"t": {"j": "DATE"}}),
        ("CREATE VIEW raw.v AS SELECT 1 AS k", TABLE | {"v": {"k": "INTEGER"}}),
        ("ALTER TABLE raw.t ADD COLUMN j DATE", {"t": {"i": "INTEGER", "j": "DATE"}}),
        ("ALTER TABLE raw.t RENAME TO u", {"u": TABLE["t"]}),
        ("DROP TABLE raw.t", {}),
        ("DROP SCHEMA raw CASCADE", {}),
        ("INSERT INTO raw.t VALUES (1)", TABLE),
        ("CREATE TEMP TABLE u (j DATE)", TABLE),
        ("CREATE SCHEMA other", TABLE),
    ],
)
def test_it_notices_what_it_makes_itself(engine, statement, after):
    assert engine.shapes("raw") == TABLE
    engine.execute(statement)
    assert engine.shapes("raw") == after
    assert engine.kinds().keys() == {("raw", name) for name in after}


def test_it_notices_what_is_undone(engine):
    engine.execute("BEGIN")
    engine.execute("CREATE TABLE raw.u (j DATE)")
    assert engine.shapes("raw") == TABLE | {"u": {"j": "DATE"}}
    engine.rollback()
    assert engine.shapes("raw") == TABLE


def test_who_changes_an_answer_changes_no_other(engine):
    engine.shapes("raw")["t"].clear()
    engine.kinds().clear()
    assert engine.shapes("raw") == TABLE
    assert engine.kinds() == {("raw", "t"): "table"}


def test_it_asks_each_time_where_others_may_make_tables(tmp_path):
    with connect(f"{tmp_path}/a.duckdb") as one, connect(f"{tmp_path}/a.duckdb") as other:
        assert one.shapes("raw") == {}
        other.create_schema("raw")
        other.execute("CREATE TABLE raw.t (i INTEGER)")
        assert one.shapes("raw") == TABLE


def test_it_asks_each_time_once_ibis_speaks_to_the_database(engine):
    assert engine.shapes("raw") == TABLE
    engine.ibis().raw_sql("CREATE TABLE raw.u (j DATE)")
    assert engine.shapes("raw") == TABLE | {"u": {"j": "DATE"}}
