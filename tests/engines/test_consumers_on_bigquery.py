"""Every command on BigQuery, through the command line, against an emulator: the same as on DuckDB."""

import json
import shutil

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from pipeline import Pipeline
from pipeline.cli import cli
from pipeline.engines import connect
from tests.conftest import AS_OF
from tests.engines.called import commits_as_built, commits_as_called
from tests.engines.reread import what_an_earlier_version_read_gives_way
from tests.outputs.metrics.everything import OF_EACH_KIND, everything

CONFIG = """
default_target = "cloud"
internal_domains = ["example.com"]

[targets.cloud]
url = "{url}"
options = {{ location = "EU", labels = {{ team = "platform" }}, maximum_bytes_billed = 1000000 }}
"""


@pytest.fixture(scope="module")
def folder(company, new_bigquery, tmp_path_factory):
    """A project's folder; its target holds the demo's company, copied from DuckDB and built there."""
    folder = tmp_path_factory.mktemp("on-bigquery")
    (folder / "aa-pipeline.toml").write_text(CONFIG.format(url=new_bigquery()))
    shutil.copytree(company / "seeds", folder / "seeds")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", str(company.parent / "cache"))
        aa("init")
        aa("copy", "--from", str(company / "agent_analytics.duckdb"), "--to", "cloud")
        assert "first build" in aa("build", "--as-of", AS_OF)
        yield folder


@pytest.fixture(scope="module")
def url(folder):
    text = (folder / "aa-pipeline.toml").read_text()
    return text.split('url = "')[1].split('"')[0]


@pytest.fixture(scope="module")
def on_duckdb(company, tmp_path_factory):
    """A copy, since `test` writes what it found, and others read the company's."""
    return shutil.copy(company / "agent_analytics.duckdb", tmp_path_factory.mktemp("on-duckdb"))


def aa(*words, expect=0):
    """Run the command line; what it printed."""
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == expect, result.output
    return result.output


def rows(*words):
    return json.loads(aa("show", *words, "--limit", "1000", "--format", "json"))


def test_show_shows_the_rows_of_duckdb(folder, on_duckdb):
    here, there = rows("dim_developers"), rows("dim_developers", "--target", on_duckdb)
    assert here
    assert sorted(map(str, here)) == sorted(map(str, there))


def test_the_report_and_the_docs_tell_of_the_build(folder, on_duckdb):
    def counts(*words):
        return json.loads(aa("report", *words, "--format", "json"))["counts"]

    assert counts() == counts("--target", on_duckdb)
    aa("docs", "generate", "-o", "site")
    assert "fct_agent_costs" in (folder / "site" / "index.html").read_text()


def test_metrics_of_each_kind_are_the_same(url, on_duckdb):
    with connect(url, read_only=True) as here, connect(on_duckdb, read_only=True) as there:
        assert everything(here, OF_EACH_KIND) == everything(there, OF_EACH_KIND)


def test_debug_counts_the_raw_tables(folder):
    facts = json.loads(aa("debug", "--format", "json"))
    assert facts["connection"] == "ok"
    rows = {table["table"]: table["rows"] for table in facts["tables"]}
    empty = {"raw.otel_spans", "raw.git_survival"}
    assert {table for table, number in rows.items() if not number} == empty


def test_source_freshness_tells_the_newest_rows(folder, on_duckdb):
    def newest(*words):
        found = json.loads(aa("source", "freshness", *words, "--format", "json"))
        return {source["source"]: source["newest"] for source in found}

    assert newest() == newest("--target", on_duckdb)


def test_test_finds_what_it_finds_on_duckdb(folder, on_duckdb):
    def statuses(*words):
        audits = json.loads(aa("test", *words, "--format", "json"))["audits"]
        return {(audit["table"], audit["audit"]): audit["status"] for audit in audits}

    here = statuses()
    assert here == statuses("--target", on_duckdb)
    assert {"passed", "warned"} <= {*here.values()}


def test_seed_run_and_build_do_no_more_than_they_must(folder):
    assert "Loaded 1 table" in aa("seed", "--select", "agents")
    assert "fct_agent_costs" in aa("run", "--select", "fct_agent_costs", "--full-refresh", "--as-of", AS_OF)
    assert "Built 0 tables, " in aa("build", "--as-of", AS_OF)


