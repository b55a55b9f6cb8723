"""Pull requests, their sizes, reviews, checks, commits and costs, on the way to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import side_by_side, total, unequal
from pipeline.models.expressions import usd


def same_pull_requests(
    stg_pull_requests: ibis.Table,
    stg_pull_request_commits: ibis.Table,
    fct_git_commits: ibis.Table,
    int_pull_request_costs: ibis.Table,
    fct_pull_requests: ibis.Table,
) -> ibis.Table:
    """The mart has all requests of staging, with their sizes, reviews, checks, commits and costs."""
    told = (
        *("additions", "deletions", "changed_files", "review_count", "review_rounds"),
        *("check_count", "checks_failed"),
    )
    counted = stg_pull_request_commits.filter(_.is_counted)
    known = counted.inner_join(fct_git_commits.select("is_agent_assisted", "commit_hash"), "commit_hash")
    costs = int_pull_request_costs.filter(_.number.notnull())
    before = side_by_side(
        total(
            stg_pull_requests, requests=_.count(), **{name: stg_pull_requests[name].sum() for name in told}
        ),
        total(counted, commits=_.count()),
        total(known, agent=_.count(where=_.is_agent_assisted), person=_.count(where=~_.is_agent_assisted)),
        total(costs, cost_usd=usd(_.cost_nano_usd.sum())),
    )
    after = total(
        fct_pull_requests,
        requests=_.count(),
        **{name: fct_pull_requests[name].sum() for name in told},
        commits=_.commits.sum(),
        agent=_.agent_commits.sum(),
        person=_.person_commits.sum(),
        cost_usd=_.cost_usd.sum(),
    )
    parts = total(fct_pull_requests, parts=(_.agent_commits + _.person_commits + _.unknown_commits).sum())
    return unequal(side_by_side(before, total(counted, parts=_.count())), side_by_side(after, parts))
