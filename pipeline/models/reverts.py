"""When pull requests were reverted."""

import ibis
from ibis import _

from pipeline.agents.conventions import SHORT_HASH
from pipeline.models.expressions import stack
from pipeline.models.pull_requests import REQUEST, alone

# As `git revert` writes it.
REVERTED_COMMIT = "This reverts commit ([0-9a-f]{7,64})"
# The request whose squashed commit is reverted, not that of a revert which is reverted in turn.
REVERTED_NUMBER = '^Revert "[^\n]*[(]#([0-9]{1,9})[)]"'


def first_reverts(requests: ibis.Table, commits: ibis.Table, request_commits: ibis.Table) -> ibis.Table:
    """One row per repository and number of a merged request that was reverted: when first, after its merge.

    By a merged request that says so, or by a commit that names one of its commits or its number. One of
    its own commits that takes back another reverts nothing. A revert that is reverted in turn was one.
    """
    by_request = requests.filter(_.reverts_number.notnull(), _.merged_at.notnull()).select(
        "repository", number="reverts_number", at="merged_at"
    )
    made = commits.select(
        by="commit_hash",
        project=_.project_id.lower(),
        reverted=_.commit_message.re_extract(REVERTED_COMMIT, 1).nullif(""),
        named_number=_.commit_message.re_extract(REVERTED_NUMBER, 1).nullif("").cast("int64"),
        at=ibis.coalesce(_.committed_at, _.commit_timestamp),
    )
    named = made.filter(_.reverted.notnull())
    pairs = request_commits.inner_join(
        named,
        [
            # An equality: a join by `startswith` alone would hold every commit against every revert.
            request_commits.commit_hash.left(SHORT_HASH) == named.reverted.left(SHORT_HASH),
            request_commits.commit_hash.startswith(named.reverted),
        ],
    )
    own = request_commits.select(*REQUEST, by="commit_hash")
    by_hash = pairs.select(*REQUEST, "by", "at").anti_join(own, [*REQUEST, "by"]).drop("by")
    numbers = made.filter(_.named_number.notnull())
    known = alone(requests)
    named_so = [known.project_id.lower() == numbers.project, known.number == numbers.named_number]
    by_number = known.inner_join(numbers, named_so).select(*REQUEST, "at")
    merged = requests.filter(_.merged_at.notnull()).select(*REQUEST, "merged_at")
    found = merged.inner_join(stack(by_request, by_hash, by_number), REQUEST).filter(_["at"] >= _.merged_at)
    return found.group_by(*REQUEST).agg(reverted_at=_["at"].min())
