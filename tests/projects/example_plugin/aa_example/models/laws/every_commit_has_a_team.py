"""Commits of teams and of the mart."""

import ibis
from ibis import _


def every_commit_has_a_team(fct_git_commits: ibis.Table, fct_commits_per_team: ibis.Table) -> ibis.Table:
    """Teams have as many commits as there are."""
    there = fct_git_commits.agg(there=_.count())
    counted = fct_commits_per_team.agg(counted=_.commits.sum().fill_null(0))
    return there.cross_join(counted).filter(_.there != _.counted)
