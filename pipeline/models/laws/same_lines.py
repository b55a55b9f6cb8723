"""Lines of commits, from staging to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_lines(
    stg_git_commits: ibis.Table, int_commits_with_agent_context: ibis.Table, fct_git_commits: ibis.Table
) -> ibis.Table:
    """Commits change the same lines in every table that has them."""
    added, deleted = _.lines_added.sum(), _.lines_deleted.sum()
    lines = {"added": added, "deleted": deleted, "changed": added + deleted}
    return unequal(
        stg_git_commits=total(stg_git_commits, **lines),
        int_commits_with_agent_context=total(int_commits_with_agent_context, **lines),
        fct_git_commits=total(fct_git_commits, **lines | {"changed": _.lines_changed.sum()}),
    )
