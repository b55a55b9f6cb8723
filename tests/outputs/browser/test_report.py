"""The report of checks in a real browser."""

import pytest

from tests.outputs.browser.conftest import overflow


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_the_report_has_no_accessibility_fault_and_is_not_too_wide(
    open_page, company, accessibility_faults, size, scheme
):
    page = open_page((company / "report.html").as_uri(), size, scheme)
    assert accessibility_faults(page) == []
    assert overflow(page) <= 0
