"""`backup` and `restore` as people call them."""

from pathlib import Path

import pytest

from tests.cli.database import query

pytestmark = pytest.mark.slow


def test_a_database_goes_into_a_file_and_back(run_shop, shop):
    run_shop("build")
    result = run_shop("backup b.zip")
    assert "mart.fct_product_sales" in result.stdout
    assert result.stdout.endswith("Wrote b.zip: duckdb://agent_analytics.duckdb\n")
    Path("agent_analytics.duckdb").unlink()
    result = run_shop("restore b.zip")
    assert result.stdout.endswith("Restored b.zip: duckdb://agent_analytics.duckdb\n")
    assert query("SELECT product, sales FROM mart.fct_product_sales") == [("tea", 1)]
    assert "Built 0 tables, 6 unchanged" in run_shop("build").output


def test_what_holds_something_is_replaced_only_if_that_is_said(run_shop, shop):
    run_shop("backup b.zip")
    query("INSERT INTO raw.visits VALUES (2, now())")
    result = run_shop("restore b.zip", expect=2)
    assert "is not empty: it holds raw.sales and 1 more" in result.stderr
    assert query("SELECT count(*) FROM raw.visits") == [(2,)]
    run_shop("restore b.zip --replace")
    assert query("SELECT count(*) FROM raw.visits") == [(1,)]


@pytest.mark.parametrize("content", [None, b"", b"my own"])
def test_a_restore_that_fails_leaves_no_database(run_shop, folder, content):
    if content is not None:
        Path("b.zip").write_bytes(content)
    result = run_shop("restore b.zip", expect=2)
    assert result.stderr.startswith("Error: b.zip ")
    assert not Path("agent_analytics.duckdb").exists()


def test_there_is_nothing_to_back_up(run_shop, folder):
    result = run_shop("backup b.zip", expect=2)
    assert "There is no database at agent_analytics.duckdb" in result.stderr
    assert not Path("b.zip").exists()


def test_the_database_itself_is_not_overwritten(run_shop, shop):
    result = run_shop("backup agent_analytics.duckdb", expect=2)
    assert "is no backup that aa-pipeline made" in result.stderr
    assert query("SELECT count(*) FROM raw.visits") == [(1,)]


def test_a_folder_is_no_backup(run_shop, shop):
    Path("b").mkdir()
    for words in ("backup b", "restore b --replace"):
        assert run_shop(words, expect=2).stderr.startswith("Error: b ")
