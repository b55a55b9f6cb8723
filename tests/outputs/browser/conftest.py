"""A real Chromium: every page that a test opens must run without errors and ask no other host.

Skipped with the reason where the browser or its driver is missing; in CI nothing may be skipped.
"""

import shutil
from importlib.resources import files
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest

from pipeline.engines import connect
from pipeline.outputs.dashboard import write_dashboard
from tests.outputs.dashboard.marts import write_marts

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# A browser that looks for updates would be one that talks to other hosts.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
LOCAL = ("127.0.0.1", "localhost")

SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 360, "height": 740}}


@pytest.fixture(scope="session")
def browser_program():
    """Where the browser is."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return program


@pytest.fixture(scope="session")
def chromium(browser_program):
    """The browser, started once."""
    if find_spec("playwright") is None:
        pytest.skip("no Playwright: pip install -e '.[dev]'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Opens an address: open_page(url, size="wide", scheme="light"); the page's faults fail the test."""
    faults = []
    contexts = []

    def opened(url, size="wide", scheme="light"):
        context = chromium.new_context(viewport=SIZES[size], color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
        page.on("request", lambda request: faults.append(request.url) if _is_foreign(request.url) else None)
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def _is_foreign(url):
    parts = urlsplit(url)
    return parts.scheme not in ("file", "data", "blob", "about") and parts.hostname not in LOCAL


@pytest.fixture(scope="session")
def accessibility_faults():
    """What axe-core finds on a page that is of moderate weight or worse, as rule and element."""
    if find_spec("axe_playwright_python") is None:
        pytest.skip("no axe-core: pip install -e '.[dev]'")
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def found(page):
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
        return [
            f"{violation['id']}: {node['html']} {node['any'][0]['message'] if node['any'] else ''}"
            for violation in result["violations"]
            if violation["impact"] != "minor"
            for node in violation["nodes"]
        ]

    return found


@pytest.fixture(scope="module")
def database(company):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        yield engine


@pytest.fixture(scope="module")
def dashboard(database, tmp_path_factory):
    return write_dashboard(database, tmp_path_factory.mktemp("dashboard")).file.as_uri()


@pytest.fixture
def handmade(tmp_path):
    """Writes the dashboard over handmade marts; its address."""

    def write(**rows):
        with connect(str(write_marts(tmp_path / "x.duckdb", **rows)), read_only=True) as engine:
            return write_dashboard(engine, tmp_path / "dashboard").file.as_uri()

    return write


@pytest.fixture
def expect():
    """Playwright's assertions, which wait until they hold."""
    from playwright.sync_api import expect

    return expect


def overflow(page):
    """By how many pixels a page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
