"""The marks of agents that commits bear, found once for each."""

import ibis
from ibis import _

from pipeline.models.commit_marks import signed


def stg_commit_marks(stg_git_commits: ibis.Table, commit_marks: ibis.Table) -> ibis.Table:
    """One row per commit_hash that bears a mark: the agent and the model that it names."""
    found = signed(stg_git_commits, commit_marks)
    return found.filter(_.signing_agent.notnull() | _.signed_model.notnull())
