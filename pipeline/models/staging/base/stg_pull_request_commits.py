"""Which commits a pull request is made of."""

import ibis
from ibis import _

from pipeline.models.expressions import stack
from pipeline.models.pull_requests import REQUEST, alone, first_named


def stg_pull_request_commits(
    stg_pull_requests: ibis.Table, raw_pull_request_commits: ibis.Table, stg_git_commits: ibis.Table
) -> ibis.Table:
    """One row per repository, number and commit_hash.

    A request's commits are those that its latest version lists, so that what a forced push replaced is
    not among them; and of a merged one the commit that merging made, or, where git has none, the first of its
    project whose subject ends with its number, if no other repository of the project has that number; and
    copies of those listed, rebased or squashed, that no request lists. Counted are those listed; where git
    has none of these, as after a squash, what merging made, if git has it.
    """
    requests = stg_pull_requests.select(
        *(*REQUEST, "project_id", "version_id", "merge_commit", "merged_at", "opened_at")
    )
    git = stg_git_commits.select(in_git="commit_hash").distinct()
    told = raw_pull_request_commits.select(
        "version_id", commit_hash=_.commit_hash.lower(), copy_of=_.copy_of.lower()
    )
    lists = told.filter(_.copy_of.isnull()).select("version_id", "commit_hash").distinct()
    listed = requests.inner_join(lists, "version_id").select(
        *REQUEST, "commit_hash", rank=ibis.literal(1, "int64")
    )
    merged = requests.filter(_.merged_at.notnull())
    by_merging = merged.filter(_.merge_commit.notnull()).select(
        *REQUEST, commit_hash="merge_commit", rank=ibis.literal(2, "int64")
    )
    only = alone(requests).filter(_.merged_at.notnull())
    unmerged = only.left_join(git, only.merge_commit == git.in_git).filter(_.in_git.isnull())
    by_subject = first_named(unmerged, stg_git_commits).select(
        *REQUEST, "commit_hash", rank=ibis.literal(3, "int64")
    )
    copies = told.filter(_.copy_of.notnull()).select(copy="commit_hash", commit_hash="copy_of").distinct()
    copied = listed.inner_join(copies, "commit_hash").anti_join(listed.select(copy="commit_hash"), "copy")
    by_patch = copied.select(*REQUEST, commit_hash="copy", rank=ibis.literal(4, "int64"))
    found = (
        stack(listed, by_merging, by_subject, by_patch)
        .group_by(*REQUEST, "commit_hash")
        .agg(rank=_["rank"].min())
    )
    known = found.left_join(git, found.commit_hash == git.in_git)
    known = known.mutate(is_listed=known["rank"] == 1, is_in_git=known.in_git.notnull())
    known = known.mutate(
        listed_in_git=ibis.ifelse(_.is_listed & _.is_in_git, 1, 0).sum().over(group_by=REQUEST),
        made_in_git=ibis.ifelse(~_.is_listed & _.is_in_git, 1, 0).sum().over(group_by=REQUEST),
    )
    has_stand_in = (_.listed_in_git == 0) & (_.made_in_git > 0)
    return known.select(
        *REQUEST,
        "commit_hash",
        found_by=known["rank"].cases((1, "listed"), (2, "merge"), (3, "subject"), else_="patch"),
        is_counted=ibis.ifelse(has_stand_in, ~_.is_listed & _.is_in_git, _.is_listed),
    )
