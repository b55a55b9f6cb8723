"""Notebooks: live tables that hold no file, things that show themselves, and the guide."""

import datetime as dt
import re
import subprocess
import sys
from importlib.resources import files

import duckdb
import ibis
import pytest

from pipeline import Pipeline
from pipeline.compile.contracts import contracts_of
from pipeline.errors import DatabaseLockedError, QueryError, SelectionError, TargetError
from pipeline.models.expressions import local_time
from pipeline.models.staging.base.stg_metric_activity import stg_metric_activity
from tests.engines.called import commits_as_built, commits_as_called
from tests.outputs.dashboard.marts import HOSTILE, developer, usage, write_marts

pytestmark = pytest.mark.slow

GUIDE = files("pipeline") / "notebook" / "aa-pipeline-guide.ipynb"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A pipeline whose marts have two rows of usage."""
    monkeypatch.delenv("AA_PIPELINE_TARGET", raising=False)
    write_marts(
        tmp_path / "agent_analytics.duckdb",
        usages=[usage(total_cost_usd=1.5), usage(agent="codex", total_cost_usd=2.0)],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("claude_code", "Claude Code"), ("codex", HOSTILE)],
    )
    return Pipeline(folder=tmp_path)


@pytest.fixture
def aa(company, monkeypatch):
    """The pipeline of the demo's company."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(company.parent / "cache"))
    return Pipeline(folder=company)


def test_tables_are_live_ibis_tables(small):
    used = small.fct_daily_agent_usage
    cost = used.group_by("agent_type").agg(usd=used.total_cost_usd.sum())
    named = cost.join(small.dim_agents, "agent_type").select("agent_display_name", "usd")
    expected = [
        {"agent_display_name": "Claude Code", "usd": 1.5},
        {"agent_display_name": HOSTILE, "usd": 2.0},
    ]
    assert named.order_by("usd").to_pyarrow().to_pylist() == expected
    assert named.order_by("usd").to_pyarrow_batches(chunk_size=1).read_all().to_pylist() == expected
    assert named.usd.sum().execute() == 3.5


def test_a_metric_is_a_data_frame_with_its_total_and_notes(small):
    cost = small.metric("cost", by="agent")
    assert cost.to_dict("records") == [
        {"agent": "codex", "cost": 2.0, "reason": None},
        {"agent": "claude_code", "cost": 1.5, "reason": None},
    ]
    assert cost.attrs == {"notes": [], "total": 3.5}
    assert small.metric("cost", where={"agent": "codex"}, since="2026-11-10")["cost"].tolist() == [2.0]
    with pytest.raises(SelectionError, match=r"There is no metric coost\. Did you mean cost\?"):
        small.metric("coost")


def test_a_query_in_the_databases_own_sql_is_a_table(small):
    found = small.sql("SELECT agent_type, total_cost_usd AS usd FROM mart.fct_daily_agent_usage")
    assert found.filter(found.usd > 1.6).to_pyarrow().to_pylist() == [{"agent_type": "codex", "usd": 2.0}]


@pytest.mark.filterwarnings("ignore::pandera.errors.SchemaWarning")
@pytest.mark.parametrize("how", ["to_pandas", "to_polars", "to_pyarrow"])
def test_what_every_table_gives_keeps_its_contract(aa, how):
    contracts = contracts_of("schemas")
    for table in aa.models.values():
        if table.kind != "source":
            frame = getattr(aa.table(table.name), how)()
            assert contracts[table.name].validate(frame) is frame, table.name


def test_rows_from_memory_join_with_tables(small):
    chosen = ibis.memtable({"agent_type": ["codex"]})
    assert small.fct_daily_agent_usage.semi_join(chosen, "agent_type").count().execute() == 1


def test_a_model_can_be_called_with_live_tables(aa):
    """What it lacks in Ibis comes with the connection: keys of JSON, hours of a zone."""
    names = ("stg_metric_series", "agents", "agent_aliases", "identities")
    activity = stg_metric_activity(*map(aa.table, names), project_attributes=())
    assert "FROM_JSON" in ibis.to_sql(activity).upper()
    assert activity.points.sum().execute() == aa.stg_metric_activity.points.sum().execute() > 0
    assert commits_as_called(aa) == commits_as_built(aa)


def test_a_model_can_be_called_with_rows_from_memory(small):
    rows = ibis.memtable({"at": [dt.datetime(2026, 3, 10, 23, tzinfo=dt.UTC)], "agent": ["a"]})
    local = rows.select("agent", hour=local_time(rows["at"], "Europe/Berlin").hour())
    assert small.ibis.execute(local).to_dict("records") == [{"agent": "a", "hour": 0}]


def test_tables_have_schemas_and_sql_has_tables(small):
    assert small.table("mart.fct_budgets").count().execute() == 0
    assert small.ibis.sql("SELECT count(*) AS n FROM mart.dim_agents").n.sum().execute() == 2
    assert "dim_agents" in small.ibis.list_tables(database="mart")


