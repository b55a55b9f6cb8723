"""Files of commits, from staging to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_files(stg_git_commits: ibis.Table, fct_git_commits: ibis.Table) -> ibis.Table:
    """Commits change as many files in the mart as in staging."""
    files = _.files_changed.sum()
    return unequal(
        stg_git_commits=total(stg_git_commits, files=files),
        fct_git_commits=total(fct_git_commits, files=files),
    )
