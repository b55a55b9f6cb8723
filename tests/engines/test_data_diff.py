"""What a change does to the data: two versions of the miniature project over the same raw rows."""

import datetime as dt
from dataclasses import replace

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.errors import QueryError
from pipeline.plan import Check, PlanColumn
from pipeline.run.data_diff import ColumnDiff, TableDiff, data_diff
from pipeline.run.scratch import Version
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SALES = """
CREATE TABLE raw.sales AS
SELECT id, TIMESTAMP '2026-01-01' AS timestamp, product, CAST(amount AS DOUBLE PRECISION) AS amount,
    CAST(NULL AS JSON) AS attributes
FROM (VALUES (CAST(1 AS BIGINT), 'tea', 2), (2, 'cake', 3), (3, 'tea', 4)) AS sold(id, product, amount)
"""


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request):
    url = ":memory:" if request.param == "duckdb" else request.getfixturevalue("new_postgres")()
    with connect(url) as engine:
        engine.create_schema("raw")
        engine.execute(SALES)
        engine.execute(
            "CREATE TABLE raw.visits AS SELECT CAST(1 AS BIGINT) AS id, TIMESTAMP '2025-12-31' AS timestamp"
        )
        yield engine


@pytest.fixture
def plan(engine):
    return compile_shop(engine.dialect, shapes=engine.shapes("raw"))


def version(plan, folder, **sql):
    """A version in which the SQL of tables is another."""
    tables = {name: replace(plan.tables[name], sql=text) for name, text in sql.items()}
    return Version(replace(plan, tables=plan.tables | tables), folder)


def compared(engine, old, new, **options):
    return {table.table: table for table in data_diff(engine, old, new, as_of=NEW_YEAR, **options)}


def test_versions_that_make_the_same_of_the_same_are_not_built(engine, plan, tmp_path):
    built = []
    same = version(plan, tmp_path)
    assert data_diff(engine, same, version(plan, tmp_path), on_table=built.append) == []
    assert built == []


def test_values_that_change_are_counted_and_shown_beside_each_other(engine, plan, tmp_path):
    dearer = "SELECT product, sales, CASE product WHEN 'tea' THEN 2 ELSE 1 END * revenue_usd AS revenue_usd"
    new = f"{dearer} FROM ({plan.tables['fct_product_sales'].sql}) AS sold"
    found = compared(engine, version(plan, tmp_path), version(plan, tmp_path, fct_product_sales=new))
    assert found == {
        "fct_product_sales": TableDiff(
            "fct_product_sales",
            2,
            2,
            changed=1,
            columns=[ColumnDiff("revenue_usd", 1, most=6)],
            examples=[{"row": "changed", "product": "tea", "revenue_usd": [6.0, 12.0]}],
        )
    }


def test_what_a_law_adds_up_has_its_sums(engine, plan, tmp_path):
    law = Check("same_revenue", "law", ["revenue_usd"], "Products have all revenue.")
    mart = plan.tables["fct_product_sales"]
    plan.tables["fct_product_sales"] = replace(mart, checks=[*mart.checks, law])
    new = f"SELECT product, sales, 2 * revenue_usd AS revenue_usd FROM ({mart.sql}) AS sold"
    found = compared(engine, version(plan, tmp_path), version(plan, tmp_path, fct_product_sales=new))
    assert found["fct_product_sales"].columns == [ColumnDiff("revenue_usd", 2, 6, 9, 18)]


def test_rows_that_come_and_go_are_told_apart_and_what_reads_them_is_looked_at_too(engine, plan, tmp_path):
    sales = plan.tables["stg_sales"].sql
    new = f"SELECT * FROM ({sales}) AS sold WHERE product <> 'cake'"
    found = compared(engine, version(plan, tmp_path), version(plan, tmp_path, stg_sales=new))
    assert [(d.table, d.old_rows, d.new_rows, d.removed, d.added, d.changed) for d in found.values()] == [
        ("stg_sales", 3, 2, 1, 0, 0),
        ("dim_products", 3, 2, 1, 0, 0),
        ("fct_product_sales", 2, 1, 1, 0, 0),
    ]
    assert found["fct_product_sales"].examples == [{"row": "removed", "product": "cake"}]


