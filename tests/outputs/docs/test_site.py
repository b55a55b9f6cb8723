import datetime as dt
import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.outputs.docs.highlight import highlight
from pipeline.outputs.docs.site import page_path, site_files
from pipeline.outputs.docs.state import State, read_state
from pipeline.outputs.metrics import METRICS
from tests.outputs.docs.shop_site import AT, HOSTILE, built_shop_site, plan_with_hostile_table
from tests.projects import compile_shop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return built_shop_site(tmp_path_factory.mktemp("shop"))


class Text(HTMLParser):
    """The words of a page, and its elements with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.words, self.elements = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("a", "b", "code", "span", "time", "wbr"):
            self.words.append(" ")

    def handle_data(self, data):
        self.words.append(data)

    def __str__(self):
        return " ".join("".join(self.words).split())


def test_every_table_has_a_page_with_its_description_and_every_column(site):
    for table in compile_shop().tables.values():
        page = str(Text(site[f"tables/{table.name}.html"]))
        assert table.description in page
        for column in table.columns:
            assert column.name in page
            assert column.description in page


def test_a_page_shows_rows_build_key_references_checks_code_and_neighbours(site):
    page = Text(site["tables/fct_product_sales.html"])
    text = str(page)
    for words in [
        "Rows 1",
        "Key product",
        "References dim_products.product",
        "Every product is found in dim_products.product.",
        "never NULL",
        "def fct_product_sales(stg_sales: ibis.Table)",
        "SELECT product, sales, revenue_usd FROM mart.fct_product_sales ORDER BY product LIMIT 10",
        "from the rows of stg_sales",
    ]:
        assert words in text, words
    assert re.search(r"Last built \d{4}-\d\d-\d\d \d\d:\d\d UTC", text)
    links = {attrs.get("href") for tag, attrs in page.elements if tag == "a"}
    assert {"../tables/stg_sales.html", "../lineage.html#fct_product_sales.sales"} <= links


def test_a_page_shows_its_first_rows_and_what_each_column_holds(site):
    text = str(Text(site["tables/fct_product_sales.html"]))
    assert "Looked at when these pages were made: 1 row." in text
    assert "Rows 1 product sales revenue_usd tea 1 2.5 The first by the key." in text
    assert re.search(r"For how much in all\..{,80} 2\.5 1 distinct", text)


def test_checks_that_hold_are_folded(site):
    # The first is the list of tables at the side.
    page = Text(site["tables/fct_product_sales.html"])
    assert [attrs for tag, attrs in page.elements if tag == "details"][1:] == [{}, {}]


def test_the_page_of_a_source_shows_its_newest_row(site):
    assert "Newest row 2026-01-01 12:00 UTC" in str(Text(site["tables/raw_sales.html"]))
    assert "not in the database; reads as empty" in str(Text(site["tables/raw_visits.html"]))


def test_the_overview_lists_every_table_and_counts_the_checks(site):
    text = str(Text(site["index.html"]))
    assert re.search(r"All \d+ checks hold", text)
    assert re.search(r"Last run: build, \d{4}-\d\d-\d\d \d\d:\d\d UTC, published\.", text)
    for name in compile_shop().tables:
        assert name in text


def test_a_page_tells_how_it_works_as_the_package_does(site):
    page = Text(site["about.html"])
    assert "A model is a function over Ibis tables" in str(page)
    assert "6 compile run models and contracts to a plan" in str(page)
    assert [attrs.get("tabindex") for tag, attrs in page.elements if tag == "pre"] == ["0", "0"]


def test_metrics_have_a_page_with_links_to_their_columns(site, compiled):
    assert "metrics.html" not in site  # the shop has other tables
    real = site_files(compiled(), State(), generated_at=AT)
    page = Text(real["metrics.html"])
    assert {attrs.get("id") for _, attrs in page.elements} >= METRICS.keys()
    assert f"Cost per commit. {METRICS['cost_per_commit'].meaning}" in str(page)
    links = {attrs["href"] for tag, attrs in page.elements if tag == "a"}
    assert {
        f"tables/{column.replace('.', '.html#')}" for metric in METRICS.values() for column in metric.columns
    } <= links
    assert 'id="total_cost_usd"' in real["tables/fct_daily_agent_usage.html"]
    assert 'href="../metrics.html"' in real["tables/dim_agents.html"]


def test_without_a_database_the_pages_say_what_there_will_be():
    site = site_files(compile_shop(), State(), generated_at=AT)
    assert "Nothing has been built yet" in site["index.html"]
    assert "Last built not yet" in str(Text(site["tables/fct_visits.html"]))


def test_a_failing_check_is_on_the_overview_and_on_its_table(tmp_path):
    with connect(":memory:") as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.visits AS SELECT 1::BIGINT AS id, TIMESTAMP '2026-01-01' AS timestamp"
        )
        engine.execute("INSERT INTO raw.visits VALUES (1, TIMESTAMP '2026-01-01')")
        plan = compile_shop(shapes=engine.shapes("raw"))
        assert run.build(engine, plan, as_of=AT, project_dir=tmp_path).status == "failed"
        state = read_state(engine, plan)
    site = site_files(plan, state, generated_at=AT)
    assert "2 of 2 rows" in str(Text(site["tables/stg_recent_visits.html"]))
    text = str(Text(site["index.html"]))
    assert "failed its checks, nothing was published" in text
    assert re.search(r"1 of \d+ checks failed", text)


def test_every_link_and_every_file_that_a_page_names_is_there(site):
    for path, content in site.items():
        if not path.endswith(".html"):
            continue
        for tag, attrs in Text(content).elements:
            target = attrs.get("href") or attrs.get("src")
            if not target or target == "data:,":
                continue
            assert not re.match(r"\w+:|//", target), f"{path} leaves the site: <{tag}> {target}"
            file, _, fragment = target.partition("#")
            other = str(PurePosixPath(*_resolved(PurePosixPath(path).parent / file))) if file else path
            assert other in site, f"{path} names {target}"
            if fragment and other != "lineage.html":
                ids = {attrs.get("id") for _, attrs in Text(site[other]).elements}
                assert fragment in ids | {HOSTILE} or HOSTILE[:8] in html.unescape(fragment), (
                    f"{path}: {target}"
                )


def _resolved(path):
    parts = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return parts


def test_every_page_forbids_whatever_is_not_its_own(site):
    for path, content in site.items():
        if path.endswith(".html"):
            policy = next(
                attrs["content"]
                for tag, attrs in Text(content).elements
                if attrs.get("http-equiv") == "Content-Security-Policy"
            )
            assert policy.startswith("default-src 'none';")
            assert "unsafe" not in policy
            names = {name for _, attrs in Text(content).elements for name in attrs}
            assert not [name for name in names if name.startswith("on") or name == "style"], path


def test_hostile_words_are_text(site):
    pages = {path: Text(content) for path, content in site.items() if path.endswith(".html")}
    for path, page in pages.items():
        scripts = [attrs for tag, attrs in page.elements if tag == "script"]
        assert all("src" in attrs for attrs in scripts), path
        assert "img" not in [tag for tag, _ in page.elements], path
        assert "\x1b" not in site[path], path
        assert "\u202e" not in site[path], path
    for script in ("search-data", "lineage-data"):
        assert r"\\u202e" in site[f"static/{script}.js"], script  # what a page shows of it is \u202e
        assert "\u202e" not in str(_assigned(site[f"static/{script}.js"])), script
    own = str(pages[page_path(HOSTILE)])
    assert "<script>alert(1)</script>" in own
    assert "{{7*7}}" in own


def test_a_hostile_name_is_no_path(site):
    assert re.fullmatch(r"tables/t-[0-9a-f]{20}\.html", page_path(HOSTILE))
    assert page_path("fct_agent_costs") == "tables/fct_agent_costs.html"
    assert page_path("CON") != "tables/CON.html"
    assert all(".." not in path for path in site)


def _assigned(script):
    return json.loads(script.partition("=")[2].rstrip().removesuffix(";"))


def test_data_scripts_are_one_assignment_of_json(site):
    for name in ("search-data", "lineage-data"):
        variable, _, data = site[f"static/{name}.js"].partition("=")
        assert variable.startswith("globalThis.AA_")
        assert json.loads(data.rstrip().removesuffix(";"))


def test_the_lineage_data_name_columns_and_kinds_by_number(site):
    data = _assigned(site["static/lineage-data.js"])
    tables = {table["name"]: table for table in data["tables"]}
    names = [table["name"] for table in data["tables"]]
    sales = tables["fct_product_sales"]
    assert [names[number] for number in sales["reads"]] == ["stg_sales"]
    assert sales["lineage"]["1"] == [[names.index("stg_sales"), -1, data["kinds"].index("value")]]
    assert sales["lineage"]["-1"][1][2] == data["kinds"].index("filter")


def test_many_tables_are_not_listed_at_the_side_of_each_of_them():
    plan = plan_with_hostile_table()
    many = {f"t{number}": plan.tables["stg_sales"] for number in range(90)}
    plan.tables.update({name: type(table)(**vars(table) | {"name": name}) for name, table in many.items()})
    site = site_files(plan, State(), generated_at=AT)
    assert len(site["tables/t1.html"]) == pytest.approx(len(site["tables/t89.html"]), rel=0.01)
    assert "t50" not in str(Text(site["tables/t1.html"]))


def test_a_site_is_made_without_what_compiles_models():
    program = """
