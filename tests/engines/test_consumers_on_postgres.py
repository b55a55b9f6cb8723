"""What people look at, on PostgreSQL: the same as on DuckDB."""

import pyarrow.parquet
import pytest

from pipeline import Pipeline, run
from pipeline.compile import plan_cache
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.outputs.copy import copy_database
from pipeline.outputs.dashboard.data import read_marts
from pipeline.outputs.dashboard.grouped import read_groups
from pipeline.outputs.export import export_tables
from tests.conftest import AS_OF
from tests.engines.called import commits_as_built, commits_as_called
from tests.engines.reread import what_an_earlier_version_read_gives_way
from tests.outputs.bi.test_bi import grafana_queries, metabase_queries
from tests.outputs.metrics.everything import everything

AS_ARE = ("day", "nano")
INTERNAL = Config(internal_domains=("example.com",))


@pytest.fixture(scope="module")
def on_duckdb(company):
    with connect(str(company / "agent_analytics.duckdb"), read_only=True) as engine:
        yield engine


@pytest.fixture(scope="module")
def url(company, on_duckdb, new_postgres):
    """The demo's company on a server, built there."""
    import datetime as dt

    url = new_postgres()
    with pytest.MonkeyPatch.context() as patch, connect(url) as engine:
        patch.setenv("XDG_CACHE_HOME", str(company.parent / "cache"))

        def plan():
            return plan_cache.load("postgres", INTERNAL, engine.shapes("raw"))

        duckdb_plan = plan_cache.load("duckdb", INTERNAL, on_duckdb.shapes("raw"))
        copy_database(on_duckdb, engine, duckdb_plan, plan)
        result = run.build(engine, plan(), as_of=dt.datetime.fromisoformat(AS_OF), project_dir=company)
    assert result.status == "success"
    return url


@pytest.fixture
def engine(url):
    with connect(url, read_only=True) as engine:
        yield engine


def test_the_dashboard_shows_the_same(engine, on_duckdb):
    here, there = read_marts(engine), read_marts(on_duckdb)
    here["about"]["as_of"] = there["about"]["as_of"]
    assert {name: _named(here, name) for name in ("usage", "commits")} == {
        name: _named(there, name) for name in ("usage", "commits")
    }
    assert _nano(here) == pytest.approx(_nano(there), rel=1e-9)
    assert here["budgets"] == there["budgets"]


def _nano(data):
    """Costs, added up."""
    return [
        sum(row[data[name]["columns"].index("nano")] or 0 for row in data[name]["rows"])
        for name in ("usage", "commits")
    ]


def _named(data, name):
    """Rows with names in the place of places: the engines sort names differently."""
    names = {
        "developer": [one["id"] for one in data["developers"]],
        "agent": [one["id"] for one in data["agents"]],
        "model": data["models"],
        "project": data["projects"],
    }
    columns = data[name]["columns"]
    rows = (dict(zip(columns, row, strict=True)) for row in data[name]["rows"])
    return sorted(
        # Shares of a cost are sums of floats: their last digit depends on the order.
        str(
            {c: names[c][v] if c in names and v is not None else v for c, v in row.items() if c not in AS_ARE}
        )
        + data["days"][row["day"]].isoformat()
        for row in rows
    )


@pytest.mark.parametrize("tool", ["grafana", "metabase"])
def test_every_query_of_a_bi_dashboard_runs(engine, tool):
    for title, sql in grafana_queries("postgres") if tool == "grafana" else metabase_queries({}):
        rows = engine.fetch(sql)
        assert rows, title


def test_groups_of_people_are_the_same(engine, on_duckdb):
    here, there = (read_groups(database, 3) for database in (engine, on_duckdb))
    here["about"]["as_of"] = there["about"]["as_of"]
    assert here["usage"]["rows"]
    assert here["commits"]["rows"]
    assert here == there


def test_every_metric_is_the_same(engine, on_duckdb):
    assert everything(engine) == everything(on_duckdb)


def test_notebooks_read_it_and_stand_in_no_builds_way(url):
    aa = Pipeline(url)
    assert aa.fct_git_commits.count().execute() > 0
    with connect(url, wait=1.0) as builder, builder.transaction():
        builder.execute("DROP TABLE IF EXISTS mart.nothing")
        builder.execute("LOCK TABLE mart.dim_agents IN ACCESS EXCLUSIVE MODE NOWAIT")
    assert aa.dim_agents.count().execute() == 5
    assert commits_as_called(aa) == commits_as_built(aa)


def test_an_export_has_its_rows_and_types(engine, on_duckdb, tmp_path):
    plan = plan_cache.load("postgres", INTERNAL, engine.shapes("raw"))
    tables = [plan.tables["fct_git_commits"], plan.tables["fct_agent_costs"]]
    here = export_tables(engine, tables, tmp_path / "postgres")
    there = export_tables(on_duckdb, tables, tmp_path / "duckdb")
    for one, other in zip(here, there, strict=True):
        assert one.rows == other.rows
        assert pyarrow.parquet.read_schema(one.file).types == pyarrow.parquet.read_schema(other.file).types


def test_comments_tell_bi_tools_what_a_column_is(engine):
    assert engine.fetch(
        "SELECT obj_description('mart.dim_agents'::regclass), col_description('mart.dim_agents'::regclass, 2)"
    ) == [("One row per agent that appears in any fact.", "Its name as its maker writes it.")]


def test_what_an_earlier_version_read_of_a_session_gives_way(new_postgres, tmp_path):
    with connect(new_postgres()) as engine:
        what_an_earlier_version_read_gives_way(engine, tmp_path, "attributes::text")
