"""`state:modified` and `state:new`: what has changed since an earlier state of the project."""

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from pipeline.outputs.artifacts.manifest import manifest
from pipeline.outputs.artifacts.state import definitions
from tests.cli.database import query
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SHORTER_WINDOW = "window_days = 30\n"  # which stg_recent_visits names


@pytest.fixture
def published(run_shop, shop, folder):
    """What a build wrote, kept aside."""
    (folder / "aa-pipeline.toml").write_text("")
    run_shop("build")
    shutil.copytree("target", "published")
    return folder


def names(result):
    return result.stdout.split()


def test_where_nothing_has_changed_nothing_is_selected_and_nothing_is_wrong(run_shop, published):
    result = run_shop("ls -s state:modified+ --state published")
    assert result.stdout == ""
    assert result.stderr.startswith("Nothing to do: no table that was asked for has changed since published")
    assert run_shop("ls -s state:modified --state published --format json").stdout == "[]\n"


def test_a_model_is_modified_and_what_reads_it_is_not(run_shop, published):
    (published / "aa-pipeline.toml").write_text(SHORTER_WINDOW)
    assert names(run_shop("ls -s state:modified --state published")) == ["stg_recent_visits"]
    modified_or_downstream = names(run_shop("ls -s state:modified+ --state published"))
    assert modified_or_downstream == ["stg_recent_visits", "fct_visits"]


def test_a_seed_is_modified_by_its_rows(run_shop, published):
    (published / "seeds").mkdir()
    (published / "seeds" / "products.csv").write_text("product,label\ntea,Tea from Ceylon\n")
    assert names(run_shop("ls -s state:modified --state published")) == ["products"]
    assert names(run_shop("ls -s state:modified+,marts --state published")) == ["dim_products"]


def test_other_columns_of_a_raw_table_modify_no_model(run_shop, published):
    query("ALTER TABLE raw.sales ALTER amount TYPE FLOAT; DROP TABLE raw.visits")
    run_shop("compile")
    assert names(run_shop("ls -s state:modified --state published")) == []


def test_a_check_that_may_only_warn_modifies_its_table(run_shop, published):
    (published / "aa-pipeline.toml").write_text('[severity]\nfct_visits = "warn"\n')
    assert names(run_shop("ls -s state:modified --state published")) == ["fct_visits"]


def test_what_the_state_does_not_know_is_new_and_modified(run_shop, published):
    file = published / "published" / "manifest.json"
    told = json.loads(file.read_text())
    del told["nodes"]["model.aa_pipeline.fct_visits"]
    file.write_text(json.dumps(told))
    for words in ("state:new", "state:modified"):
        assert names(run_shop(f"ls -s {words} --state published/manifest.json")) == ["fct_visits"]


def test_a_build_makes_what_is_modified_and_what_reads_it(run_shop, published):
    (published / "aa-pipeline.toml").write_text(SHORTER_WINDOW)
    result = run_shop("build -s state:modified+ --state published --format json")
    made = {table["name"]: table["action"] for table in json.loads(result.stdout)["tables"]}
    assert made == {"raw_visits": "read", "stg_recent_visits": "full", "fct_visits": "full"}


def test_a_build_of_nothing_is_a_success_of_no_tables(run_shop, published):
    output = run_shop("build -s state:modified+ --state published").output
    assert "aa-pipeline build: status=success tables=0 rows=0" in output


def test_only_what_is_modified_is_audited(run_shop, published):
    (published / "aa-pipeline.toml").write_text(SHORTER_WINDOW)
    told = json.loads(run_shop("test -s state:modified --state published --format json").stdout)
    assert {audit["table"] for audit in told["audits"]} == {"stg_recent_visits"}


def test_the_state_of_another_engine_is_compared_in_its_own_sql(run_shop, published):
    plan = compile_shop("postgres")
    told = manifest(
        plan, url="postgres://db/shop", now=NOW, invocation_id="", definitions=definitions(plan, Path())
    )
    Path("elsewhere.json").write_text(json.dumps(told))
    assert names(run_shop("ls -s state:modified --state elsewhere.json")) == []
    (published / "aa-pipeline.toml").write_text(SHORTER_WINDOW)
    assert names(run_shop("ls -s state:modified --state elsewhere.json")) == ["stg_recent_visits"]


def test_a_plan_is_a_state_that_does_not_know_the_rows_of_seeds(run_shop, published):
    Path("plan.json").write_text(compile_shop().to_json())
    (published / "seeds").mkdir()
    (published / "seeds" / "products.csv").write_text("product,label\ntea,Tea from Ceylon\n")
    (published / "aa-pipeline.toml").write_text(SHORTER_WINDOW)
    assert names(run_shop("ls -s state:modified --state plan.json")) == ["stg_recent_visits"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("ls -s state:modified", "Say with which one: --state FOLDER"),
        ("ls -s state:modifed --state published", "Did you mean modified?"),
        ("ls -s state:modified --state nowhere", "nowhere cannot be read (No such file or directory)"),
        ("ls -s state:modified --state aa-pipeline.toml", "is no JSON"),
        ("ls -s state:modified --state theirs.json", "is of another project"),
        ("ls -s state:modified --state older.json", "was written by an older release"),
        ("ls -s state:modified --state list.json", "neither a manifest.json nor a plan"),
    ],
)
def test_what_is_no_state_is_said(run_shop, published, words, told):
    Path("theirs.json").write_text('{"metadata": {"adapter_type": "duckdb"}, "nodes": {}}')
    env = {"env": {"AA_PIPELINE_PLAN": "x"}, "adapter_type": "duckdb"}
    Path("older.json").write_text(json.dumps({"metadata": env, "nodes": {"model.aa_pipeline.a": {}}}))
    Path("list.json").write_text("[]")
    assert told in " ".join(run_shop(words, expect=2).output.split())
