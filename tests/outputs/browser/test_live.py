"""A served page in a browser: whole under its policy, and new once a build has published."""

import pytest

from pipeline.outputs.dashboard import render_page
from pipeline.outputs.live.served import served
from pipeline.outputs.live.site import Site
from tests.outputs.live.asking import serving
from tests.outputs.live.test_server import Database


class Company(Database):
    """Its dashboard is that of the demo's company; which run it is of, the test says."""

    def __init__(self, engine):
        super().__init__()
        self.engine = engine

    def make(self, version):
        return {"index.html": served(render_page(self.engine), "dashboard", version)}

    def site(self):
        return Site(self.connect, lambda: self.run, {"dashboard": self.make})


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_a_served_page_loads_itself_anew_once_a_build_has_published(database, open_page, expect, size):
    company = Company(database)
    with serving(company.site()) as server:
        page = open_page(f"{server.url}dashboard/index.html#cost?agents=codex", size)
        expect(page.locator(".chart svg[aria-hidden]").first).to_be_visible()
        expect(page.locator("#live a[aria-current]")).to_have_text("Dashboard")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        company.run = "two"
        server.site.look()
        with page.expect_navigation():
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert page.evaluate("document.querySelector('[data-version]').dataset.version") == "two"
        assert page.url.endswith("#cost?agents=codex")