def test_a_dry_run_prints_the_bytes_that_a_build_would_read(folder):
    select = ("build", "--dry-run", "--select", "dim_agents", "stg_copilot_metrics")
    tables = json.loads(aa(*select, "--format", "json"))
    assert {table["name"] for table in tables} == {"dim_agents", "stg_copilot_metrics"}
    assert all(table["to_build"] > 0 and not table["missing"] for table in tables)
    total = sum(table["to_build"] + table["to_audit"] for table in tables)
    assert f"A full build would read {total:,} bytes: cloud" in " ".join(aa(*select).split())


def test_a_dry_run_of_a_first_build_says_what_it_cannot_know_yet(new_bigquery, folder):
    printed = aa("build", "--dry-run", "-s", "fct_agent_costs", "--target", new_bigquery())
    assert "int_agent_daily_aggregates" in printed
    assert "bytes and what is not known yet" in " ".join(printed.split())


def test_a_dry_run_on_duckdb_says_where_there_is_one(folder, on_duckdb):
    printed = aa("build", "--dry-run", "--target", on_duckdb, expect=2)
    assert "--dry-run is for BigQuery" in " ".join(printed.split())


def test_a_build_that_would_cost_too_much_leaves_the_old_tables(folder, url):
    before = rows("fct_agent_costs")
    limited = f"{url}&maximum_bytes_billed=9000"
    failed = " ".join(aa("build", "--full-refresh", "--target", limited, expect=1).split())
    assert "could not be built. BigQuery refused a statement: Query exceeded limit for bytes billed" in failed
    assert rows("fct_agent_costs") == before
    with connect(url) as engine:
        assert all(len(versions(engine, schema)) <= 2 for schema in ("staging", "intermediate", "mart"))


def versions(engine, schema):
    """The stored tables behind the table that has most of them."""
    behind: dict[str, list[str]] = {}
    for name, kind in engine.objects(schema).items():
        if kind == "table":
            behind.setdefault(name.partition("__v")[0], []).append(name)
    return max(behind.values(), key=len)


def test_the_dashboard_shows_the_same_sums(url, on_duckdb):
    from pipeline.outputs.dashboard.data import read_marts

    assert "Wrote dashboard/index.html" in aa("dashboard")

    def sums(target):
        with connect(target, read_only=True) as engine:
            data = read_marts(engine)
        at = {name: data[name]["columns"].index("nano") for name in ("usage", "commits")}
        return [sum(row[at[name]] or 0 for row in data[name]["rows"]) for name in at]

    assert sums(url) == pytest.approx(sums(on_duckdb), rel=1e-9)


def test_an_export_has_the_rows_and_types_of_duckdb(folder, on_duckdb):
    aa("export", "-o", "here")
    aa("export", "-o", "there", "--target", on_duckdb)
    for file in (folder / "here").glob("*.parquet"):
        here = pyarrow.parquet.read_table(file)
        there = pyarrow.parquet.read_table(folder / "there" / file.name)
        assert here.num_rows == there.num_rows
        assert here.schema.types == there.schema.types


def test_notebooks_read_it(url, on_duckdb):
    def costs(target):
        aa_pipeline = Pipeline(target)
        costs = aa_pipeline.fct_agent_costs
        return (
            costs.group_by("agent_type").agg(usd=costs.daily_cost_usd.sum()).order_by("agent_type").execute()
        )

    here, there = costs(url), costs(on_duckdb)
    assert [*here.agent_type] == [*there.agent_type]
    assert [*here.usd] == pytest.approx([*there.usd], rel=1e-9)
    assert commits_as_called(Pipeline(url)) == commits_as_built(Pipeline(url))


def test_ingest_lands_each_record_once(folder, company, new_bigquery):
    lines = (company / "telemetry" / "codex.jsonl").read_text().splitlines()
    (folder / "codex.jsonl").write_text("\n".join(lines[:3]))
    elsewhere = new_bigquery()
    assert "landed + 0 duplicates + 0 quarantined" in aa("ingest", "otlp", "codex.jsonl", "-t", elsewhere)
    (folder / "again.jsonl").write_text("\n".join(lines[:3]))
    assert "= 0 landed" in aa("ingest", "otlp", "again.jsonl", "-t", elsewhere)


def test_what_an_earlier_version_read_of_a_session_gives_way(new_bigquery, tmp_path):
    with connect(new_bigquery()) as engine:
        what_an_earlier_version_read_gives_way(engine, tmp_path, "TO_JSON_STRING(attributes)")
