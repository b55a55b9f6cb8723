import lzma
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.compile import shipped
from pipeline.compile.compiler import compile_unbound
from pipeline.compile.graph import discover, discover_laws
from pipeline.compile.renderings import COMPILERS
from pipeline.compile.sources import MODELS, SCHEMAS
from pipeline.config import Config, Freshness
from pipeline.plan.bind import bind, unbound_settings
from pipeline.plan.render import quote_text
from pipeline.plan.selection import descendants

WRITE = "Write the plans anew: python -m pipeline.compile.shipped"


@pytest.mark.parametrize("dialect", COMPILERS)
def test_a_plan_is_shipped_for_each_kind_of_configuration(dialect):
    for config in shipped.CONFIGURATIONS:
        assert shipped.load(dialect, config), WRITE


@pytest.mark.slow
@pytest.mark.parametrize("dialect", COMPILERS)
def test_shipped_plans_are_what_the_code_compiles(dialect):
    config = shipped.CONFIGURATIONS[-1]
    settings = unbound_settings(config.model_settings(), dialect)
    plan = compile_unbound(dialect, settings, models=MODELS, schemas=SCHEMAS)
    assert shipped.load(dialect, config) == replace(plan, fingerprint=shipped.fingerprint(dialect, config)), (
        WRITE
    )


@pytest.mark.parametrize("dialect", COMPILERS)
def test_a_setting_that_is_only_a_value_needs_no_compiler(dialect):
    config = Config(
        timezone="Asia/Tokyo",
        internal_domains=("it's.example", "{{window_days}}"),  # a text, whatever it looks like
        window_days=7,
        time_window_seconds=90_000,
        severity={"dim_agents": "warn", "fct_git_commits.same_commits": "warn 10"},
        freshness={"otel_logs": Freshness(timedelta(days=2))},
    )
    plan = bind(shipped.load(dialect, config), config.model_settings(), config.check_settings(), None)
    checks = {(table.name, check.name): check for table in plan.tables.values() for check in table.checks}

    def interval(number, unit):
        return f"INTERVAL '{number} {unit}'" if dialect == "postgres" else f"INTERVAL '{number}' {unit}"

    assert "'Asia/Tokyo'" in plan.tables["stg_git_commits"].sql
    assert interval(7 * 24, "HOUR") in plan.tables["stg_git_commits"].sql
    assert interval(7, "DAY") in plan.tables["stg_copilot_metrics"].sql
    assert interval(90_000, "SECOND") in plan.tables["int_commits_with_agent_context"].sql
    assert quote_text("it's.example", dialect) in plan.tables["dim_developers"].sql
    law = checks["fct_git_commits", "same_commits"]
    assert interval(7 * 24, "HOUR") in law.sql
    assert (law.severity, law.tolerance) == ("warn", "10")
    assert checks["dim_agents", "unique(agent_type)"].severity == "warn"
    fresh = checks["raw_otel_logs", "fresh"]
    assert [check for check in checks.values() if check.kind == "freshness"] == [fresh]
    assert fresh.description == "The newest row of raw_otel_logs is at most 2 days, 0:00:00 old."
    assert interval(2 * 86_400, "SECOND") in fresh.sql
    plan.settings["internal_domains"] = []
    left = {*re.findall("{{.*?}}", plan.to_json().replace("'{{window_days}}'", ""))}
    assert left == {"{{as_of}}", "{{as_of_before}}"}


OF_VALUES = {
    "window_days": ({"window_days": 7}, ["stg_git_commits", "stg_copilot_metrics", "stg_pull_requests"]),
    "time_window_seconds": (
        {"time_window_seconds": 60},
        ["int_commits_with_agent_context", "int_pull_request_costs"],
    ),
    "internal_domains": ({"internal_domains": ("b.example",)}, ["dim_developers"]),
    "severity": ({"severity": {"dim_agents": "warn"}}, []),
    "freshness": ({"freshness": {"otel_logs": Freshness(timedelta(days=1))}}, []),
}


@pytest.mark.parametrize(("values", "readers"), OF_VALUES.values(), ids=OF_VALUES)
def test_another_value_makes_those_tables_anew_whose_sql_reads_it(values, readers):
    def tables(**more):
        config = Config(**{"internal_domains": ("a.example",)} | more)
        unbound = shipped.load("duckdb", config)
        return bind(unbound, config.model_settings(), config.check_settings(), None).tables

    before, after = tables(), tables(**values)
    anew = {name for name in before if before[name].fingerprint != after[name].fingerprint}
    assert anew == {*readers} | descendants(before, readers)


def test_no_shipped_model_takes_a_number():
    # It would be compiled anew with every other number.
    models = discover()
    functions = [*models.values(), *discover_laws(models)]
    numbers = {"window_days", "time_window_seconds"}
    assert [function.path for function in functions if numbers & {*function.settings}] == []


def test_a_plan_of_other_code_is_not_taken(monkeypatch):
    monkeypatch.setattr(shipped, "code_digest", lambda models, schemas: "other code")
    assert shipped.load("duckdb", Config()) is None


@pytest.mark.parametrize("content", [None, b"", b"no archive", lzma.compress(b"{}")])
def test_an_archive_that_is_not_whole_is_passed_over(monkeypatch, tmp_path, content):
    file = tmp_path / "duckdb.jsonl.xz"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(shipped, "_file", lambda dialect: file)
    assert shipped.load("duckdb", Config()) is None


CHANGED = (
    "timezone='Europe/Berlin', internal_domains=('a.example', 'b.example'), window_days=7,"
    " time_window_seconds=60, severity={'dim_agents': 'warn'},"
    " freshness={'otel_logs': Freshness(timedelta(days=1))}"
)


@pytest.mark.parametrize("settings", ["", CHANGED], ids=["as they are", "changed"])
@pytest.mark.parametrize("dialect", COMPILERS)
def test_the_first_plan_of_a_user_imports_no_compiler(tmp_path, dialect, settings):
    code = (
        "import sys; from datetime import timedelta; from pipeline.compile import plan_cache;"
        "from pipeline.config import Config, Freshness;"
        f"plan = plan_cache.load({dialect!r}, Config({settings}), {{}});"
        "assert len(plan.tables) > 20;"
        "print(sorted({'ibis', 'pandera', 'sqlglot', 'pandas'} & {*sys.modules}))"
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert len([*tmp_path.rglob("plans/*.json")]) == 1
