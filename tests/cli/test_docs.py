"""`docs generate` and `lineage` from the command line."""

import json


def test_docs_generate_writes_a_site_and_again_over_its_own(run_shop, shop, folder):
    run_shop("build")
    assert "Wrote 8 tables to site/index.html" in run_shop("docs generate").output
    run_shop("docs generate")
    assert (folder / "site" / "tables" / "fct_product_sales.html").is_file()
    run_shop("clean")
    assert not (folder / "site").exists()


def test_docs_generate_shows_rows_and_what_columns_hold(run_shop, shop, folder):
    run_shop("build")
    run_shop("docs generate")
    page = (folder / "site" / "tables" / "fct_product_sales.html").read_text()
    assert 'id="rows"' in page
    assert " distinct<" in page


def test_docs_generate_shows_no_rows_where_groups_have_a_least_size(run_shop, shop, folder):
    run_shop("build")
    with (folder / "aa-pipeline.toml").open("a") as config:
        config.write("\n[privacy]\nmin_group = 5\n")
    result = run_shop("docs generate")
    assert "No rows or profiles are shown: groups have at least 5 people." in result.stderr
    pages = [page.read_text() for page in (folder / "site" / "tables").iterdir()]
    assert pages
    assert not [page for page in pages if 'id="rows"' in page or " distinct<" in page]


def test_docs_generate_without_a_database_says_so_and_writes_what_is_known(run_shop, folder):
    result = run_shop("docs", "generate", "-o", "public")
    assert "say nothing of rows, builds and check results" in result.stderr
    assert (folder / "public" / "index.html").is_file()


def test_docs_generate_leaves_a_folder_that_is_not_its_own(run_shop, shop, folder):
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text("mine")
    assert "is not empty" in run_shop("docs generate", expect=2).output
    assert (folder / "site" / "index.html").read_text() == "mine"


def test_docs_serve_without_a_site_says_how_to_make_one(run_shop):
    assert "aa-pipeline docs generate" in run_shop("docs serve", expect=2).output


def test_lineage_of_a_table_is_a_tree_both_ways(run_shop):
    assert run_shop("lineage stg_sales").output == (
        "stg_sales\ncomes from\n  └─ raw_sales\ngoes to\n  ├─ dim_products\n  └─ fct_product_sales\n"
    )


def test_lineage_of_a_column_follows_values_and_lists_what_else_it_depends_on(run_shop):
    assert run_shop("lineage fct_product_sales.revenue_usd").output == (
        "fct_product_sales.revenue_usd: For how much in all.\n"
        "comes from\n"
        "  └─ stg_sales.amount_usd\n"
        "     └─ raw_sales.amount\n"
        "depends on\n"
        "  filter     stg_sales.product\n"
        "  group key  stg_sales.product\n"
    )


def test_lineage_takes_the_name_that_the_database_knows(run_shop):
    assert "goes to\n  └─ stg_sales.amount_usd\n" in run_shop("lineage raw.sales.amount").output


def test_lineage_as_json_holds_every_step_with_its_kind(run_shop):
    found = json.loads(run_shop("lineage dim_products.label --format json").output)
    assert (found["table"], found["column"], found["downstream"]) == ("dim_products", "label", [])
    assert {
        "table": "dim_products",
        "column": "*",
        "kind": "filter",
        "from_table": "stg_sales",
        "from_column": "product",
    } in found["upstream"]
    tables = json.loads(run_shop("lineage fct_visits --format json").output)
    assert tables == {
        "table": "fct_visits",
        "upstream": ["raw_visits", "stg_recent_visits"],
        "downstream": [],
    }


def test_lineage_as_mermaid_is_a_flowchart(run_shop):
    assert run_shop("lineage stg_recent_visits --format mermaid").output.splitlines() == [
        "flowchart LR",
        '  t0["raw_visits"]',
        '  t1["stg_recent_visits"]',
        '  t2["fct_visits"]',
        "  t0 --> t1",
        "  t1 --> t2",
    ]


def test_lineage_of_a_column_as_mermaid_has_a_box_per_table_and_an_arrow_per_step(run_shop):
    assert run_shop("lineage fct_visits.visits --format mermaid").output.splitlines() == [
        "flowchart LR",
        '  subgraph t0["stg_recent_visits"]',
        '    c0["rows"]',
        "  end",
        '  subgraph t1["fct_visits"]',
        '    c1["visits"]',
        "  end",
        '  subgraph t2["raw_visits"]',
        '    c2["rows"]',
        "  end",
        "  c0 --> c1",
        "  c2 --> c0",
    ]


def test_lineage_of_nothing_is_an_error_with_the_close_match(run_shop):
    assert "Did you mean stg_sales.till?" in run_shop("lineage stg_sales.til", expect=2).output
