"""The same raw tables built once on every engine, for all tests that ask what an engine makes of them."""

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from pipeline.compile import plan_cache
from pipeline.config import Config, load_config
from pipeline.demo import write_demo
from pipeline.engines import connect
from pipeline.engines.base import Engine
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.git.ingest import ingest_git
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.outputs.copy import copy_database
from pipeline.plan import Plan
from pipeline.plan.check_results import CheckResult
from pipeline.run import build
from pipeline.run.results import RunResult
from tests.engines import made_up


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
        def told(audit: CheckResult) -> tuple[str, str, str, int | None]:
            return audit.table, audit.audit, audit.status, audit.failures

        return [told(audit) for audit in self.result.audits]


def write_marks(project_dir: Path) -> None:
    """Marks that some of the commits bear, some with characters that mean something in expressions."""
    seeds = project_dir / "seeds"
    seeds.mkdir(exist_ok=True)
    marks = [
        *("codex,email,octocat@users.noreply.github.com", "codex,email,ada@example.com"),
        *("cursor,author_name,Actions[bot]", "gemini_cli,author_name,no.*body$", "aider,line,Ünï %_\\.*"),
        *("devin,email,noreply@anthropic.com", "acme_coder,footer,Acme (Coder)", "devin,line,fix the"),
    ]
    (seeds / "commit_marks.csv").write_text("\n".join(["agent_type,kind,mark", *marks]), "utf-8")
    agent = "agent_type,agent_display_name,vendor,interface_type\nacme_coder,Acme Coder,Acme,cli\n"
    (seeds / "agents.csv").write_text(agent, "utf-8")


def write_teams(project_dir: Path) -> None:
    """Teams with a move, under another name of a developer, and a project with two names."""
    seeds = project_dir / "seeds"
    seeds.mkdir(exist_ok=True)
    teams = [
        *("alice@example.com,Shop,,CC1,2020-01-01,2026-03-10", "alice@example.com,Core,Shop,CC2,2026-03-10,"),
        *("bob,Core,Shop,CC2,2020-01-01,", "BOB@example.com,Shop,,,2026-03-01,2026-03-20"),
        *("chen@example.com,Shop,,CC1,2030-01-01,", "ada@example.com,Shop,,CC1,1970-01-01,"),
    ]
    header = "developer_id,team,parent_team,cost_centre,valid_from,valid_to"
    (seeds / "teams.csv").write_text("\n".join([header, *teams]), "utf-8")
    projects = ["WEBSHOP,octo/shop,ada@example.com,CC1", "octo/app,octo/shop,,", "billing,billing,Bob,CC2"]
    (seeds / "projects.csv").write_text("\n".join(["alias,project_id,owner,cost_centre", *projects]), "utf-8")


def write_seats(project_dir: Path) -> None:
    """Seats with a move, under two names of a developer and of an agent, at prices that no month divides."""
    seats = [
        "alice@example.com,claude-code,anthropic,team,20,2027-01-31,2028-02-29",
        "alice@example.com,claude-code,anthropic,max,100.000000001,2028-02-29,",
        "bob,cursor,cursor,teams,0,2028-01-01,2028-01-02",
        "BOB@example.com,cursor,cursor,teams,33.333333333,2028-01-01,",
        "octocat,copilot,github,business,10,2028-03-25,2028-03-27",
    ]
    header = "developer_id,agent_type,provider,plan,usd_per_month,valid_from,valid_to"
    (project_dir / "seeds" / "seats.csv").write_text("\n".join([header, *seats]), "utf-8")


class Lab:
    """Builds the same raw tables once per engine, when it is first asked for.

    They hold the demo's data and what Hypothesis made, one on top of the other.
    """

    def __init__(self, folder: Path, url: Callable[[str], str]) -> None:
        self.folder = folder
        self.url = url
        self.open = ExitStack()

    @cached_property
    def expected(self) -> Built:
        engine = self.open.enter_context(connect(str(self.folder / "expected.duckdb")))
        made_up.land(engine)
        files = write_demo(self.folder, as_of=made_up.AS_OF)
        ingest_otlp(engine, files.otlp)
        ingest_git(engine, files.repositories)
        ingest_copilot(engine, files.copilot)
        write_marks(self.folder)
        write_teams(self.folder)
        write_seats(self.folder)
        config = replace(
            load_config(self.folder), timezone=made_up.TIMEZONE, internal_domains=("example.com",)
        )
        return self._build(engine, config)

    @cache  # noqa: B019 a lab lives as long as the session
    def built(self, name: str) -> Built:
        target = self.open.enter_context(connect(self.url(name)))
        expected = self.expected
        built = Built(target, expected.config, made_up.AS_OF)
        copy_database(expected.engine, target, expected.plan(), built.plan)
        return self._build(target, expected.config)

    def _build(self, engine: Engine, config: Config) -> Built:
        built = Built(engine, config, made_up.AS_OF)
        assert built.result.status == "success", [a for a in built.audits if a[2] == "failed"]
        return built
