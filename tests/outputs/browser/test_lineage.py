"""The graph of all tables that are shipped, as somebody sees it who opens it."""

import datetime as dt
import re

import pytest

from pipeline.outputs.docs.folder import write_site
from pipeline.outputs.docs.site import site_files
from pipeline.outputs.docs.state import State

FONT = 12
# Where a label is smaller nobody reads it.
LEGIBLE = 11


@pytest.fixture(scope="module")
def site(compiled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    write_site(folder, site_files(compiled(), State(), generated_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)))
    return folder.as_uri()


def scale(page):
    return float(re.search(r"scale\(([\d.]+)\)", page.locator("#scene").get_attribute("transform"))[1])


def names(page):
    return {title.partition("\n")[0] for title in page.locator(".box title").all_text_contents()}


def is_within(page, inner, outer="#graph"):
    """Whether all of something can be seen."""
    it, frame = page.locator(inner).first.bounding_box(), page.locator(outer).bounding_box()
    return all(
        frame[at] <= it[at] + 1 and it[at] + it[size] <= frame[at] + frame[size] + 1
        for at, size in (("x", "width"), ("y", "height"))
    )


@pytest.mark.parametrize("size", ["wide", "narrow"])
@pytest.mark.parametrize("address", ["", "#fct_daily_agent_usage", "#stg_usage", "#raw_otel_logs"])
def test_labels_are_legible_when_the_graph_opens(open_page, site, address, size):
    page = open_page(f"{site}/lineage.html{address}", size)
    assert scale(page) * FONT >= LEGIBLE
    if address:
        assert is_within(page, ".box.chosen")


def test_of_all_tables_helpers_and_meta_are_folded_and_the_others_are_seen_at_once(open_page, site):
    page = open_page(f"{site}/lineage.html")
    assert is_within(page, ".boxes")
    assert {"raw_otel_logs", "stg_agent_sessions", "int_usage_costs", "fct_git_commits"} <= names(page)
    assert not {"stg_log_events", "stg_usage", "usage_left_out"} & names(page)
    ways = page.locator(".edge.through title").all_text_contents()
    assert "raw_otel_logs → stg_agent_sessions, by tables that are folded" in ways


def test_a_way_by_folded_tables_is_left_out_where_a_longer_one_says_the_same(open_page, site):
    page = open_page(f"{site}/lineage.html")
    edges = page.locator(".edge").evaluate_all(
        "all => all.map((edge) => [edge.dataset.from, edge.dataset.to, edge.classList.contains('through')])"
    )
    after = {}
    for start, end, _ in edges:
        after.setdefault(start, set()).add(end)

    def reached(start):
        found, pending = set(), [*after.get(start, ())]
        while pending:
            if (one := pending.pop()) not in found:
                found.add(one)
                pending += after.get(one, ())
        return found

    for start, end, through in edges:
        if through:
            assert not any(end in reached(other) for other in after[start] - {end})


def test_a_layer_unfolds_and_folds(open_page, site, expect):
    page = open_page(f"{site}/lineage.html")
    before = names(page)
    helpers = page.get_by_role("button", name=re.compile("Helpers"))
    helpers.click()
    assert helpers.get_attribute("aria-pressed") == "true"
    assert {"stg_log_events", "stg_usage"} <= names(page)
    # Legible still: it begins where the data comes from, and "Fit" shows all.
    assert scale(page) * FONT >= LEGIBLE
    page.get_by_role("button", name="Fit").click()
    assert is_within(page, ".boxes")
    helpers.click()
    assert names(page) == before
    page.get_by_role("button", name=re.compile("Seeds")).click()
    assert before - names(page) >= {"model_prices", "agents"}


def test_a_table_opens_with_what_it_reads_and_who_reads_it_folded_or_not(open_page, site):
    page = open_page(f"{site}/lineage.html#stg_usage")
    assert names(page) == {
        *("stg_usage_records", "stg_usage_forms", "stg_usage"),
        *("int_usage_costs", "stg_agent_sessions", "stg_agent_token_usage", "usage_left_out"),
    }


@pytest.mark.parametrize("column", ["fct_daily_agent_usage.total_cost_usd", "raw_otel_logs.attributes"])
def test_the_way_of_a_column_opens_whole(open_page, site, column):
    page = open_page(f"{site}/lineage.html#{column}")
    assert is_within(page, ".boxes")


def test_the_way_of_a_column_leads_through_folded_tables(open_page, site):
    page = open_page(f"{site}/lineage.html#fct_daily_agent_usage.total_cost_usd")
    steps = set(page.locator(".step title").all_text_contents())
    folded = "value, by tables that are folded"
    assert f"raw_otel_logs.attributes → int_usage_costs.cost_nano_usd: {folded}" in steps
    assert "model_prices.input_usd → int_usage_costs.cost_nano_usd: value" in steps
    assert not page.locator(".card-head", has_text="stg_usage").count()
    page.get_by_role("button", name=re.compile("Helpers")).click()
    assert page.locator(".card-head", has_text="stg_usage").count()


def test_the_layers_are_chosen_by_keyboard(open_page, site):
    page = open_page(f"{site}/lineage.html")
    page.get_by_role("button", name=re.compile("Helpers")).focus()
    page.keyboard.press("Space")
    assert "stg_log_events" in names(page)
    assert page.evaluate("document.activeElement.dataset.fold") == "helpers"


def test_on_a_phone_the_layers_are_one_line_below_the_graph(open_page, site):
    page = open_page(f"{site}/lineage.html", "narrow")
    assert page.locator(".graph-legend").bounding_box()["height"] < 45
