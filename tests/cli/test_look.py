"""`ls`, `show`, `compile`, `source freshness`, over the small project of tests/projects/shop."""

import json

import duckdb
import pytest

from tests.cli.database import query


def test_ls_needs_no_database_and_prints_names(run_shop, folder):
    assert run_shop("ls").stdout.split() == [
        "raw_sales",
        "raw_visits",
        "products",
        "stg_recent_visits",
        "stg_sales",
        "fct_visits",
        "dim_products",
        "fct_product_sales",
    ]
    assert list(folder.iterdir()) == []


def test_ls_lists_what_is_selected(run_shop):
    assert run_shop("ls -s +fct_visits").stdout.split() == [
        "raw_visits",
        "stg_recent_visits",
        "fct_visits",
    ]


def test_ls_as_json_says_what_a_table_is(run_shop):
    assert json.loads(run_shop("ls -s fct_visits --format json").stdout) == [
        {
            "name": "fct_visits",
            "resource_type": "model",
            "layer": "marts",
            "schema": "mart",
            "materialized": "table",
            "description": "One row: how many visits there were lately.",
            "key": [],
            "columns": ["visits"],
            "depends_on": ["stg_recent_visits"],
            "path": "tests/projects/shop/models/marts/fct_visits.py",
            "tags": [],
        }
    ]


def test_ls_of_an_unknown_name_is_an_error_with_the_close_match(run_shop):
    assert "Did you mean dim_products?" in run_shop("ls -s dim_product", expect=2).stderr


def test_show_prints_rows_in_the_order_of_the_key(run_shop, shop):
    query("INSERT INTO raw.sales SELECT 2, now(), 'coffee', 3, '{}'")
    run_shop("build")

    assert run_shop("show fct_product_sales").stdout == (
        "product  sales  revenue_usd\ncoffee       1            3\ntea          1          2.5\n"
    )
    assert json.loads(run_shop("show mart.fct_product_sales --limit 1 --format json").stdout) == [
        {"product": "coffee", "sales": 1, "revenue_usd": 3.0}
    ]


@pytest.mark.parametrize("name", ["raw_sales", "raw.sales"])
def test_show_reads_a_raw_table_as_the_models_do(run_shop, shop, name):
    [row] = json.loads(run_shop(f"show {name} --format json").stdout)

    assert (row["product"], row["till"]) == ("tea", None)


def test_show_computes_a_model_that_is_not_published_from_what_is(run_shop, shop):
    run_shop("run -s stg_sales")

    result = run_shop("show fct_product_sales")

    assert "tea" in result.stdout
    assert "not published" in result.stderr
    assert query("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'mart'") == [(0,)]


def test_show_of_a_model_whose_upstream_is_not_published_says_what_to_build(run_shop, shop):
    result = run_shop("show fct_visits", expect=2)

    assert "neither is stg_recent_visits, which it reads" in result.stderr
    assert "`aa-pipeline build -s +fct_visits` makes it." in result.stderr


def test_show_reads_run_metadata_the_newest_first(run_shop, shop):
    run_shop("build")
    run_shop("test")

    runs = json.loads(run_shop("show meta.runs --format json").stdout)

    assert [run["command"] for run in runs] == ["test", "build"]
    # A clock that has gone back meanwhile; each row of a run is found by its id.
    for table in ("runs", "run_tables", "audit_results"):
        query(f"UPDATE meta.{table} SET run_id = '1999' WHERE run_id = '{runs[0]['run_id']}'")
    runs = json.loads(run_shop("show meta.runs --format json").stdout)
    assert [run["command"] for run in runs] == ["test", "build"]
    results = json.loads(run_shop("show meta.audit_results --format json --limit 1").stdout)
    assert results[0]["run_id"] == "1999"
    assert "There is no table meta.nothing." in run_shop("show meta.nothing", expect=2).stderr
    assert "Did you mean meta.quarantine?" in run_shop("show meta.quarantin", expect=2).stderr


def test_show_of_an_unknown_table_is_an_error_with_the_close_match(run_shop, shop):
    assert "Did you mean fct_visits?" in run_shop("show fct_visit", expect=2).stderr


def test_what_data_says_cannot_steer_the_terminal(run_shop, shop):
    query("INSERT INTO raw.sales SELECT 2, now(), 'a' || chr(27) || '[31m', 3, '{}'")
    run_shop("build")

    assert "\x1b" not in run_shop("show dim_products").output


def test_compile_prints_sql_that_runs(run_shop, folder, shop):
    run_shop("run")

    sql = run_shop("compile --as-of 2026-11-01").stdout

    assert "{{" not in sql
    assert "2026-11-01 00:00:00" in sql
    with duckdb.connect("agent_analytics.duckdb", read_only=True) as connection:
        for statement in sql.split(";\n"):
            connection.execute(statement)


def test_compile_writes_a_file_per_model(run_shop, folder):
    run_shop("compile -t postgres://ada@127.0.0.1:1/db -s marts -o sql")

    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*.sql")) == [
        "sql/marts/dim_products.sql",
        "sql/marts/fct_product_sales.sql",
        "sql/marts/fct_visits.sql",
    ]


def test_freshness_reports_and_fails_only_where_a_limit_says_so(run_shop, folder, shop):
    query("UPDATE raw.visits SET timestamp = '2026-01-01 00:00:00+00'; DELETE FROM raw.sales")
    words = "source freshness --as-of 2026-01-03T01:00 --format json"

    [sales, visits] = json.loads(run_shop(words).stdout)

    assert (sales["source"], sales["newest"], sales["state"]) == ("raw.sales", None, "empty")
    assert (visits["newest"], visits["age_seconds"], visits["state"]) == (
        "2026-01-01T00:00:00+00:00",
        49 * 3600,
        "pass",
    )
