"""`test --recompute`: what somebody has altered in any table is named, with rows."""

import datetime as dt
import json

import pytest

from pipeline import run
from pipeline.engines import connect
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def shop(tmp_path):
    """The miniature project, built: two sales of tea, one of cake."""
    with connect(":memory:") as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.sales"
            " (id BIGINT, timestamp TIMESTAMP, product VARCHAR, amount DOUBLE, attributes JSON)"
        )
        for number, product, amount in [(1, "tea", 2), (2, "cake", 3), (3, "tea", 4)]:
            engine.execute(
                "INSERT INTO raw.sales VALUES (?, TIMESTAMP '2026-01-01', ?, ?, NULL)",
                [number, product, amount],
            )
        engine.execute("CREATE TABLE raw.visits AS SELECT 1 AS id, TIMESTAMP '2025-12-31' AS timestamp")
        run.build(engine, plan_of(engine), as_of=NEW_YEAR, project_dir=tmp_path)
        yield engine


def plan_of(engine):
    return compile_shop(shapes=engine.shapes("raw"))


def recompute(engine, folder, **options):
    return run.audit(engine, plan_of(engine), recompute=True, project_dir=folder, **options)


def of_recompute(result):
    return {a.table: (a.status, a.failures) for a in result.audits if a.audit == "recompute"}


def examples(result, table):
    rows = [row for row in result.failing_rows if (row.table, row.audit) == (table, "recompute")]
    return [json.loads(row.failing_row) for row in rows]


def test_what_nobody_has_touched_is_what_the_plan_makes(shop, tmp_path):
    result = recompute(shop, tmp_path)
    assert result.status == "success"
    assert of_recompute(result) == {
        "products": ("passed", 0),
        "stg_recent_visits": ("passed", 0),
        "stg_sales": ("passed", 0),
        "fct_visits": ("passed", 0),
        "dim_products": ("passed", 0),
        "fct_product_sales": ("passed", 0),
    }


def test_without_it_a_number_that_every_contract_allows_is_believed(shop, tmp_path):
    shop.execute("UPDATE mart.fct_product_sales SET revenue_usd = 60 WHERE product = 'tea'")
    assert run.audit(shop, plan_of(shop)).status == "success"


def test_a_changed_value_is_named_beside_what_it_should_be(shop, tmp_path):
    shop.execute("UPDATE mart.fct_product_sales SET revenue_usd = 60 WHERE product = 'tea'")
    result = recompute(shop, tmp_path)
    assert result.status == "failed"
    assert of_recompute(result)["fct_product_sales"] == ("failed", 1)
    assert examples(result, "fct_product_sales") == [
        {"difference": "changed", "product": "tea", "revenue_usd": "60.0, made anew 6.0"}
    ]


def test_a_row_too_many_and_one_too_few_are_told_apart(shop, tmp_path):
    shop.execute("DELETE FROM mart.dim_products WHERE product = 'tea'")
    shop.execute("INSERT INTO mart.dim_products VALUES ('gin', NULL)")
    result = recompute(shop, tmp_path)
    assert of_recompute(result)["dim_products"] == ("failed", 2)
    assert examples(result, "dim_products") == [
        {"difference": "only in the table", "product": "gin", "label": None},
        {"difference": "missing in the table", "product": "tea", "label": "Tea"},
    ]


def test_a_row_that_stands_twice_is_one_too_many(shop, tmp_path):
    shop.execute("INSERT INTO mart.dim_products SELECT * FROM mart.dim_products WHERE product = 'tea'")
    result = recompute(shop, tmp_path)
    assert examples(result, "dim_products") == [
        {"difference": "only in the table", "product": "tea", "label": "Tea"}
    ]


def test_what_reads_an_altered_table_says_where_to_look_first(shop, tmp_path):
    shop.execute("UPDATE staging.stg_sales SET amount_usd = 40 WHERE sale_id = 3")
    result = recompute(shop, tmp_path)
    assert of_recompute(result)["stg_sales"] == ("failed", 1)
    (said,) = [
        a.description for a in result.audits if (a.table, a.audit) == ("fct_product_sales", "recompute")
    ]
    assert said.endswith("Look at stg_sales first: the same is wrong there, and it is read here.")


def test_a_seed_is_compared_with_its_files(shop, tmp_path):
    shop.execute("UPDATE staging.products SET label = 'Chai' WHERE product = 'tea'")
    result = recompute(shop, tmp_path)
    assert examples(result, "products") == [
        {"difference": "changed", "product": "tea", "label": "Chai, made anew Tea"}
    ]


def test_what_has_arrived_since_the_build_is_no_difference(shop, tmp_path):
    shop.execute("INSERT INTO raw.sales VALUES (4, TIMESTAMP '2026-01-01', 'tea', 1, NULL)")
    result = recompute(shop, tmp_path)
    assert result.status == "success"
    assert of_recompute(result)["stg_sales"] == ("skipped", None)
    assert of_recompute(result)["fct_product_sales"] == ("passed", 0)
    assert result.warnings == [
        "staging.stg_sales: Not made anew: raw.sales changed since it was built. Build first."
    ]


def test_of_a_seed_whose_file_has_changed_since_nothing_is_known(shop, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "products.csv").write_text("product,label\nscone,Scone\n", "utf-8")
    assert of_recompute(recompute(shop, tmp_path))["products"] == ("skipped", None)


def test_every_row_that_differs_can_be_kept(shop, tmp_path):
    shop.execute("UPDATE mart.fct_product_sales SET revenue_usd = 60 WHERE product = 'tea'")
    result = recompute(shop, tmp_path, store_failures=True)
    assert result.stored == ["audit.fct_product_sales__recompute"]
    assert shop.fetch("SELECT * FROM audit.fct_product_sales__recompute ORDER BY copies_too_many") == [
        ("tea", 2, 6.0, -1),
        ("tea", 2, 60.0, 1),
    ]


def test_only_what_is_selected_is_made_anew(shop, tmp_path):
    assert [*of_recompute(recompute(shop, tmp_path, selected=["dim_products"]))] == ["dim_products"]
