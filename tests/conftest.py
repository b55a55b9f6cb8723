"""What holds for every test of the suite."""

import os

import pytest

AS_OF = "2026-11-15T12:00Z"


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    """The folder of the demo's company, built once; tests read it and change nothing in it."""
    from click.testing import CliRunner

    from pipeline.cli import cli

    folder = tmp_path_factory.mktemp("company") / "aa-demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
        result = CliRunner().invoke(cli, ["demo", "--path", str(folder), "--as-of", AS_OF])
    assert result.exit_code == 0, result.output
    return folder


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test fails the run: what CI installs, it must also test."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for report in skipped:
            print(f"skipped in CI: {report.nodeid}: {report.longrepr}")
