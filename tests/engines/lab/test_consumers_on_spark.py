"""Every command on a Spark cluster: what people see there is what they see on DuckDB."""

import json
import shutil

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.outputs.dashboard.data import read_marts
from tests.engines import made_up
from tests.outputs.metrics.everything import OF_EACH_KIND, everything

AS_OF = made_up.AS_OF.isoformat()

# PySpark leaves its sockets to Python to close.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture(scope="module")
def on_duckdb(lab, tmp_path_factory):
    """A copy of the file with what DuckDB made: the lab's own is open to write."""
    file = tmp_path_factory.mktemp("duckdb") / "expected.duckdb"
    lab.expected.engine.execute("CHECKPOINT")
    shutil.copy(lab.folder / "expected.duckdb", file)
    return str(file)


@pytest.fixture(scope="module")
def aa(lab, tmp_path_factory):
    """Runs a command on the cluster, in the folder of a project.

    Each command would begin a session of its own, which takes seconds. Here they share the lab's.
    """
    folder = tmp_path_factory.mktemp("project")
    spark = lab.built("spark").engine
    (folder / "seeds").symlink_to(lab.folder / "seeds")
    (folder / "aa-pipeline.toml").write_text(
        f'timezone = "{made_up.TIMEZONE}"\ninternal_domains = ["example.com"]\n'
        f'[targets]\nspark = "{spark.url}"\n'
    )

    def run(*words, target="spark", expect=0):
        result = CliRunner().invoke(cli, [*words, *(("--target", target) if target else ())])
        assert result.exit_code == expect, result.output
        return result.stdout

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("AA_PIPELINE_TARGET", raising=False)
        patch.setattr("pipeline.engines.spark.start", lambda *_, **__: (spark.session, spark.warehouse))
        patch.setattr("pipeline.engines.spark.stop", lambda *_: None)
        yield run


def test_what_is_there_is_left_alone(aa, on_duckdb):
    assert "Made raw" not in aa("init")
    assert "copied" in aa("copy", "--from", on_duckdb, "--to", "spark", target=None)
    seeds = json.loads(aa("seed", "--format", "json"))
    assert {table["action"] for table in seeds["tables"]} == {"loaded"}
    run = json.loads(aa("run", "--as-of", AS_OF, "--format", "json"))
    assert {table["action"] for table in run["tables"]} == {"read", "skipped"}


def test_what_is_published_is_audited(aa):
    assert json.loads(aa("test", "-s", "marts", "--format", "json"))["status"] == "success"


def test_a_build_does_what_is_left_to_do(aa):
    chosen = ("-s", "dim_agents", "stg_copilot_metrics", "--as-of", AS_OF)
    build = json.loads(aa("build", *chosen, "--format", "json"))
    assert build["status"] == "success"
    assert {table["action"] for table in build["tables"]} == {"read", "skipped"}


def test_show_debug_and_freshness(aa, on_duckdb):
    agents = ("show", "dim_agents", "--format", "json")
    assert json.loads(aa(*agents)) == json.loads(aa(*agents, target=on_duckdb))
    debug = json.loads(aa("debug", "--format", "json"))
    assert (debug["connection"], {table["state"] for table in debug["tables"]}) == ("ok", {"ok"})

    def states(target):
        sources = json.loads(aa("source", "freshness", "--format", "json", target=target))
        return {source["source"]: source["state"] for source in sources}

    assert states("spark") == states(on_duckdb)
    assert states("spark")["raw.otel_logs"] == "pass"


def test_the_report_tells_of_the_last_run(aa):
    report = json.loads(aa("report", "--format", "json"))
    assert report["status"] == "success"


def test_documentation_and_dashboard_are_written(aa, lab):
    assert "Wrote" in aa("docs", "generate")
    assert "Wrote" in aa("dashboard")
    here, there = read_marts(lab.built("spark").engine), read_marts(lab.expected.engine)
    here["about"]["as_of"] = there["about"]["as_of"]
    for data in here, there:  # Spark sorts NULL first
        data["commits"]["rows"].sort(key=str)
    assert here == there


def test_metrics_of_each_kind_are_the_same(aa, lab):
    assert everything(lab.built("spark").engine, OF_EACH_KIND) == everything(
        lab.expected.engine, OF_EACH_KIND
    )


def test_an_export_has_the_rows_and_types_of_duckdb(aa, on_duckdb, tmp_path):
    tables = ["fct_git_commits", "fct_agent_costs", "dim_developers"]
    targets = {"spark": "spark", "duckdb": on_duckdb}
    for name, target in targets.items():
        aa("export", "-s", " ".join(tables), "-o", str(tmp_path / name), target=target)
    for table in tables:
        here, there = (pyarrow.parquet.read_table(tmp_path / name / f"{table}.parquet") for name in targets)
        assert (table, here.schema.types) == (table, there.schema.types)
        assert here.num_rows == there.num_rows
