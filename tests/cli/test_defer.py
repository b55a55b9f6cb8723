"""`build --defer`: what is neither selected nor built here is read from another target."""

import json

import pytest

from tests.cli.conftest import SALES
from tests.cli.database import query

pytestmark = pytest.mark.slow

PRODUCTS = "SELECT product, sales, revenue_usd FROM mart.fct_product_sales ORDER BY product"


@pytest.fixture
def prod(run_shop, shop, folder):
    """A second target, which has sold tea three times; here it was sold once, and nothing is built."""
    (folder / "aa-pipeline.toml").write_text('[targets]\nprod = "duckdb://prod.duckdb"\n')
    more = "INSERT INTO raw.sales SELECT s.* REPLACE (id + n AS id) FROM raw.sales AS s, range(1, 3) AS r(n)"
    query(SALES + more, "prod.duckdb")
    run_shop("build -t prod")
    return "prod.duckdb"


def tables(result):
    return {t["name"]: (t["action"], t["reason"]) for t in json.loads(result.stdout)["tables"]}


def test_a_table_that_was_not_built_here_is_read_from_the_other_target(run_shop, prod):
    result = run_shop("build -s fct_product_sales --defer prod --format json")
    assert tables(result) == {"fct_product_sales": ("full", "reads stg_sales of prod")}
    assert query(PRODUCTS) == [("tea", 3, 7.5)]
    assert query("FROM duckdb_tables() SELECT table_name WHERE schema_name = 'staging'") == []


def test_a_table_that_was_built_here_is_read_here(run_shop, prod):
    run_shop("build -s stg_sales")
    run_shop("build -s fct_product_sales --defer prod")
    assert query(PRODUCTS) == [("tea", 1, 2.5)]


def test_what_was_made_of_another_targets_rows_is_not_taken_for_our_own(run_shop, prod):
    run_shop("build -s fct_product_sales --defer prod")
    assert tables(run_shop("build --format json"))["fct_product_sales"][0] == "full"
    assert query(PRODUCTS) == [("tea", 1, 2.5)]
    assert tables(run_shop("build --format json"))["fct_product_sales"][0] == "skipped"


def test_new_rows_of_the_other_target_arrive_though_nothing_here_has_changed(run_shop, prod):
    run_shop("build -s dim_products fct_product_sales --defer prod")
    query("UPDATE raw.sales SET product = 'coffee' WHERE id = 2", prod)
    run_shop("build -t prod --full-refresh")
    run_shop("build -s dim_products fct_product_sales --defer prod")
    assert query(PRODUCTS) == [("coffee", 1, 2.5), ("tea", 2, 5.0)]


def test_what_reads_a_table_made_of_another_targets_rows_is_made_anew_with_it(run_shop, prod, folder):
    (folder / "aa-pipeline.toml").write_text('window_days = 90\n[targets]\nprod = "prod.duckdb"\n')
    query("DROP VIEW staging.stg_recent_visits", prod)
    run_shop("build -t prod")
    query("INSERT INTO raw.visits VALUES (2, now())", prod)
    run_shop("build -t prod")
    assert query("SELECT visits FROM mart.fct_visits", prod) == [(2,)]
    run_shop("build -s fct_visits --defer prod.duckdb")
    assert query("SELECT visits FROM mart.fct_visits") == [(2,)]


def test_it_is_not_made_anew_to_compare_what_another_target_was_read_for(run_shop, prod):
    run_shop("build -s fct_product_sales --defer prod")
    result = run_shop("test -s fct_product_sales --recompute")
    assert "stg_sales was never built here; it was made of another target's" in " ".join(
        result.stderr.split()
    )


def test_a_failed_build_is_retried_with_the_same_target(run_shop, prod):
    query("UPDATE staging.stg_sales SET amount_usd = -100", prod)
    run_shop("build -s fct_product_sales --defer prod", expect=1)
    query("UPDATE staging.stg_sales SET amount_usd = 2", prod)
    run_shop("retry")
    assert query(PRODUCTS) == [("tea", 3, 6.0)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("build -s fct_product_sales", "`aa-pipeline build -s +fct_product_sales` builds both."),
        ("build -s fct_product_sales --defer empty.duckdb", "has no such table either"),
        ("build -s fct_product_sales --defer nowhere.duckdb", "There is no database at nowhere.duckdb"),
        ("build -s fct_product_sales --defer agent_analytics.duckdb", "is the target that is built"),
        ("build -s fct_product_sales --defer rpod", "Did you mean prod?"),
        ("build -s fct_product_sales -t prod --defer :memory:", "has no such table either"),
    ],
)
def test_what_cannot_be_deferred_is_said(run_shop, prod, words, told):
    query("SELECT 1", "empty.duckdb")
    if "-t prod" in words:
        query("DROP TABLE staging.stg_sales", prod)
    assert told in " ".join(run_shop(words, expect=2).output.split())


def test_names_do_not_come_beside_pseudonyms(run_shop, prod, folder, monkeypatch):
    monkeypatch.setenv("AA_PIPELINE_PRIVACY_KEY", "0" * 64)
    with (folder / "aa-pipeline.toml").open("a") as config:
        config.write("[privacy]\npseudonyms = true\n")
    query("DROP SCHEMA raw CASCADE")
    query(SALES)
    output = run_shop("build -s fct_product_sales --defer prod", expect=2).output
    assert "prod has published names of people" in " ".join(output.split())