import sys, datetime
from pipeline.plan import Plan
from pipeline.outputs.docs.site import site_files
from pipeline.outputs.docs.state import State
plan = Plan.from_json(sys.stdin.read())
site_files(plan, State(), generated_at=datetime.datetime(2026, 1, 1))
print([name for name in ("ibis", "pandera", "pandas", "duckdb", "sqlglot") if name in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", program], input=compile_shop().to_json(), capture_output=True, text=True
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("language", "code", "words"),
    [
        ("python", 'def f(x):  # <why>\n    return """a\nb""" + f"{x}" + 1.5e3', {"hk": ["def", "return"]}),
        ("python", "x = '#no comment' # comment", {"hs": ["'#no comment'"], "hc": ["# comment"]}),
        ("sql", "SELECT \"from\", 'it''s -- <b>', COUNT(*) -- & done", {"hk": ["SELECT", "COUNT"]}),
        ("python", "a\tb = '\\t'", {"hs": ["'\\t'"]}),
        ("sql", "select 'unclosed", {"hk": ["select"]}),
    ],
)
def test_code_is_coloured_and_keeps_every_character(language, code, words):
    coloured = highlight(code, language)
    assert html.unescape(re.sub("<[^>]*>", "", coloured)) == code
    for kind, expected in words.items():
        found = re.findall(f'<span class="{kind}">(.*?)</span>', coloured, re.DOTALL)
        assert [html.unescape(text) for text in found] == expected


def test_what_meta_says_of_the_last_runs(tmp_path):
    with connect(":memory:") as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.visits AS SELECT 1::BIGINT AS id, TIMESTAMP '2026-01-01' AS timestamp"
        )
        plan = compile_shop(shapes=engine.shapes("raw"))
        first = run.build(engine, plan, as_of=AT, project_dir=tmp_path)
        again = run.build(engine, plan, as_of=AT, project_dir=tmp_path)
        assert {t.action for t in again.tables} <= {"skipped", "read"}
        state = read_state(engine, plan)
    visits = state.tables["fct_visits"]
    assert (visits.row_count, visits.built_at) == (1, first.started_at)
    assert state.tables["raw_visits"].newest == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert state.last_run["started_at"] == again.started_at
    assert state.results["fct_visits", "range(visits >= 0)"].status in ("passed", "proven")
