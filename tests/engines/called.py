"""A model that is called in a notebook, with the tables of an engine."""

from typing import Any

from pipeline import Pipeline
from pipeline.models.marts.fct_git_commits import fct_git_commits


def commits_as_called(aa: Pipeline) -> list[dict[str, Any]]:
    """The rows that a model makes of live tables; its hours are of a zone, which is an operation of ours."""
    return _rows(fct_git_commits(aa.stg_git_commits, aa.int_commits_with_agent_context, timezone="UTC"))


def commits_as_built(aa: Pipeline) -> list[dict[str, Any]]:
    """The rows of it that were built."""
    return _rows(aa.fct_git_commits)


def _rows(commits: Any) -> list[dict[str, Any]]:
    chosen = commits.select("commit_hash", "commit_hour", "commit_day_of_week", "commit_size")
    rows: list[dict[str, Any]] = chosen.order_by("commit_hash").to_pyarrow().to_pylist()
    assert rows
    return rows
