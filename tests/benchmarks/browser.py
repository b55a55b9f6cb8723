"""How soon a page is there, in a real Chromium."""

import shutil
import statistics
from pathlib import Path

RUNS = 5


def milliseconds_to_open(page_file: Path, ready: str) -> float:
    """Median milliseconds from opening a page until the JavaScript condition `ready` holds."""
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        for _ in range(RUNS):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(page_file.as_uri())
            page.wait_for_function(ready)
            times.append(page.evaluate("performance.now()"))
            page.close()
        browser.close()
    return statistics.median(times)
