"""dbt's artifacts, read by dbt's own classes and by DataHub, each in a process of its own."""

import datetime as dt
import json
import os
import subprocess
from pathlib import Path

import pytest

from pipeline import run
from pipeline.compile.graph import discover
from pipeline.config import Freshness
from pipeline.engines import connect
from pipeline.outputs.artifacts import folder as artifacts
from pipeline.outputs.artifacts.freshness import source_ages
from tests.projects import compile_shop

READERS = "AA_ARTIFACT_READERS"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(READERS not in os.environ, reason=f"{READERS}: see readers-requirements.txt"),
]

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
SALES = """
CREATE TABLE raw.sales AS SELECT CAST(1 AS BIGINT) AS id, TIMESTAMP '2026-01-01 09:00' AS timestamp,
    'tea' AS product, 2.5 AS amount, CAST(NULL AS JSON) AS attributes;
CREATE TABLE raw.visits AS SELECT CAST(1 AS BIGINT) AS id, TIMESTAMP '2026-01-01 11:30' AS timestamp;
"""


def read(script, *arguments):
    """What a script of this folder says in JSON, in the environment of the readers."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [os.environ[READERS], Path(__file__).with_name(script), *arguments],
        env=environment | {"DATAHUB_TELEMETRY_ENABLED": "false", "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """The artifacts of a build of the shop, and what it found."""
    folder = tmp_path_factory.mktemp("shop")
    with connect(str(folder / "shop.duckdb")) as engine:
        engine.create_schema("raw")
        engine.execute(SALES)
        plan = compile_shop(shapes=engine.shapes("raw"))
        limits = dict.fromkeys(["sales", "visits"], Freshness(error_after=dt.timedelta(hours=1)))
        sources = [table for table in plan.tables.values() if table.kind == "source"]
        ages = source_ages(engine, sources, limits, NOW)
        result = run.build(engine, plan, as_of=NOW, project_dir=folder)
    assert artifacts.write_of_run(folder, plan, result, ages) is None
    return folder / "target", plan, result


def test_dbts_own_classes_read_what_a_build_writes(target):
    folder, plan, result = target
    told = read("read_with_dbt.py", folder)
    assert told["parents"]["model.aa_pipeline.dim_products"] == [
        "model.aa_pipeline.stg_sales",
        "seed.aa_pipeline.products",
    ]
    assert {name: told["columns"][f"model.aa_pipeline.{name}"] for name in ("fct_product_sales",)} == {
        "fct_product_sales": {"product": "VARCHAR", "sales": "BIGINT", "revenue_usd": "DOUBLE"}
    }
    tests = [name for name in told["results"] if name.startswith("test.")]
    assert len(tests) == len(result.audits) == sum(len(table.checks) for table in plan.tables.values())
    assert {told["results"][name] for name in tests} == {"pass"}
    assert {told["results"][name] for name in told["results"] if name not in tests} == {"success"}
    assert told["sources"] == {
        "source.aa_pipeline.raw.sales": "error",
        "source.aa_pipeline.raw.visits": "pass",
    }


def test_dbts_own_classes_read_the_shipped_project(company, tmp_path, monkeypatch):
    import shutil

    from click.testing import CliRunner

    from pipeline.cli import cli

    for name in ("aa-pipeline.toml", "agent_analytics.duckdb", "seeds"):
        copy = shutil.copytree if (company / name).is_dir() else shutil.copy
        copy(company / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for command in (["docs", "generate"], ["build"]):
        shutil.rmtree("target", ignore_errors=True)
        assert CliRunner().invoke(cli, command).exit_code == 0
        told = read("read_with_dbt.py", tmp_path / "target")
        assert len(told["columns"]) == 71
        results = {name: told["results"][name] for name in told["results"] if name.startswith("model.")}
        assert set(results) == {f"model.aa_pipeline.{name}" for name in discover()}
        assert {*told["results"].values()} <= {"success", "pass", "warn", "skipped"}
        assert {*told["sources"].values()} <= {"pass", "warn", "error"}


def test_datahub_shows_tables_columns_lineage_checks_and_ages(target, tmp_path):
    told = read("read_with_datahub.py", target[0], tmp_path / "records.json")
    assert told["columns"]["shop.mart.fct_product_sales"] == ["product", "sales", "revenue_usd"]
    models = {name: reads for name, reads in told["upstreams"].items() if not name.startswith("shop.raw.")}
    assert models == {
        "shop.staging.stg_sales": ["shop.raw.sales"],
        "shop.staging.stg_recent_visits": ["shop.raw.visits"],
        "shop.mart.fct_product_sales": ["shop.staging.stg_sales"],
        "shop.mart.fct_visits": ["shop.staging.stg_recent_visits"],
        "shop.mart.dim_products": ["shop.staging.products", "shop.staging.stg_sales"],
    }
    # Each check of a table, and that the sales are older than they should be.
    assert told["assertions"] == ["FAILURE", *["SUCCESS"] * (len(told["assertions"]) - 1)]
    assert told["warnings"] == ["URN lowercasing not applied: []"]  # of the recipe
