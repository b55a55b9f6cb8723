"""Every command on a Spark cluster: what people see there is what they see on DuckDB."""

import json

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from pipeline import Pipeline
from pipeline.cli import cli
from pipeline.engines import connect
from pipeline.outputs.dashboard.data import read_marts
from tests.conftest import AS_OF

# PySpark leaves its sockets to Python to close.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

LOG = {
    "resourceLogs": [
        {
            "scopeLogs": [
                {
                    "logRecords": [
                        {
                            "timeUnixNano": "1763110800000000000",
                            "body": {"stringValue": "claude_code.user_prompt"},
                            "attributes": [{"key": "session.id", "value": {"stringValue": "new"}}],
                        }
                    ]
                }
            ]
        }
    ]
}


@pytest.fixture(scope="module")
def url(new_spark):
    return new_spark()


@pytest.fixture(scope="module")
def aa(company, url, tmp_path_factory):
    """Runs a command on the cluster, in the folder of a project."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "seeds").symlink_to(company / "seeds")
    (folder / "log.json").write_text(json.dumps(LOG))

    def run(*words, target="spark", expect=0):
        result = CliRunner().invoke(cli, [*words, *(("--target", target) if target else ())])
        assert result.exit_code == expect, result.output
        return result.stdout

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", str(company.parent / "cache"))
        patch.delenv("AA_PIPELINE_TARGET", raising=False)
        assert "Made raw.otel_metrics" in run("init", target=url)
        config = f'internal_domains = ["example.com"]\n[targets]\nspark = "{url}"\n'
        (folder / "aa-pipeline.toml").write_text(config)
        run("copy", "--from", str(company / "agent_analytics.duckdb"), "--to", "spark", target=None)
        yield run


@pytest.fixture(scope="module")
def built(aa):
    """The same, with every table built."""
    seeds = json.loads(aa("seed", "--format", "json"))
    assert {table["action"] for table in seeds["tables"]} == {"loaded"}
    run = json.loads(aa("run", "--as-of", AS_OF, "--format", "json"))
    assert {table["action"] for table in run["tables"]} == {"read", "skipped", "full"}
    return aa


@pytest.fixture(scope="module")
def on_duckdb(company):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        yield engine


def test_what_is_published_is_audited(built):
    assert json.loads(built("test", "-s", "marts", "--format", "json"))["status"] == "success"


def test_a_build_does_what_is_left_to_do(built):
    chosen = ("-s", "dim_agents", "stg_copilot_metrics", "--as-of", AS_OF)
    build = json.loads(built("build", *chosen, "--format", "json"))
    assert build["status"] == "success"
    assert {table["action"] for table in build["tables"]} == {"read", "skipped"}


def test_show_debug_and_freshness(built, company):
    rows = json.loads(built("show", "dim_agents", "--format", "json"))
    assert [row["agent_type"] for row in rows] == ["claude_code", "codex", "gemini_cli", "github_copilot"]
    debug = json.loads(built("debug", "--format", "json"))
    assert (debug["connection"], {table["state"] for table in debug["tables"]}) == ("ok", {"ok"})

    def states(target):
        sources = json.loads(built("source", "freshness", "--format", "json", target=target))
        return {source["source"]: source["state"] for source in sources}

    assert states("spark") == states(str(company / "agent_analytics.duckdb"))
    assert states("spark")["raw.otel_logs"] == "pass"


def test_the_report_tells_of_the_last_run(built):
    report = json.loads(built("report", "--format", "json"))
    assert report["status"] == "success"


def test_documentation_and_dashboard_are_written(built, url, on_duckdb):
    assert "Wrote" in built("docs", "generate")
    assert "Wrote" in built("dashboard")
    with connect(url, read_only=True) as engine:
        here, there = read_marts(engine), read_marts(on_duckdb)
    here["about"]["as_of"] = there["about"]["as_of"]
    for data in here, there:  # Spark sorts NULL first
        data["commits"]["rows"].sort(key=str)
    assert here == there


def test_an_export_has_the_rows_and_types_of_duckdb(built, company, tmp_path):
    tables = ["fct_git_commits", "fct_agent_costs", "dim_developers"]
    targets = {"spark": "spark", "duckdb": str(company / "agent_analytics.duckdb")}
    for name, target in targets.items():
        built("export", "-s", " ".join(tables), "-o", str(tmp_path / name), target=target)
    for table in tables:
        here, there = (pyarrow.parquet.read_table(tmp_path / name / f"{table}.parquet") for name in targets)
        assert (table, here.schema.types) == (table, there.schema.types)
        assert here.num_rows == there.num_rows


def test_notebooks_read_it_and_stand_in_no_builds_way(built):
    aa = Pipeline("spark")
    costs = aa.fct_agent_costs
    usd = costs.group_by("agent_type").agg(usd=costs.daily_cost_usd.sum()).join(aa.dim_agents, "agent_type")
    assert usd.usd.sum().execute() > 500
    assert aa.report().report.status == "success"
    with connect(aa.target.url, wait=0) as engine:
        assert engine.fetch("SELECT count(*) FROM mart.dim_agents") == [(4,)]


def test_what_is_ingested_lands_once(built):
    assert "1 record in = 1 landed" in built("ingest", "otlp", "log.json")
    assert "0 landed" in built("ingest", "otlp", "log.json")
    rows = json.loads(built("show", "raw.otel_logs", "--limit", "1", "--format", "json"))
    assert len(rows) == 1
