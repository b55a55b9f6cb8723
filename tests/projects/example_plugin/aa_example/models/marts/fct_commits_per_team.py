"""How many commits each team made."""

import ibis
from ibis import _


def fct_commits_per_team(fct_git_commits: ibis.Table, squads: ibis.Table) -> ibis.Table:
    """One row per team with commits."""
    commits = fct_git_commits.left_join(squads, "developer_id").mutate(team=_.team.fill_null("none"))
    return commits.group_by("team").agg(commits=_.count(), words=_.message_words.sum().fill_null(0))
