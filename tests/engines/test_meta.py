import pytest

from pipeline.engines import connect, meta
from pipeline.errors import TargetError


def test_every_table_is_made_once_with_its_columns_in_order():
    with connect(":memory:") as engine:
        meta.ensure(engine)
        meta.ensure(engine)
        shapes = engine.shapes("meta")
        assert {table: list(columns) for table, columns in shapes.items()} == {
            table: list(columns) for table, columns in meta.TABLES.items()
        }
        assert engine.fetch("SELECT * FROM meta.version") == [(meta.VERSION,)]


def test_what_an_older_release_left_gets_the_missing_columns_and_keeps_its_rows():
    with connect(":memory:") as engine:
        engine.create_schema("meta")
        engine.execute("CREATE TABLE meta.runs AS SELECT 'r1' AS run_id, 'success' AS status")
        meta.ensure(engine)
        assert set(engine.shapes("meta")["runs"]) == set(meta.TABLES["runs"])
        assert engine.fetch("SELECT run_id, status, target FROM meta.runs") == [("r1", "success", None)]


def test_rows_without_a_number_get_one_after_those_that_have_one():
    with connect(":memory:") as engine:
        meta.ensure(engine)
        assert meta.next_number(engine, "runs") == 1
        rows = [("r3", 1), ("r2", None), ("r1", None)]
        engine.append("meta", "runs", ["run_id", "run_number"], rows)
        order = f"SELECT run_id FROM meta.runs AS r ORDER BY {meta.newest_first('runs', ['run_number'], 'r')}"
        in_order = engine.fetch(order)
        assert in_order == [("r2",), ("r1",), ("r3",)]
        assert meta.next_number(engine, "runs") == 4
        assert engine.fetch("SELECT run_id, run_number FROM meta.runs ORDER BY 2 DESC") == [
            ("r2", 3),
            ("r1", 2),
            ("r3", 1),
        ]
        assert engine.fetch(order) == in_order


def test_a_version_that_this_release_does_not_know_is_refused_and_nothing_is_made():
    with connect(":memory:") as engine:
        engine.create_schema("meta")
        engine.execute(f"CREATE TABLE meta.version AS SELECT {meta.VERSION + 1} AS version")
        with pytest.raises(TargetError, match="is kept by a newer release of aa-pipeline"):
            meta.ensure(engine)
        assert engine.shapes("meta") == {"version": {"version": "INTEGER"}}


def test_every_engine_has_a_type_for_every_kind_of_value():
    kinds = {kind for columns in meta.TABLES.values() for kind in columns.values()}
    assert all(native.keys() == kinds for native in meta.NATIVE.values())
