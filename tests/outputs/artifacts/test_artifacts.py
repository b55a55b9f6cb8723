"""dbt's artifacts, read by the models that are generated from dbt's own schemas: they know no other field."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from dbt_artifacts_parser import parser

from pipeline import run
from pipeline.config import Freshness
from pipeline.engines import connect
from pipeline.outputs.artifacts import folder as artifacts
from pipeline.outputs.artifacts.freshness import SourceAge, sources
from pipeline.outputs.artifacts.ids import database_of
from pipeline.outputs.artifacts.manifest import manifest
from pipeline.outputs.artifacts.results import run_results
from pipeline.outputs.artifacts.state import definitions
from tests.projects import compile_shop

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
URL = "duckdb:///home/ada/shop.duckdb"


@pytest.fixture(scope="module")
def plan():
    return compile_shop()


@pytest.fixture(scope="module")
def written(plan):
    told = definitions(plan, Path())
    return manifest(plan, url=URL, now=NOW, invocation_id="run", definitions=told)


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        engine.create_schema("raw")
        engine.execute(
            "CREATE TABLE raw.sales AS SELECT CAST(1 AS BIGINT) AS id, TIMESTAMP '2026-01-01' AS timestamp,"
            " 'tea' AS product, 2.5 AS amount, CAST(NULL AS JSON) AS attributes"
        )
        yield engine


def build(engine, folder):
    plan = compile_shop(shapes=engine.shapes("raw"))
    return plan, run.build(engine, plan, as_of=NOW, project_dir=folder)


def test_dbt_reads_the_manifest(written):
    assert len(parser.parse_manifest_v12(manifest=written).nodes) == len(written["nodes"])


def test_a_model_is_a_model_with_what_it_reads(written):
    node = written["nodes"]["model.aa_pipeline.fct_product_sales"]
    assert {key: node[key] for key in ("database", "schema", "alias", "fqn", "access", "primary_key")} == {
        "database": "shop",
        "schema": "mart",
        "alias": "fct_product_sales",
        "fqn": ["aa_pipeline", "marts", "fct_product_sales"],
        "access": "public",
        "primary_key": ["product"],
    }
    assert node["depends_on"]["nodes"] == ["model.aa_pipeline.stg_sales"]
    assert node["columns"]["revenue_usd"]["data_type"] == "DOUBLE"
    assert written["nodes"]["model.aa_pipeline.stg_sales"]["sources"] == [["raw", "sales"]]


def test_checks_that_dbt_has_are_its_generic_tests(written):
    tests = [node for node in written["nodes"].values() if node["resource_type"] == "test"]
    of_mart = [node for node in tests if node["attached_node"] == "model.aa_pipeline.fct_product_sales"]
    told = {(node["test_metadata"]["name"], node["column_name"]) for node in of_mart}
    assert {("not_null", "product"), ("unique", "product"), ("relationships", "product")} <= told
    (reference,) = [node for node in of_mart if node["test_metadata"]["name"] == "relationships"]
    assert reference["test_metadata"]["kwargs"] == {
        "model": "{{ get_where_subquery(ref('fct_product_sales')) }}",
        "column_name": "product",
        "to": "ref('dim_products')",
        "field": "product",
    }


def test_maps_hold_every_edge_in_both_directions(written):
    edges = {(parent, child) for child, parents in written["parent_map"].items() for parent in parents}
    assert edges == {
        (parent, child) for parent, children in written["child_map"].items() for child in children
    }
    assert ("source.aa_pipeline.raw.sales", "model.aa_pipeline.stg_sales") in edges
    assert ("model.aa_pipeline.dim_products", "exposure.aa_pipeline.dashboard") in edges


def test_a_build_tells_what_it_did_and_what_stands_there(engine, tmp_path):
    plan, result = build(engine, tmp_path)
    assert artifacts.write_of_run(tmp_path, plan, result, []) is None
    told = {name: json.loads((tmp_path / "target" / name).read_text()) for name in artifacts.NAMES[:3]}
    results = parser.parse_run_results_v6(run_results=told["run_results.json"]).results
    catalog = parser.parse_catalog_v1(catalog=told["catalog.json"])
    statuses = {found.unique_id: found.status.value for found in results}
    assert statuses["seed.aa_pipeline.products"] == statuses["model.aa_pipeline.stg_sales"] == "success"
    assert {found for name, found in statuses.items() if name.startswith("test.")} == {"pass"}
    assert statuses.keys() <= told["manifest.json"]["nodes"].keys()
    assert catalog.nodes["model.aa_pipeline.dim_products"].stats["row_count"].value == 2
    assert [*catalog.sources] == ["source.aa_pipeline.raw.sales"]


def test_a_check_that_fails_has_failed_there(engine, tmp_path):
    engine.execute("INSERT INTO raw.sales SELECT 1, timestamp, product, amount, attributes FROM raw.sales")
    plan, result = build(engine, tmp_path)
    assert result.status == "failed"
    found = parser.parse_run_results_v6(run_results=run_results(plan, result, NOW)).results
    failed = [one for one in found if one.status.value == "fail"]
    assert [(one.unique_id.split(".")[2], one.failures) for one in failed] == [
        ("unique_sale_id_stg_sales", 2)
    ]


def test_a_manifest_is_written_anew_only_for_another_plan(engine, tmp_path):
    plan, result = build(engine, tmp_path)
    artifacts.write_of_run(tmp_path, plan, result, [])
    file = tmp_path / "target" / "manifest.json"
    before = file.stat().st_ino
    artifacts.write_of_run(tmp_path, plan, build(engine, tmp_path)[1], [])
    assert file.stat().st_ino == before
    plan.fingerprint = "another"
    artifacts.write_of_run(tmp_path, plan, result, [])
    assert file.stat().st_ino != before


def test_a_manifest_is_written_anew_for_other_rows_of_a_seed(engine, tmp_path):
    artifacts.write_of_run(tmp_path, *build(engine, tmp_path), [])
    file = tmp_path / "target" / "manifest.json"
    before = json.loads(file.read_text())["nodes"]
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "products.csv").write_text("product,label\ntea,Tea from Ceylon\n")
    artifacts.write_of_run(tmp_path, *build(engine, tmp_path), [])
    after = json.loads(file.read_text())["nodes"]
    assert [name for name in after if after[name]["checksum"] != before[name]["checksum"]] == [
        "seed.aa_pipeline.products"
    ]


def test_artifacts_of_another_project_stay(engine, tmp_path):
    (tmp_path / "target").mkdir()
    theirs = tmp_path / "target" / "manifest.json"
    theirs.write_text('{"metadata": {"project_name": "theirs"}}')
    assert "another project's" in artifacts.write_of_run(tmp_path, *build(engine, tmp_path), [])
    assert not artifacts.remove(tmp_path)
    assert [file.name for file in (tmp_path / "target").iterdir()] == ["manifest.json"]


def test_a_folder_that_cannot_be_written_is_said(engine, tmp_path):
    (tmp_path / "target").write_text("a file")
    assert "could not be written" in artifacts.write_of_run(tmp_path, *build(engine, tmp_path), [])


def test_what_was_written_can_be_removed(engine, tmp_path):
    artifacts.write_of_run(tmp_path, *build(engine, tmp_path), [])
    assert artifacts.remove(tmp_path)
    assert not (tmp_path / "target").exists()


def test_ages_of_raw_tables_that_have_a_limit(plan):
    sales, visits = plan.tables["raw_sales"], plan.tables["raw_visits"]
    limit = Freshness(warn_after=dt.timedelta(hours=1))
    ages = [
        SourceAge(sales, NOW - dt.timedelta(hours=2), limit, "warn"),
        SourceAge(visits, None, limit, "empty"),
        SourceAge(replace(visits, name="raw_returns"), NOW, Freshness(), "pass"),
    ]
    told = parser.parse_sources_v3(sources=sources(plan, ages, now=NOW, invocation_id=""))
    stale, empty = told.results
    assert (stale.status.value, stale.max_loaded_at_time_ago_in_s) == ("warn", 7200)
    assert (stale.criteria.warn_after.count, stale.criteria.warn_after.period.value) == (60, "minute")
    assert empty.status.value == "runtime error"


@pytest.mark.parametrize(
    ("dialect", "url", "name"),
    [
        ("duckdb", "duckdb:///home/ada/shop.duckdb", "shop"),
        ("duckdb", "duckdb://shop.duckdb", "shop"),
        ("duckdb", "duckdb://:memory:", "memory"),
        ("postgres", "postgres://ada:***@db.example.com/analytics?sslmode=require", "analytics"),
        ("bigquery", "bigquery://our-project/", "our-project"),
        ("pyspark", "pyspark:///warehouse", None),
    ],
)
def test_the_database_has_the_name_that_its_engine_gives_it(plan, dialect, url, name):
    plan.dialect, before = dialect, plan.dialect
    assert database_of(url, plan) == name
    plan.dialect = before


@pytest.mark.slow
def test_the_shipped_project_is_read_by_dbt(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from pipeline.cli import cli

    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    with duckdb.connect("agent_analytics.duckdb") as database:
        database.execute("INSERT INTO raw.otel_logs (id, timestamp) VALUES (1, '2026-11-20')")
    for command in (["build"], ["docs", "generate"]):
        assert CliRunner().invoke(cli, command).exit_code == 0
    told = {name: json.loads((tmp_path / "target" / name).read_text()) for name in artifacts.NAMES}
    assert (
        "model.aa_pipeline.fct_agent_costs" in parser.parse_manifest_v12(manifest=told["manifest.json"]).nodes
    )
    parser.parse_catalog_v1(catalog=told["catalog.json"])
    parser.parse_run_results_v6(run_results=told["run_results.json"])
    parser.parse_sources_v3(sources=told["sources.json"])
    assert CliRunner().invoke(cli, ["clean"]).output.endswith("Removed the artifacts of target/.\n")


@pytest.mark.slow
def test_without_a_configuration_no_folder_appears(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from pipeline.cli import cli

    monkeypatch.chdir(tmp_path)
    with duckdb.connect("a.duckdb") as database:
        database.execute("CREATE SCHEMA raw; CREATE TABLE raw.otel_logs AS SELECT 1::BIGINT AS id")
    CliRunner().invoke(cli, ["build", "-t", "a.duckdb"])
    assert not (tmp_path / "target").exists()
