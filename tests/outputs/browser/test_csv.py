"""Tables of the dashboard as CSV: every row, exact values, and nothing that a spreadsheet would run."""

import csv
import re

import pytest

from pipeline.outputs.dashboard.page import STATIC
from pipeline.outputs.export import FORMULA
from tests.outputs.browser.test_dashboard import VIEWS, address
from tests.outputs.dashboard.marts import DAY, commit, developer, usage

RUNS = '=HYPERLINK("http://example.com","x")'
AGENTS = [("claude_code", "Claude Code"), ("codex", "@codex")]


def saved(page, title, press=None):
    """The file that the button of a table gives, by click or by a key."""
    button = page.get_by_role("button", name=f"CSV of {title}", exact=True)
    with page.expect_download() as download:
        if press:
            button.focus()
            page.keyboard.press(press)
        else:
            button.click()
    text = download.value.path().read_text(encoding="utf-8")
    return download.value.suggested_filename, [*csv.reader(text.splitlines())]


def test_what_a_spreadsheet_would_run_is_the_same_as_in_exports():
    (found,) = re.findall(r"const FORMULA = /(.*)/;", (STATIC / "js" / "csv.js").read_text())
    assert found == FORMULA.replace("\t", r"\t").replace("\r", r"\r").replace("\n", r"\n")


def test_a_table_has_all_of_its_rows_under_the_filters_in_their_order(open_page, handmade):
    people = [f"dev{number:02d}@example.com" for number in range(30)]
    page = open_page(
        address(
            handmade(
                usages=[
                    usage(developer=key, agent=agent, total_sessions=1, total_cost_usd=cost + number / 4)
                    for number, key in enumerate(people)
                    for agent, cost in (("claude_code", 1), ("codex", 100))
                ]
                + [usage(developer="eve", total_sessions=1, total_cost_usd=None, unpriced_tokens=1)],
                commits=[commit(1, developer=people[0], agent="claude_code", commit_message=RUNS)],
                developers=[*map(developer, people), developer("eve", RUNS)],
                agents=AGENTS,
            ),
            "cost",
            agents=["claude_code"],
        )
    )
    title = "Cost by developer"
    assert page.locator(f"section:has(h2:text-is('{title}')) tbody tr").count() == 12
    name, (head, *rows) = saved(page, title, press="Enter")
    assert name == "cost-by-developer.csv"
    assert head[:4] == ["Developer", "Cost (USD)", "Share of cost (0 to 1)", "Sessions"]
    assert [(row[0], row[1]) for row in rows] == [
        *((people[number], repr(1 + number / 4).removesuffix(".0")) for number in reversed(range(30))),
    ]
    page.get_by_role("button", name="Developer", exact=True).last.click()
    assert [row[0] for row in saved(page, title, press="Space")[1][1:]] == people

    page.goto(page.url.partition("#")[0] + "#git")
    head, row = saved(page, "Latest commits")[1]
    assert (head[0], row[0], row[1], row[-1]) == ("Commit", f"'{RUNS}", DAY.isoformat(), "")
    page.goto(page.url.partition("#")[0] + "#team")
    assert f"'{RUNS}" in [row[0] for row in saved(page, "People")[1]]
    page.goto(page.url.partition("#")[0] + "#cost")
    page.get_by_text("Numbers", exact=True).first.click()
    name, (head, *_) = saved(page, "Numbers of Cost by day")
    assert head == ["", "'@codex", "Claude Code"] or head == ["", "Claude Code", "'@codex"]


@pytest.mark.parametrize("view", VIEWS)
def test_every_table_has_its_file_with_the_values_of_the_page(open_page, dashboard, view):
    page = open_page(f"{dashboard}#{view}")
    tables = page.locator("section.panel:has(> .scroll)")
    assert tables.count()
    for table in tables.all():
        while table.locator(".more").is_visible():
            table.locator(".more").click()
        head, *rows = saved(page, table.locator("h2").inner_text())[1]
        on_the_page = table.locator("tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.children].map((cell) => cell.querySelector('data')?.value))"
        )
        assert {len(row) for row in rows} == {len(head)}
        assert len(rows) == len(on_the_page)
        # Days are numbers on the page, and what has no exact value of its own is text.
        pairs = [
            (there, here)
            for cells, row in zip(on_the_page, rows, strict=True)
            for there, here in zip(cells, row, strict=True)
            if there is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", here)
        ]
        assert [pair for pair in pairs if pair[0] != pair[1]] == []
