"""`retry`: the last command once more, if it failed."""

import json

import pytest

from tests.cli.database import query

pytestmark = pytest.mark.slow

SAME_SALE = "INSERT INTO raw.sales SELECT * FROM raw.sales"
NOT_THE_SAME = "DELETE FROM raw.sales WHERE rowid > 0"


def made(result):
    return {table["name"] for table in json.loads(result.stdout)["tables"] if table["action"] == "full"}


def test_a_build_that_failed_is_repeated_with_its_tables_and_options(run_shop, shop):
    query(SAME_SALE)
    run_shop("build -s stg_sales+ --exclude dim_products --as-of 2026-11-01 --full-refresh", expect=1)
    query(NOT_THE_SAME)
    result = run_shop("retry --format json")
    told = json.loads(result.stdout)
    assert (told["command"], told["status"], told["as_of"]) == (
        "build",
        "success",
        "2026-11-01T00:00:00+00:00",
    )
    assert made(result) == {"stg_sales", "fct_product_sales"}
    assert {table["reason"] for table in told["tables"] if table["action"] == "full"} == {"full refresh"}
    assert "which failed; 2 tables." in result.stderr


def test_nothing_of_a_failed_build_stands_so_all_of_it_is_made(run_shop, shop):
    query(SAME_SALE)
    run_shop("build", expect=1)  # stg_recent_visits and fct_visits had not failed
    query(NOT_THE_SAME)
    output = run_shop("retry").output
    assert "Built 6 tables in " in output
    assert "aa-pipeline build: status=success tables=6" in output


def test_a_build_that_fails_again_can_be_repeated_again(run_shop, shop):
    query(SAME_SALE)
    run_shop("build", expect=1)
    run_shop("retry", expect=1)
    query(NOT_THE_SAME)
    run_shop("retry")
    assert run_shop("retry").stdout.startswith("Nothing to retry: the last build, of ")


def test_of_a_test_only_what_did_not_pass_is_audited_again(run_shop, shop):
    run_shop("build")
    query("INSERT INTO mart.fct_product_sales SELECT * FROM mart.fct_product_sales")
    run_shop("test", expect=1)
    result = run_shop("retry --format json", expect=1)
    assert {audit["table"] for audit in json.loads(result.stdout)["audits"]} == {"fct_product_sales"}


def test_of_a_test_that_stopped_at_once_all_is_audited_again(run_shop, shop):
    run_shop("build")
    query("INSERT INTO mart.fct_product_sales SELECT * FROM mart.fct_product_sales")
    run_shop("test --fail-fast", expect=1)
    query("DELETE FROM mart.fct_product_sales WHERE rowid > 0")
    result = run_shop("retry --format json")
    assert len({audit["table"] for audit in json.loads(result.stdout)["audits"]}) > 1


def test_where_the_last_command_succeeded_there_is_nothing_to_do(run_shop, shop):
    run_shop("seed")
    result = run_shop("retry")
    assert result.stdout.startswith("Nothing to retry: the last seed, of ")
    assert result.stdout.endswith(" succeeded.\n")
    assert run_shop("retry --format json").stdout == "null\n"


def test_where_nothing_was_built_there_is_nothing_to_do(run_shop, shop):
    assert run_shop("retry").stdout == "Nothing to retry: there was no build yet.\n"


def test_a_build_of_an_older_release_is_repeated_whole(run_shop, shop):
    query(SAME_SALE)
    run_shop("build -s stg_sales", expect=1)
    query(f"ALTER TABLE meta.runs DROP arguments; {NOT_THE_SAME}")
    assert "Built 6 tables in " in run_shop("retry").output


def test_a_table_that_is_gone_is_named_and_left_out(run_shop, shop):
    query(SAME_SALE)
    run_shop("build -s stg_sales", expect=1)
    query(f"""UPDATE meta.runs SET arguments = '{{"selected": ["stg_sales", "gone"]}}'; {NOT_THE_SAME}""")
    result = run_shop("retry --format json")
    assert "Not there any more: gone." in result.stderr
    assert made(result) == {"stg_sales"}