def test_a_value_that_appears_where_there_was_none_is_a_change(engine, plan, tmp_path):
    sales = plan.tables["stg_sales"].sql
    columns = "sale_id, sold_at, product, amount_usd, CAST(7 AS BIGINT) AS till, customer"
    new = f"SELECT {columns} FROM ({sales}) AS sold"
    found = compared(engine, version(plan, tmp_path), version(plan, tmp_path, stg_sales=new))
    assert found["stg_sales"].columns == [ColumnDiff("till", 3)]
    assert found["fct_product_sales"].is_same


def test_what_is_true_or_false_is_shown_so(engine, plan, tmp_path):
    mart = plan.tables["fct_product_sales"]
    columns = [*mart.columns, PlanColumn("is_dear", "boolean", "BOOLEAN", True, "")]
    dear = f"SELECT sold.*, revenue_usd > %s AS is_dear FROM ({mart.sql}) AS sold"
    plan.tables[mart.name] = replace(mart, columns=columns, sql=dear % 5)
    found = compared(engine, version(plan, tmp_path), version(plan, tmp_path, **{mart.name: dear % 100}))
    assert found[mart.name].examples == [{"row": "changed", "product": "tea", "is_dear": [True, False]}]


def test_a_billionth_is_no_difference(engine, plan, tmp_path):
    mart = plan.tables["fct_product_sales"].sql
    new = f"SELECT product, sales, revenue_usd * (1 + 1e-12) AS revenue_usd FROM ({mart}) AS sold"
    found = compared(engine, version(plan, tmp_path), version(plan, tmp_path, fct_product_sales=new))
    assert found["fct_product_sales"].is_same


def test_seeds_differ_by_their_rows(engine, plan, tmp_path):
    folder = tmp_path / "new"
    (folder / "seeds").mkdir(parents=True)
    (folder / "seeds" / "products.csv").write_text("product,label\nmilk,Oat milk\n", "utf-8")
    found = compared(engine, version(plan, tmp_path), version(plan, folder))
    assert found["products"].examples == [
        {"row": "changed", "product": "milk", "label": ["", "Oat milk"]}
    ] or (found["products"].changed == 1)
    assert found["dim_products"].columns == [ColumnDiff("label", 1)]


def test_tables_and_columns_that_one_version_has_not_are_named(engine, plan, tmp_path):
    mart = plan.tables["dim_products"]
    label = [column for column in mart.columns if column.name != "label"]
    shorter = replace(mart, columns=label, sql=f"SELECT product FROM ({mart.sql}) AS known")
    tables = {**plan.tables, "dim_products": shorter}
    del tables["fct_visits"]
    found = compared(engine, version(plan, tmp_path), Version(replace(plan, tables=tables), tmp_path))
    assert (found["fct_visits"].old_rows, found["fct_visits"].new_rows) == (1, None)
    assert found["dim_products"].gone_columns == ["label"]


def test_only_what_is_selected_and_what_it_is_made_of_is_built(engine, plan, tmp_path):
    built = []
    new = f"SELECT * FROM ({plan.tables['stg_sales'].sql}) AS sold WHERE product <> 'cake'"
    versions = version(plan, tmp_path), version(plan, tmp_path, stg_sales=new)
    found = compared(engine, *versions, selected=["fct_product_sales"], on_table=built.append)
    assert [*found] == ["fct_product_sales"]
    assert built == ["stg_sales", "fct_product_sales"] * 2


def test_nothing_of_it_is_left(engine, plan, tmp_path):
    run.build(engine, plan, as_of=NEW_YEAR, project_dir=tmp_path)
    before = engine.kinds(), engine.fetch("SELECT count(*) FROM meta.runs")
    new = f"SELECT * FROM ({plan.tables['stg_sales'].sql}) AS sold WHERE product <> 'cake'"
    assert compared(engine, version(plan, tmp_path), version(plan, tmp_path, stg_sales=new))
    assert (engine.kinds(), engine.fetch("SELECT count(*) FROM meta.runs")) == before


def test_a_version_that_the_database_refuses_is_named_and_leaves_nothing(engine, plan, tmp_path):
    before = engine.kinds()
    with pytest.raises(QueryError, match="dim_products of the new version could not be built"):
        compared(engine, version(plan, tmp_path), version(plan, tmp_path, dim_products="SELECT nothing"))
    assert engine.kinds() == before
