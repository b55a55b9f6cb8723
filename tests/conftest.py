"""What holds for every test of the suite."""

import os

import pytest


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test fails the run: what CI installs, it must also test."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for report in skipped:
            print(f"skipped in CI: {report.nodeid}: {report.longrepr}")
