"""The dashboard on paper: a PDF of each view, upright and lying."""

import io
import unicodedata

import pytest
from pypdf import PdfReader

from tests.outputs.browser.test_dashboard import VIEWS, address
from tests.outputs.dashboard.marts import commit, developer, usage

# Widths of A4 in pixels, without the margins of 12 mm: upright, lying.
WIDTHS = {"portrait": 703, "landscape": 1032}


def printed(page, landscape):
    reader = PdfReader(io.BytesIO(page.pdf(format="A4", landscape=landscape, print_background=True)))
    # A font has one sign for some pairs of letters.
    texts = [unicodedata.normalize("NFKC", page.extract_text()) for page in reader.pages]
    return [" ".join(text.split()) for text in texts]


def texts(page, selector):
    """What stands in each of the elements, in one line."""
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("landscape", [False, True], ids=["portrait", "landscape"])
def test_a_pdf_has_every_figure_of_its_view(open_page, dashboard, view, landscape):
    page = open_page(f"{dashboard}#{view}")
    figures = texts(page, ".headline h1, .kpi-value, .panel h2, tbody th, tbody td.num")
    paper = "".join("".join(printed(page, landscape)).split())
    assert [figure for figure in figures if "".join(figure.split()) not in paper] == []
    assert "Period" not in paper  # what is chosen stands in the headline, not in a button


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_is_cut_on_paper(open_page, dashboard, view, width):
    page = open_page(f"{dashboard}#{view}")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": width, "height": 1000})
    cut = page.evaluate(
        """() => { const right = (element) => element.getBoundingClientRect().right;
            return [['.chart svg', '.chart'], ['.scroll table', '.panel'], ['.kpi-value data', '.kpi']]
            .flatMap(([inner, outer]) => [...document.querySelectorAll(inner)]
                .filter((one) => right(one) > right(one.closest(outer)) + 1))
            .map((one) => one.outerHTML.slice(0, 200)); }"""
    )
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_tables_have_all_rows_and_lists_of_commits_their_first(open_page, handmade):
    keys = [f"dev{number:02d}@example.com" for number in range(40)]
    page = open_page(
        handmade(
            usages=[usage(developer=key, total_sessions=1, total_cost_usd=1.0) for key in keys],
            commits=[commit(number, developer=keys[0]) for number in range(40)],
            developers=[developer(key) for key in keys],
            agents=[("claude_code", "Claude Code")],
        )
        + "#team"
    )
    assert page.locator("tbody tr").count() == 12
    pages = printed(page, landscape=False)
    assert all(key in "".join(pages) for key in keys)
    # The heads of a table that goes on stand on each of its pages.
    assert [("Developer" in text) for text in pages[:2]] == [True, True]
    assert page.locator("tbody tr").count() == 12  # and on the screen it is as it was
    page.goto(page.url.replace("#team", "#git"))
    assert "The first 12 of 40." in "".join(printed(page, landscape=False))


def test_what_is_chosen_is_named_in_the_headline(open_page, dashboard):
    page = open_page(
        address(dashboard, "cost", developers=["bruno@example.com", "alice@example.com"], agents=["codex"])
    )
    chosen = page.locator(".headline p").inner_text()
    assert chosen.endswith(" · only Bruno Costa, Alice Adams · Codex")
    assert chosen in "".join(printed(page, landscape=False))


def test_after_printing_charts_are_as_wide_as_before(open_page, dashboard):
    page = open_page(f"{dashboard}#cost")
    widths = "[...document.querySelectorAll('.chart svg')].map((svg) => svg.getAttribute('width'))"
    before = page.evaluate(widths)
    printed(page, landscape=True)
    assert page.evaluate(widths) == before
