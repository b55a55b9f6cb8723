"""The dashboard at every width: nothing is cut, covers something else, or cannot be reached."""

import pytest

from tests.outputs.browser.test_dashboard import FIRST, LAST, VIEWS, address
from tests.outputs.dashboard.marts import developer, usage

WIDTHS = [360, 768, 1024, 1400, 1920]


def resized(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("show()")
    return page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("view", VIEWS)
def test_labels_of_charts_are_whole_and_apart(open_page, dashboard, view, width):
    page = resized(open_page(f"{dashboard}#{view}"), width)
    # No label leaves its chart; of those below an axis none touches the next.
    faults = page.evaluate("""() => [...document.querySelectorAll('.chart')].flatMap((chart) => {
        const box = (element) => element.getBoundingClientRect();
        const texts = (root) => [...root?.querySelectorAll('text') ?? []]
            .filter((text) => text.textContent && getComputedStyle(text).opacity !== '0');
        const cut = texts(chart).filter((text) => box(text).right > box(chart).right + 1);
        const isNext = (text, before) => Math.round(box(text).top) === Math.round(box(before).top);
        const touching = [...chart.querySelectorAll('.mark-text.role-axis-label')].map(texts)
            .flatMap((axis) => axis.filter((text, at) => at && isNext(text, axis[at - 1])
                && box(text).left < box(axis[at - 1]).right + 2));
        return [...cut, ...touching].map((text) => text.textContent);
    })""")
    assert faults == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_figure_fits_into_its_card(open_page, handmade, width):
    dashboard = handmade(
        usages=[usage(total_sessions=1, total_tokens=10, total_cost_usd=14_541_731.0)],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("claude_code", "Claude Code")],
    )
    page = resized(open_page(f"{dashboard}#cost"), width)
    assert page.locator(".kpi-value", has_text="$14,541,731").count() >= 2
    cut = page.evaluate("""() => [...document.querySelectorAll('.kpi:has(data)')].filter((card) =>
        card.querySelector('data').getBoundingClientRect().right > card.getBoundingClientRect().right - 8
    ).map((card) => card.textContent)""")
    assert cut == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_seen_between_the_filters_when_it_is_scrolled_away(open_page, dashboard, width):
    page = resized(open_page(f"{dashboard}#cost"), width)
    page.evaluate("scrollTo(0, 500)")
    through = page.evaluate("""() => {
        const bar = document.getElementById('filters').getBoundingClientRect();
        const at = (part) => document.elementFromPoint(part * innerWidth, bar.top + bar.height / 2);
        return bar.bottom < 0 ? [] : [0.02, 0.3, 0.6, 0.98].map(at)
            .filter((element) => !element.closest('#filters')).map((element) => element.tagName);
    }""")
    assert through == []


def test_anywhere_above_a_day_all_of_its_parts_and_their_total_are_told(open_page, dashboard):
    page = open_page(
        address(dashboard, "cost", **{"from": FIRST, "to": LAST, "agents": ["codex", "claude_code"]})
    )
    chart = page.locator(".chart").first
    box = chart.bounding_box()
    told = set()
    for part in range(12):
        # Near the upper edge, above most bars.
        page.mouse.move(box["x"] + box["width"] * (0.15 + part * 0.07), box["y"] + 12)
        if page.locator("#tooltip").is_visible():
            told.add(page.locator("#tooltip").inner_text())
    whole = [text for text in told if text.count("\n") == 3]
    assert whole
    for text in whole:
        _, *parts, (name, total) = [line.rpartition(": ")[::2] for line in text.split("\n")]
        assert name == "Total"
        assert {name for name, _ in parts} == {"Claude Code", "Codex"}
        in_all = sum(float(value.strip("$").replace(",", "")) for _, value in parts)
        assert float(total.strip("$").replace(",", "")) == pytest.approx(in_all, abs=0.011)


def test_the_month_tells_what_was_spent_anywhere_above_a_day(open_page, dashboard):
    page = open_page(f"{dashboard}#cost")
    box = page.locator(".chart").nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    told = page.locator("#tooltip").inner_text().split("\n")
    assert told[1].startswith("Spent: $")


def test_a_list_of_a_filter_is_walked_with_arrows_chosen_with_enter_and_left_with_escape(
    open_page, dashboard, expect
):
    page = open_page(f"{dashboard}#cost")
    page.get_by_text("Agent all").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".picker[open] .clear")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "agents=codex" in page.url
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert "agents=claude_code" in page.url
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    assert page.locator(":focus").evaluate("element => element.tagName") == "SUMMARY"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.locator(".picker[open]").count() == 0


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"from": "1999-01-01", "to": LAST}, "“1999-01-01”"),
        ({"from": FIRST, "to": "2099-01-01"}, "“2099-01-01”"),
        ({"from": "yesterday", "to": "2026-13-45"}, "“yesterday”, “2026-13-45”"),
        ({"developers": ["<b>eve</b>"]}, "“<b>eve</b>”"),
    ],
)
def test_what_an_address_asks_for_and_is_not_there_is_said(open_page, dashboard, chosen, named):
    page = open_page(address(dashboard, "cost", **chosen))
    notice = page.locator(".notice").first.inner_text()
    assert notice == (
        f"The address asks for {named}, which is not here: there are days from 16 Sep 2026 to 14 Nov 2026,"
        " and the names in the filters."
    )
    page.locator("#period summary").click()
    page.get_by_role("button", name="All days").click()
    assert not page.get_by_text("The address asks for").count()


def test_an_address_of_days_that_are_there_says_nothing(open_page, dashboard):
    page = open_page(address(dashboard, "cost", **{"from": FIRST, "to": LAST}))
    assert not page.get_by_text("The address asks for").count()
