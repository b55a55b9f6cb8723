"""A project's own mart, column, law and seed on DuckDB and BigQuery: the same rows.

On PostgreSQL and Spark the wheels' tests build them.
"""

import datetime as dt

import pytest

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.config import load_config
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.plan.selection import ancestors
from pipeline.testing import columns_of, stored
from tests.projects import ours

pytestmark = pytest.mark.slow

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(params=["duckdb", "bigquery"])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "duckdb":
        return f"duckdb://{tmp_path}/agent_analytics.duckdb"
    return request.getfixturevalue(f"new_{request.param}")()


def test_what_a_project_adds_is_built_and_checked_there_too(url, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ours.write(tmp_path)
    commits = [
        {"id": number, "commit_hash": f"{number:040x}", "commit_message": message, "commit_timestamp": NOON}
        for number, message in enumerate(("AA-1 begin", "tidy up"), start=1)
    ]
    with connect(url) as engine:
        make_missing_raw_tables(engine)
        engine.append(
            "raw", "git_commits", [*columns_of("raw_git_commits")], stored("raw_git_commits", commits)
        )
        plan = plan_cache.load(engine.dialect, load_config(tmp_path), engine.shapes("raw"))
        names = {"fct_commits_per_ticket", *ancestors(plan.tables, ["fct_commits_per_ticket"])}
        result = run.build(engine, plan, selected=names, as_of=NOON, project_dir=tmp_path)
        assert result.status == "success"
        assert engine.fetch("SELECT * FROM mart.fct_commits_per_ticket") == [("AA-1", 1, "ada")]
        found = engine.fetch("SELECT commit_message, ticket FROM mart.fct_git_commits ORDER BY 1")
        assert found == [("AA-1 begin", "AA-1"), ("tidy up", None)]
