import lzma
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline.compile import shipped
from pipeline.compile.compiler import compile_unbound
from pipeline.compile.renderings import COMPILERS
from pipeline.compile.sources import MODELS, SCHEMAS
from pipeline.config import Config
from pipeline.plan.bind import bind

WRITE = "Write the plans anew: python -m pipeline.compile.shipped"


@pytest.mark.parametrize("dialect", COMPILERS)
def test_a_plan_is_shipped_for_each_kind_of_configuration(dialect):
    for config in shipped.CONFIGURATIONS:
        assert shipped.load(dialect, config), WRITE


@pytest.mark.slow
@pytest.mark.parametrize("dialect", COMPILERS)
def test_shipped_plans_are_what_the_code_compiles(dialect):
    config = shipped.CONFIGURATIONS[-1]
    plan = compile_unbound(dialect, config, models=MODELS, schemas=SCHEMAS)
    assert shipped.load(dialect, config) == replace(plan, fingerprint=shipped.fingerprint(dialect, config)), (
        WRITE
    )


def test_a_setting_that_is_only_a_value_needs_no_compiler():
    config = Config(timezone="Asia/Tokyo", internal_domains=("example.org", "it's.example"))
    plan = bind(shipped.load("duckdb", config), config.model_settings(), None)
    assert "TIMEZONE('Asia/Tokyo', " in plan.tables["stg_git_commits"].sql
    assert "IN ('example.org', 'it''s.example')" in plan.tables["dim_developers"].sql
    assert "{{timezone}}" not in plan.to_json()
    assert "{{internal_domains}}" not in plan.to_json()


def test_what_changes_more_than_a_value_is_compiled():
    for config in (
        Config(window_days=7),
        Config(time_window_seconds=1),
        Config(severity={"dim_agents": "warn"}),
    ):
        assert shipped.load("duckdb", config) is None


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


def test_the_first_plan_of_a_user_imports_no_compiler(tmp_path):
    code = (
        "import sys; from pipeline.compile import plan_cache; from pipeline.config import Config;"
        "plan = plan_cache.load('duckdb', Config(timezone='Europe/Berlin'), {});"
        "assert len(plan.tables) > 20;"
        "print(sorted({'ibis', 'pandera', 'sqlglot', 'pandas'} & {*sys.modules}))"
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert len([*tmp_path.rglob("*.json")]) == 1
