"""Which commits there are, in raw and in the mart."""

import ibis
from ibis import _


def same_commits(
    raw_git_commits: ibis.Table, fct_git_commits: ibis.Table, *, as_of: ibis.Value, window_hours: ibis.Value
) -> ibis.Table:
    """There is exactly one row for each commit of raw that lies inside the window of days."""
    expected = (
        raw_git_commits.filter(_.commit_timestamp >= as_of - window_hours, _.commit_hash.notnull())
        .select(commit_hash=_.commit_hash.lower())
        .distinct()
    )
    there = fct_git_commits.select("commit_hash")
    missing = expected.anti_join(there, "commit_hash").mutate(problem=ibis.literal("missing"))
    surplus = there.anti_join(expected, "commit_hash").mutate(problem=ibis.literal("not in raw"))
    return missing.union(surplus)
