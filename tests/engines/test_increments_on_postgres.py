"""Tables rebuilt in part on PostgreSQL: the same statements, the same rows."""

import datetime as dt

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.run import partial
from tests.projects import compile_shop

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def engine(new_postgres, monkeypatch):
    monkeypatch.setattr(partial, "SMALL", 0)
    monkeypatch.setattr(partial, "MOST", 1)
    with connect(new_postgres()) as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.sales"
            " (id bigint, timestamp timestamp, product text, amount float8, attributes json)"
        )
        engine.execute("CREATE TABLE raw.visits (id bigint, timestamp timestamp)")
        yield engine


def build(engine, folder, *rows):
    for number, product in rows:
        engine.execute("INSERT INTO raw.sales VALUES (?, TIMESTAMP '2026-01-01', ?, 1)", [number, product])
    plan = compile_shop("postgres", shapes=engine.shapes("raw"))
    result = run.build(engine, plan, as_of=NOW, project_dir=folder)
    assert result.status == "success"
    return {table.name: table.action for table in result.tables}


def test_what_arrives_is_appended_and_its_keys_are_rebuilt(engine, tmp_path):
    build(engine, tmp_path, (1, "tea"), (2, "cake"), (3, None))
    done = build(engine, tmp_path, (4, "tea"), (5, None), (6, "scone"))
    assert (done["stg_sales"], done["fct_product_sales"]) == ("appended", "rebuilt")
    assert engine.fetch("SELECT product, sales FROM mart.fct_product_sales ORDER BY 1") == [
        ("cake", 1),
        ("scone", 1),
        ("tea", 2),
    ]
    assert engine.fetch("SELECT count(*), count(product) FROM staging.stg_sales") == [(6, 4)]


def test_deleted_rows_are_no_growth(engine, tmp_path):
    build(engine, tmp_path, (1, "tea"), (2, "cake"), (3, "cake"))
    engine.execute("DELETE FROM raw.sales WHERE id = 2")
    done = build(engine, tmp_path, (4, "tea"))
    assert (done["stg_sales"], done["fct_product_sales"]) == ("full", "rebuilt")
    assert engine.fetch("SELECT product, sales FROM mart.fct_product_sales ORDER BY 1") == [
        ("cake", 1),
        ("tea", 2),
    ]
