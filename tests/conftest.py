"""What holds for every test of the suite: what its workers share, and which tests each of them runs."""

import gc
import os
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.shared import make_once

AS_OF = "2026-11-15T12:00Z"

# As the command line has it: compiling makes millions of objects that live long.
gc.set_threshold(100_000)

# How long something takes says nothing on a machine that others use too.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder of the run, the same in every worker."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # each worker has a folder of its own in it
    shared = folder / "shared"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="session", autouse=True)
def plans_compiled_once(shared):
    """A plan is compiled once in a run: same fingerprint, same plan, as the cache of plans has it.

    Tests work in folders of their own, where the cache would have every one of them compile anew.
    """
    from pipeline.compile import plan_cache
    from pipeline.plan import Plan

    compile_unbound = plan_cache._compile

    @wraps(compile_unbound)
    def compile_once(dialect, config, models, schemas, on_compile):
        def write(file):
            file.write_text(
                compile_unbound(dialect, config, models, schemas, on_compile).to_json(), encoding="utf-8"
            )

        name = plan_cache.fingerprint(dialect, config, None, models=models, schemas=schemas)
        return Plan.from_json(make_once(shared / f"{name}.json", write).read_text(encoding="utf-8"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan_cache, "_compile", compile_once)
        yield


@pytest.fixture(scope="session")
def compiled():
    """Compiles the real models, each plan once in a run; the caller may change it.

    Unless told otherwise for DuckDB, for raw tables as an ingest makes them, and as the demo's company has it
    configured: most tests share that plan.
    """
    from pipeline.compile import plan_cache
    from pipeline.config import Config
    from pipeline.engines import connect
    from pipeline.engines.raw_tables import make_missing_raw_tables
    from pipeline.plan.bind import bind

    with connect(":memory:") as engine:
        make_missing_raw_tables(engine)
        usual_shapes = engine.shapes("raw")

    def plan(dialect="duckdb", config=None, shapes=usual_shapes):
        config = config or Config(internal_domains=("example.com",))
        unbound = plan_cache._unbound(dialect, config, plan_cache.MODELS, plan_cache.SCHEMAS)
        return bind(unbound, config.model_settings(), config.check_settings(), shapes)

    return plan


@pytest.fixture
def database():
    """A database in memory that has every raw table."""
    from pipeline.engines import connect
    from pipeline.engines.raw_tables import make_missing_raw_tables

    with connect(":memory:") as engine:
        make_missing_raw_tables(engine)
        yield engine


@pytest.fixture(scope="session")
def demo_output(shared) -> Path:
    """What `demo` prints, in a file beside the folder `aa-demo` that it made."""
    from click.testing import CliRunner

    from pipeline.cli import cli

    def make(output: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(shared / "cache"))
            result = CliRunner().invoke(cli, ["demo", "--path", str(shared / "aa-demo"), "--as-of", AS_OF])
        assert result.exit_code == 0, result.output
        output.write_text(result.stdout, encoding="utf-8")

    return make_once(shared / "demo.txt", make)


@pytest.fixture(scope="session")
def company(demo_output) -> Path:
    """The folder of the demo's company; tests read it and change nothing in it."""
    return demo_output.with_name("aa-demo")


# A test that asks for one of these is slow.
SLOW = {"company", "run_shop", "chromium", "postgres", "spark", "emulator", "clickhouse"}

# Clusters of Spark and the emulator of BigQuery are large: two workers have them, who take equally long.
SERVERS = {
    "spark": ("engines/lab/",),
    "bigquery": (
        "engines/test_spark",
        "engines/test_bigquery",
        "engines/test_consumers_on_bigquery",
        "engines/test_extensions",
        "engines/test_installed",
    ),
}

# What takes long begins first, so that no worker is left alone with it in the end.
LONGEST = (
    *SERVERS["spark"],
    *SERVERS["bigquery"],
    "engines/",
    "clients/",
    "outputs/browser/",
    "compile/analysis/test_partitions",
    "run/test_broken_tables",
    "compile/test_plan_cache",
    "notebook/",
    "run/",
)


def file_of(item: str) -> str:
    """The file of a test, below `tests`."""
    return item.partition("::")[0].removeprefix("tests/")


class ByFile(LoadScopeScheduling):
    """The tests of a file run on one worker, which makes its fixtures once."""

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return next((server for server, files in SERVERS.items() if file.startswith(files)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SLOW & {*getattr(item, "fixturenames", ())}:
            item.add_marker("slow")

    def rank(item: pytest.Item) -> int:
        file = file_of(item.nodeid)
        return next((n for n, start in enumerate(LONGEST) if file.startswith(start)), len(LONGEST))

    items.sort(key=rank)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test fails the run: what CI installs, it must also test."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for report in skipped:
            print(f"skipped in CI: {report.nodeid}: {report.longrepr}")
