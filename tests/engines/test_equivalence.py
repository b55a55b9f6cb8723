"""Every model on every engine: the rows of DuckDB, floats to 1e-9 relative, timestamps as instants."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from pipeline import plan_cache
from pipeline.config import Config, load_config
from pipeline.copy import copy_database
from pipeline.demo import write_demo
from pipeline.engines import connect
from pipeline.engines.base import Engine
from pipeline.graph import discover
from pipeline.ingest.copilot import ingest_copilot
from pipeline.ingest.git import ingest_git
from pipeline.ingest.otlp import ingest_otlp
from pipeline.plan import Plan
from pipeline.run import build
from pipeline.run.results import RunResult
from pipeline.verdicts import AuditResult
from tests.engines import made_up
from tests.engines.equality import difference

ENGINES = ["postgres"]
DATA = ["demo", "made_up"]
TABLES = ["model_prices", "agents", "agent_aliases", "identities", "budgets", *discover()]


@dataclass
class Built:
    """Raw tables of one engine, built."""

    engine: Engine
    config: Config
    as_of: dt.datetime

    def plan(self) -> Plan:
        return plan_cache.load(self.engine.dialect, self.config, self.engine.shapes("raw"))

    @cached_property
    def result(self) -> RunResult:
        return build(self.engine, self.plan(), as_of=self.as_of, project_dir=self.config.project_dir)

    @cached_property
    def audits(self) -> list[tuple[str, str, str, int | None]]:
        def told(audit: AuditResult) -> tuple[str, str, str, int | None]:
            return audit.table, audit.audit, audit.status, audit.failures

        return [told(audit) for audit in self.result.audits]


class Lab:
    """Builds each pair of engine and data once, when it is first asked for."""

    def __init__(self, folder: Path, urls) -> None:
        self.folder = folder
        self.urls = urls
        self.open = ExitStack()
        self.done: dict[tuple[str, str], Built] = {}

    def built(self, engine: str, data: str) -> Built:
        if (engine, data) not in self.done:
            make = self._expected if engine == "duckdb" else self._copied
            built = self.done[engine, data] = make(engine, data)
            assert built.result.status in ("success", "failed")
        return self.done[engine, data]

    def _expected(self, _: str, data: str) -> Built:
        folder = self.folder / data
        folder.mkdir()
        engine = self.open.enter_context(connect(str(folder / "expected.duckdb")))
        if data == "made_up":
            made_up.land(engine)
            config = Config(timezone=made_up.TIMEZONE, internal_domains=("example.com",), project_dir=folder)
            return Built(engine, config, made_up.AS_OF)
        as_of = dt.datetime(2026, 11, 15, 9, 30, tzinfo=dt.UTC)
        files = write_demo(folder, as_of=as_of)
        ingest_otlp(engine, files.otlp)
        ingest_git(engine, files.repositories)
        ingest_copilot(engine, files.copilot)
        return Built(engine, load_config(folder), as_of)

    def _copied(self, engine: str, data: str) -> Built:
        expected = self.built("duckdb", data)
        target = self.open.enter_context(connect(self.urls[engine]()))
        built = Built(target, expected.config, expected.as_of)
        copy_database(expected.engine, target, expected.plan(), built.plan)
        return built


@pytest.fixture(scope="module")
def lab(tmp_path_factory, request) -> Iterator[Lab]:
    urls = {"postgres": lambda: request.getfixturevalue("new_postgres")()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        lab = Lab(tmp_path_factory.mktemp("equivalence"), urls)
        with lab.open:
            yield lab


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_rows(lab, engine, data, table):
    expected, actual = lab.built("duckdb", data), lab.built(engine, data)
    planned = expected.plan().tables[table]
    assert difference(expected.engine, actual.engine, planned) is None


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_verdicts(lab, engine, data):
    expected, actual = lab.built("duckdb", data), lab.built(engine, data)
    assert actual.audits == expected.audits
