import datetime as dt
import re
import threading

import pytest

from pipeline.outputs.docs.folder import write_site
from pipeline.outputs.docs.server import make_server
from pipeline.outputs.docs.site import page_path, site_files
from pipeline.outputs.docs.state import State
from tests.outputs.browser.conftest import overflow
from tests.outputs.docs.shop_site import HOSTILE, built_shop_site

PAGES = [
    "index.html",
    "about.html",
    "guides.html",
    "guides/numbers.html",
    "guides/operating.html",
    "lineage.html",
    "lineage.html#fct_product_sales",
    "lineage.html#fct_product_sales.revenue_usd",
    "tables/fct_product_sales.html",
    "tables/raw_sales.html",
    "tables/products.html",
    page_path(HOSTILE),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    write_site(folder, built_shop_site(folder.parent))
    return folder


@pytest.fixture(scope="module")
def from_file(folder):
    return folder.as_uri()


@pytest.fixture(scope="module")
def from_server(folder):
    server = make_server(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_the_page_of_metrics_is_for_everybody(
    open_page, accessibility_faults, compiled, tmp_path, size, scheme
):
    write_site(tmp_path / "site", site_files(compiled(), State(), generated_at=dt.datetime.now(dt.UTC)))
    page = open_page(f"{(tmp_path / 'site' / 'metrics.html').as_uri()}#cost_per_commit", size, scheme)
    assert page.title() == "Metrics · aa-pipeline"
    assert page.locator("#cost_per_commit code").first.is_visible()
    assert accessibility_faults(page) == []
    assert overflow(page) == 0


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("origin", ["from_file", "from_server"])
def test_every_page_opens_without_an_error_or_a_foreign_request(open_page, request, origin, path):
    page = open_page(f"{request.getfixturevalue(origin)}/{path}")
    assert page.title().endswith("· aa-pipeline")
    assert page.locator("#search").is_visible()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_no_page_has_an_accessibility_fault_or_is_too_wide(
    open_page, from_file, accessibility_faults, path, scheme, size
):
    page = open_page(f"{from_file}/{path}", size, scheme)
    assert accessibility_faults(page) == []
    assert overflow(page) <= 0


def test_search_finds_tables_and_columns_as_one_types(open_page, from_file, expect):
    page = open_page(f"{from_file}/index.html")
    page.keyboard.press("/")
    page.keyboard.type("reven")
    option = page.get_by_role("option", selected=True)
    expect(option).to_contain_text("revenue_usd")
    assert " ".join(option.inner_text().split()) == "revenue_usd in fct_product_sales For how much in all."
    page.keyboard.press("Enter")
    page.wait_for_url("**/tables/fct_product_sales.html#revenue_usd")
    assert page.locator("tr:target").get_attribute("id") == "revenue_usd"


def test_search_by_mouse_from_a_page_below(open_page, from_server):
    page = open_page(f"{from_server}/tables/raw_sales.html")
    page.locator("#search").fill("stg till")
    page.get_by_role("option").first.click()
    page.wait_for_url("**/tables/stg_sales.html#till")


def test_search_says_that_there_is_nothing_and_escape_closes_it(open_page, from_file, expect):
    page = open_page(f"{from_file}/index.html")
    page.locator("#search").fill("zzzz")
    expect(page.locator("#found")).to_have_text("Nothing is called so, or described with these words.")
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_hidden()


def test_search_walks_with_the_arrows_and_begins_again_at_the_end(open_page, from_file, expect):
    page = open_page(f"{from_file}/index.html")
    page.locator("#search").fill("product")
    page.get_by_role("option").first.wait_for()
    names = page.get_by_role("option").all_inner_texts()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    assert page.get_by_role("option", selected=True).inner_text() == names[-1]
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    assert page.get_by_role("option", selected=True).inner_text() == names[0]


def test_search_shows_hostile_names_as_text(open_page, from_file):
    page = open_page(f"{from_file}/index.html")
    page.locator("#search").fill("script")
    assert "<script>alert(1)</script>" in page.get_by_role("option").first.inner_text()


def tables_in_graph(page):
    return sorted(page.locator(".box title").all_text_contents())


def names_in_graph(page):
    return {title.partition("\n")[0] for title in tables_in_graph(page)}


def test_the_graph_draws_every_table_and_what_reads_what_from_left_to_right(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html")
    assert names_in_graph(page) >= {"raw_sales", "stg_sales", "dim_products", "products", "fct_visits"}
    boxes = {box.get_attribute("data-table"): box.bounding_box()["x"] for box in page.locator(".box").all()}
    edges = page.locator(".edge").all()
    assert len(edges) == 7
    for edge in edges:
        assert boxes[edge.get_attribute("data-from")] < boxes[edge.get_attribute("data-to")]


def test_a_click_on_a_table_shows_its_neighbourhood_and_back_shows_all(open_page, from_file, expect):
    page = open_page(f"{from_file}/lineage.html")
    everything = names_in_graph(page)
    page.get_by_role("link", name="stg_recent_visits, staging").click()
    expect(page.locator(".box")).to_have_count(3)
    assert names_in_graph(page) == {"raw_visits", "stg_recent_visits", "fct_visits"}
    assert page.locator("#panel-chosen h2").inner_text() == "stg_recent_visits"
    page.get_by_role("button", name="All tables").click()
    expect(page.locator(".box")).to_have_count(len(everything))
    assert names_in_graph(page) == everything


def test_the_neighbourhood_can_be_widened(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html#raw_visits")
    assert names_in_graph(page) == {"raw_visits", "stg_recent_visits"}
    page.get_by_role("button", name="2 steps").click()
    assert names_in_graph(page) == {"raw_visits", "stg_recent_visits", "fct_visits"}
    assert page.evaluate("document.activeElement.textContent") == "2 steps"


def test_a_click_on_a_column_shows_what_it_is_made_of_step_by_step(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html#fct_product_sales")
    page.locator(".column-list").get_by_role("link", name="revenue_usd").click()
    page.wait_for_url("**#fct_product_sales.revenue_usd")
    steps = set(page.locator(".step title").all_text_contents())
    assert steps == {
        "raw_sales.amount → stg_sales.amount_usd: value",
        "stg_sales.amount_usd → fct_product_sales.revenue_usd: value",
    }
    panel = page.locator("#panel-chosen").inner_text()
    assert re.search(r"Comes in the end from\s+raw_sales\.amount", panel)
    assert re.search(r"Computed from\s+stg_sales\.amount_usd", panel)
    assert re.search(r"Depends on, as group key\s+stg_sales\.product", panel)


def test_other_kinds_of_steps_are_drawn_when_they_are_chosen(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html#fct_product_sales.revenue_usd")
    page.get_by_role("button", name="group key").click()
    steps = page.locator(".step title").all_text_contents()
    assert "stg_sales.product → fct_product_sales.rows: group key" in steps


def test_where_a_column_goes_to(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html#raw_sales.amount")
    steps = page.locator(".step title").all_text_contents()
    assert "stg_sales.amount_usd → fct_product_sales.revenue_usd: value" in steps
    page.locator(".column", has_text="revenue_usd").click()
    page.wait_for_url("**#fct_product_sales.revenue_usd")


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_the_graph_is_walked_by_keyboard(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html#raw_visits")
    page.locator(".box.chosen").focus()
    assert focused(page).startswith("raw_visits")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("stg_recent_visits")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**#stg_recent_visits")
    assert focused(page).startswith("stg_recent_visits")
    page.keyboard.press("Escape")
    page.wait_for_function("location.hash === ''")
    assert len(names_in_graph(page)) > 3


def scale(page):
    return float(re.search(r"scale\(([\d.]+)\)", page.locator("#scene").get_attribute("transform"))[1])


def test_zoom_by_keys_buttons_and_wheel_and_pan_by_dragging(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html")
    first = scale(page)
    page.keyboard.press("+")
    assert scale(page) > first
    page.get_by_role("button", name="Zoom out").click()
    assert scale(page) == pytest.approx(first)
    page.mouse.move(500, 800)
    page.mouse.wheel(0, -200)
    page.wait_for_function(
        f"!document.getElementById('scene').getAttribute('transform').includes('scale({first})')"
    )
    assert scale(page) > first
    before = page.locator(".box").first.bounding_box()
    page.mouse.move(500, 820)
    page.mouse.down()
    page.mouse.move(560, 780, steps=3)
    page.mouse.up()
    after = page.locator(".box").first.bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((60, -40), abs=1)
    page.keyboard.press("0")
    assert scale(page) == pytest.approx(first)


@pytest.mark.parametrize("hash_", ["#nothing", "#raw_sales.nothing", "#%", "#.", "#raw_sales."])
def test_an_address_that_names_nothing_shows_what_it_can(open_page, from_file, hash_):
    page = open_page(f"{from_file}/lineage.html{hash_}")
    assert names_in_graph(page)


def test_a_hostile_table_in_the_graph_is_text(open_page, from_file):
    page = open_page(f"{from_file}/lineage.html")
    box = page.locator(".box", has_text="</script>").first
    box.focus()
    page.keyboard.press("Enter")
    page.locator("#panel-chosen h2").wait_for()
    assert page.locator("#panel-chosen h2").inner_text().startswith("</script><script>alert(1)")
    page.locator(".column-list a").first.click()
    page.locator(".step").first.wait_for(state="attached")
    assert "fct_product_sales.sales" in page.locator("#panel-chosen").inner_text()


def test_the_theme_can_be_changed_and_is_kept(open_page, from_server):
    page = open_page(f"{from_server}/index.html")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark mode").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.goto(f"{from_server}/tables/stg_sales.html")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert page.get_by_role("button", name="Dark mode").get_attribute("aria-pressed") == "true"


def test_code_can_be_copied(open_page, from_server):
    page = open_page(f"{from_server}/tables/stg_sales.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-copy]").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("SELECT sale_id,")


def test_the_list_of_tables_is_folded_on_a_phone(open_page, from_file):
    page = open_page(f"{from_file}/tables/stg_sales.html", size="narrow")
    tables = page.get_by_role("navigation", name="Tables")
    assert not tables.is_visible()
    page.locator(".sidebar summary").click()
    tables.get_by_role("link", name="dim_products").click()
    page.wait_for_url("**/tables/dim_products.html")
