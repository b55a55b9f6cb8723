"""`seed`, `run`, `test`, `build`, over the small project of tests/projects/shop."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.database import query

pytestmark = pytest.mark.slow


def actions(result):
    """Table → what was done with it, from a JSON result."""
    return {t["name"]: t["action"] for t in json.loads(result.stdout)["tables"]}


def test_build_loads_seeds_builds_audits_and_publishes(run_shop, shop):
    output = run_shop("build").output

    lines = [line.split()[:3] for line in output.splitlines()]
    assert ["dim_products", "full", "2"] in lines
    assert "audits:" in output
    assert "Built 6 tables in " in output
    assert query("SELECT product, sales FROM mart.fct_product_sales") == [("tea", 1)]


@pytest.mark.parametrize(
    ("words", "models"),
    [
        ("run", {"stg_sales", "stg_recent_visits", "fct_visits", "dim_products", "fct_product_sales"}),
        ("run --models staging.*", {"stg_sales", "stg_recent_visits"}),
        ("run --models stg_sales", {"stg_sales"}),
        ("run --models +fct_visits", {"stg_recent_visits", "fct_visits"}),
        ("run --models stg_recent_visits+", {"stg_recent_visits", "fct_visits"}),
        ("run -m stg_sales stg_recent_visits", {"stg_sales", "stg_recent_visits"}),
        ("run -s staging --exclude stg_sales", {"stg_recent_visits"}),
        ("run --select +marts.* --exclude +fct_visits dim_products", {"stg_sales", "fct_product_sales"}),
    ],
)
def test_run_builds_what_is_selected(run_shop, shop, words, models):
    done = actions(run_shop(f"{words} --format json"))

    assert {name for name, action in done.items() if action == "full"} == models


def test_a_json_result_is_one_document_and_nothing_else(run_shop, shop):
    query("DROP TABLE raw.visits")

    result = run_shop("build --format json")

    assert json.loads(result.stdout)["status"] == "success"
    assert result.stderr.startswith("Warning: There is no table raw.visits")


def test_seed_loads_the_seeds_into_a_new_database(run_shop, folder):
    output = run_shop("seed").output

    assert "Loaded 1 table in " in output
    assert query("SELECT count(*) > 0 FROM staging.products") == [(True,)]


def test_test_audits_what_is_published(run_shop, shop):
    run_shop("build")

    run_shop("test -s fct_product_sales")
    query("INSERT INTO mart.fct_product_sales SELECT * FROM mart.fct_product_sales")
    result = run_shop("test --models fct_product_sales", expect=1)

    assert "FAILED  fct_product_sales: unique(product) (" in result.stdout
    assert '{"product": "tea"' in result.stdout
    assert result.stderr == "Error: 1 audit failed: fct_product_sales: unique(product).\n"


def test_test_fails_where_a_published_table_is_missing(run_shop, shop):
    result = run_shop("test -s fct_visits", expect=1)

    assert "mart.fct_visits does not exist" in result.stdout
    assert result.stderr.startswith("Error: 1 audit failed: fct_visits: shape.")


def test_a_failed_audit_publishes_nothing_and_exits_with_1(run_shop, shop):
    run_shop("build")
    query("INSERT INTO raw.sales SELECT 1, now(), 'coffee', 3, '{}'")

    result = run_shop("build", expect=1)

    assert "FAILED  stg_sales: unique(sale_id)" in result.stdout
    assert "Nothing was published; what was there before is untouched." in result.stderr
    assert query("SELECT count(*) FROM staging.stg_sales") == [(1,)]


def test_fail_fast_stops_at_the_first_failing_table(run_shop, shop):
    query("INSERT INTO raw.sales SELECT 1, now(), 'coffee', -3, '{}'")

    result = run_shop("build -x --format json", expect=1)

    assert "fct_product_sales" not in actions(result)


def test_nothing_new_is_skipped_unless_a_full_refresh_is_asked_for(run_shop, shop):
    run_shop("build")

    audits, summary, last = run_shop("build").output.splitlines()
    assert " audits: " in audits
    assert summary.startswith("Built 0 tables, 6 unchanged in ")
    assert last.startswith("aa-pipeline build: status=success tables=0 rows=0 warnings=0 ")
    assert "Built 6 tables" in run_shop("build --full-refresh").output


def test_only_tables_that_changed_are_listed(run_shop, shop):
    run_shop("build")
    query("INSERT INTO raw.visits SELECT * REPLACE (id + 1 AS id) FROM raw.visits")

    listed = [line.split()[0] for line in run_shop("build").stdout.splitlines()]
    assert listed[1 : listed.index("fct_visits") + 1] == ["raw_visits", "stg_recent_visits", "fct_visits"]


def test_a_profile_shows_the_heaviest_operators(run_shop, shop):
    output = run_shop("build --profile").output
    assert "stg_sales: " in output
    assert "1 rows read, 1 rows now" in output
    assert re.search(r"^ +\d+% [A-Z_]+ → 1 rows", output, re.MULTILINE)


def test_the_as_of_option_moves_the_window(run_shop, shop):
    run_shop("build --as-of 2099-01-01")

    assert query("SELECT visits FROM mart.fct_visits") == [(0,)]
    assert query("SELECT DISTINCT as_of::DATE::VARCHAR FROM meta.runs") == [("2099-01-01",)]


@pytest.mark.parametrize("as_of", ["yesterday", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_an_as_of_that_is_no_time_is_an_error(run_shop, shop, as_of):
    assert "is no date or time" in run_shop(f"build --as-of {as_of}", expect=2).stderr


def test_debug_logging_works_after_the_command(run_shop, shop):
    run_shop("run --log-level debug")


def test_the_report_of_the_last_run_is_printed_or_written(run_shop, shop, folder):
    run_shop("build")

    assert "fct_product_sales" in run_shop("report").stdout
    assert json.loads(run_shop("report --format json").stdout)
    run_shop("report --format html -o pages/report.html")
    assert "<html" in (folder / "pages" / "report.html").read_text()


def test_a_report_is_not_written_over_a_page_that_is_none(run_shop, shop, folder):
    run_shop("build")
    page = folder / "index.html"
    page.write_text("\n<!-- mine -->\n<!DOCTYPE html>\n<title>my own</title>")
    before = page.read_text()

    result = run_shop("report --format html -o index.html", expect=2)

    assert result.stderr == (
        "Error: index.html is a page that `report` did not make."
        " Name another file with -o, or remove this one.\n"
    )
    assert page.read_text() == before
    page.write_text("<!doctype html>\n<title>1 of 5 checks failed. · aa-pipeline</title>")  # of version 0.1.0
    for _ in range(2):
        run_shop("report --format html -o index.html")
    assert "fct_product_sales" in page.read_text()


def test_without_a_run_there_is_no_report(run_shop, shop):
    assert "has no audited run to report on" in run_shop("report", expect=2).stderr


# Bad input: one clear paragraph, the right exit code, nothing lost.


@pytest.mark.parametrize("command", ["run", "test", "build", "show stg_sales", "source freshness"])
def test_without_a_database_nothing_is_made(run_shop, folder, command):
    result = run_shop(command, expect=2)

    assert result.stderr.startswith("Error: There is no database at agent_analytics.duckdb.")
    assert result.stderr.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_a_database_without_raw_tables_is_an_error_that_says_how_to_get_data_in(run_shop, folder):
    query("CREATE TABLE other AS SELECT 1")

    result = run_shop("build", expect=2)

    assert "holds no raw data" in result.stderr
    assert "aa-pipeline ingest" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_model_is_an_error_with_the_close_match(run_shop, shop):
    result = run_shop("build -s fct_visit", expect=2)

    assert "'fct_visit' matches nothing. Did you mean fct_visits?" in result.stderr
    assert query("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'mart'") == [(0,)]


def test_a_severity_of_an_unknown_table_is_an_error_with_the_close_match(run_shop, shop, folder):
    (folder / "aa-pipeline.toml").write_text('[severity]\nfct_visit = "warn"\n')

    result = run_shop("build", expect=2)

    assert "severity names the table fct_visit, which is not there. Did you mean fct_visits?" in result.stderr


def test_a_locked_database_is_an_error_that_names_the_holder(run_shop, shop):
    code = (
        "import duckdb, sys; c = duckdb.connect('agent_analytics.duckdb');"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        start = time.monotonic()
        result = run_shop("build --wait 0.2", expect=1)
        waited = time.monotonic() - start
        holder.stdin.close()

    # Its arguments may hold a password.
    assert f"is held by process {holder.pid} ({Path(sys.executable).name}); waited" in result.stderr
    assert "--wait" in result.stderr
    assert result.stderr.count("\n") == 1
    assert waited >= 0.2


def test_a_raw_table_that_cannot_be_understood_is_an_error(run_shop, shop):
    query("ALTER TABLE raw.sales DROP COLUMN id")

    result = run_shop("build", expect=2)

    assert "raw.sales has no column id" in result.stderr
