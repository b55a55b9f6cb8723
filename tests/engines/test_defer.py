"""Tables of another database in the place of those that were not built, over the miniature project."""

import datetime as dt

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.errors import TargetError
from pipeline.run.defer import Deferral
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SALES = """
CREATE TABLE raw.sales AS
SELECT id, TIMESTAMP '2026-01-01' AS timestamp, product, CAST(amount AS DOUBLE PRECISION) AS amount,
    CAST(NULL AS JSON) AS attributes
FROM (VALUES (CAST(1 AS BIGINT), 'tea', 2), (2, 'cake', 3), (3, NULL, 4)) AS sold(id, product, amount)
"""
MART = "SELECT product, sales, revenue_usd FROM mart.fct_product_sales ORDER BY product"


@pytest.fixture(params=["duckdb", "postgres"])
def urls(request, tmp_path):
    """Two databases of one engine: that which builds, and another one where everything is built."""
    if request.param == "duckdb":
        found = [str(tmp_path / "dev.duckdb"), str(tmp_path / "prod.duckdb")]
    else:
        found = [request.getfixturevalue("new_postgres")() for _ in range(2)]
    for url in found:
        with connect(url) as engine:
            engine.create_schema("raw")
            engine.execute(SALES)
    with connect(found[0]) as engine:
        engine.execute("DELETE FROM raw.sales WHERE id > 1")
    with connect(found[1]) as engine:
        run.build(engine, compile_shop(engine.dialect, shapes=engine.shapes("raw")), as_of=NEW_YEAR)
    return found


def build(urls, *selected):
    with connect(urls[0]) as engine, connect(urls[1], read_only=True) as other:
        plan = compile_shop(engine.dialect, shapes=engine.shapes("raw"))
        deferral = Deferral("prod", other)
        return run.build(engine, plan, selected=selected, as_of=NEW_YEAR, defer=deferral)


def rows(url, sql):
    with connect(url, read_only=True) as engine:
        return engine.fetch(sql)


def test_models_are_made_of_the_other_databases_rows(urls):
    result = build(urls, "dim_products", "fct_product_sales")
    assert result.status == "success"
    assert {(t.name, t.reason) for t in result.tables if t.action == "full"} == {
        ("dim_products", "reads stg_sales of prod"),
        ("fct_product_sales", "reads stg_sales of prod"),
    }
    assert rows(urls[0], MART) == rows(urls[1], MART) == [("cake", 1, 3.0), ("tea", 1, 2.0)]


def test_nothing_of_the_other_database_stays_but_what_was_made_of_it(urls):
    build(urls, "dim_products", "fct_product_sales")
    with connect(urls[0]) as engine:
        left = {name for name in engine.kinds() if name[0] not in ("raw", "meta")}
    assert left == {("staging", "products"), ("mart", "dim_products"), ("mart", "fct_product_sales")}


def test_what_was_made_of_it_is_like_nothing_that_was_made_before(urls):
    build(urls, "fct_product_sales")
    build(urls, "fct_product_sales")
    told = "SELECT fingerprint FROM meta.run_tables WHERE table_name = 'fct_product_sales'"
    assert len({*rows(urls[0], told)}) == 2


def test_databases_of_two_engines_cannot_be_read_together(urls, new_postgres, tmp_path):
    other = str(tmp_path / "other.duckdb") if "postgres" in urls[0] else new_postgres()
    connect(other).close()
    with pytest.raises(TargetError, match="cannot read tables of"):
        build([urls[0], other], "fct_product_sales")
