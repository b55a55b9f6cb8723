"""Lines and files of commits, in staging and in the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_lines(stg_git_commits: ibis.Table, fct_git_commits: ibis.Table) -> ibis.Table:
    """Commits change as many lines and files in the mart as in staging."""
    added, deleted, files = _.lines_added.sum(), _.lines_deleted.sum(), _.files_changed.sum()
    return unequal(
        total(stg_git_commits, added=added, deleted=deleted, changed=added + deleted, files=files),
        total(fct_git_commits, added=added, deleted=deleted, changed=_.lines_changed.sum(), files=files),
    )