def test_files_can_be_written_from_an_expression(small, tmp_path):
    small.dim_agents.to_parquet(tmp_path / "a.parquet")
    small.dim_agents.to_csv(tmp_path / "a.csv")
    with duckdb.connect() as reader:
        assert reader.execute(f"SELECT count(*) FROM '{tmp_path / 'a.parquet'}'").fetchall() == [(2,)]
        assert reader.execute(f"SELECT count(*) FROM '{tmp_path / 'a.csv'}'").fetchall() == [(2,)]


def test_no_file_is_held_between_executions(small, tmp_path):
    """Another process writes between two executions of one expression, and the second sees it."""
    rows = small.fct_daily_agent_usage.count()
    assert rows.execute() == 2
    program = (
        "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('DELETE FROM mart.fct_daily_agent_usage')"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "agent_analytics.duckdb")], check=True)
    assert rows.execute() == 0


def test_a_file_that_is_being_written_is_waited_for_and_then_named(small, tmp_path):
    rows = small.fct_daily_agent_usage.count()
    small.wait = 0.1
    program = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "agent_analytics.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(DatabaseLockedError, match=f"PID|process {holder.pid}"):
            rows.execute()
        holder.communicate()
    assert rows.execute() == 2


def test_nothing_can_be_written(small):
    with small.connect() as engine, pytest.raises(QueryError, match="read-only"):
        engine.execute("DROP TABLE mart.dim_agents")


def test_a_name_that_there_is_not_is_an_attribute_error_with_the_close_match(small):
    with pytest.raises(AttributeError, match=r"no table fct_git_commit\. Did you mean fct_git_commits\?"):
        _ = small.fct_git_commit
    assert not hasattr(small, "_repr_html_")


def test_a_database_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TargetError, match="There is no database at"):
        Pipeline("x.duckdb", folder=tmp_path).table("fct_agent_costs")
    with pytest.raises(TargetError, match="There is no database at"):
        Pipeline("x.duckdb", folder=tmp_path).build()
    assert not list(tmp_path.iterdir())


def test_tables_complete_on_tab(aa):
    assert {"fct_agent_costs", "stg_git_commits", "agents", "build", "report"} <= set(dir(aa))


def test_models_show_themselves(aa):
    assert list(aa.models)[:2] == ["raw_otel_metrics", "raw_otel_logs"]
    assert "SELECT" in aa.models["fct_agent_costs"].sql
    assert "<td>One row per commit_hash, assisted or not.</td>" in aa.models._repr_html_()
    assert "fct_agent_costs" in repr(aa.models)
    assert aa.models._ipython_key_completions_() == list(aa.models)


def test_report_shows_itself(aa):
    page = aa.report()._repr_html_()
    assert page.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert 'sandbox=""' in page
    assert "fct_daily_agent_usage" in repr(aa.report())


def test_lineage_shows_itself(aa):
    table = aa.lineage("dim_agents")
    assert "raw_git_commits" in table.upstream
    assert table.downstream == []
    assert '<span class="chip this">dim_agents</span>' in table._repr_html_()
    column = aa.lineage("fct_agent_costs.daily_cost_usd")
    assert "raw           raw_otel_logs.attributes" in repr(column)
    assert '<span class="chip this">fct_agent_costs.daily_cost_usd</span>' in column._repr_html_()
    assert column.mermaid.startswith("flowchart LR")
    with pytest.raises(SelectionError, match=r"Did you mean fct_agent_costs\.daily_cost_usd\?"):
        aa.lineage("fct_agent_costs.daily_cost")


def test_build_shows_itself(company, tmp_path, monkeypatch):
    import shutil

    monkeypatch.setenv("XDG_CACHE_HOME", str(company.parent / "cache"))
    for name in ("agent_analytics.duckdb", "aa-pipeline.toml", "seeds"):
        copy = shutil.copytree if (company / name).is_dir() else shutil.copy
        copy(company / name, tmp_path / name)
    built = Pipeline(folder=tmp_path).build("+dim_agents")
    assert built.result.status == "success"
    assert "tables" in repr(built)
    assert "<td>dim_agents</td>" in built._repr_html_()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")
def test_the_guide_runs_from_top_to_bottom(company, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    for name, value in {
        "XDG_CACHE_HOME": company.parent / "cache",
        "IPYTHONDIR": tmp_path / "ipython",
        "JUPYTER_CONFIG_DIR": tmp_path / "jupyter",
        "JUPYTER_RUNTIME_DIR": tmp_path / "runtime",
    }.items():
        monkeypatch.setenv(name, str(value))
    notebook = nbformat.reads(GUIDE.read_text(encoding="utf-8"), 4)
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(company)}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    charts = [output for output in outputs if "image/svg+xml" in output.get("data", {})]
    questions = [cell for cell in notebook.cells if re.match("## [1-9]", cell.source)]
    assert (len(questions), len(charts)) == (8, 7)
    assert [output for output in outputs if output.get("name") == "stderr"] == []


def test_the_guide_is_kept_without_outputs():
    import json

    cells = json.loads(GUIDE.read_text(encoding="utf-8"))["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
