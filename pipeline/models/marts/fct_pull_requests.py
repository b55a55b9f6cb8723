"""Pull requests: how long they took, who made them, what they cost, and whether they lasted."""

import ibis
from ibis import _

from pipeline.models.expressions import seconds_between, stack, usd
from pipeline.models.reverts import first_reverts

REQUEST = ["project_id", "number"]
HOUR = 3600


def by_origin(request_commits: ibis.Table, commits: ibis.Table) -> ibis.Table:
    """One row per request with commits: how many, and of these agents', people's and unknown ones."""
    counted = request_commits.filter(_.is_counted).left_join(
        commits.select("is_agent_assisted", _hash="commit_hash"), [("commit_hash", "_hash")]
    )
    return counted.group_by(*REQUEST).agg(
        commits=_.count(),
        agent_commits=_.count(where=_.is_agent_assisted),
        person_commits=_.count(where=~_.is_agent_assisted),
        unknown_commits=_.count(where=_.is_agent_assisted.isnull()),
    )


def main_agents(request_commits: ibis.Table, commits: ibis.Table, sessions: ibis.Table) -> ibis.Table:
    """One row per request with an agent: that of most commits, else of most sessions; ties alphabetical."""
    helped = commits.filter(_.agent_type.notnull()).select("agent_type", _hash="commit_hash")
    made = request_commits.inner_join(helped, [("commit_hash", "_hash")])
    votes = stack(
        made.select(*REQUEST, "agent_type", rank=ibis.literal(1, "int64")),
        sessions.select(*REQUEST, "agent_type", rank=ibis.literal(2, "int64")),
    )
    counted = votes.group_by(*REQUEST, "rank", "agent_type").agg(votes=_.count())
    order = [counted["rank"], counted.votes.desc(), counted.agent_type]
    ranked = counted.mutate(nth=ibis.row_number().over(group_by=REQUEST, order_by=order))
    return ranked.filter(_.nth == 0).select(*REQUEST, "agent_type")


def fct_pull_requests(
    stg_pull_requests: ibis.Table,
    stg_pull_request_commits: ibis.Table,
    fct_git_commits: ibis.Table,
    stg_git_commits: ibis.Table,
    int_pull_request_costs: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    *,
    as_of: ibis.Value,
) -> ibis.Table:
    """One row per repository and number."""
    costs = int_pull_request_costs.filter(_.number.notnull())
    cost = costs.group_by(*REQUEST).agg(cost=_.cost_nano_usd.sum(), cost_method=_.cost_method.min())
    sessions = costs.inner_join(int_sessions_with_costs.select("session_id", "agent_type"), "session_id")
    requests = stg_pull_requests
    for part in (
        by_origin(stg_pull_request_commits, fct_git_commits),
        main_agents(stg_pull_request_commits, fct_git_commits, sessions),
        cost,
        first_reverts(stg_pull_requests, stg_git_commits, stg_pull_request_commits),
    ):
        requests = requests.left_join(part, REQUEST, rname="_{name}").drop(*(f"_{name}" for name in REQUEST))
    counts = ("commits", "agent_commits", "person_commits", "unknown_commits")

    def reverted_within(days: int) -> ibis.Value:
        """NULL as long as it can still happen."""
        end = _.merged_at + ibis.interval(days=days)
        return ibis.ifelse(_.reverted_at <= end, True, ibis.ifelse(end <= as_of, False, None))

    return requests.select(
        *(*REQUEST, "developer_id", "is_bot", "state", "opened_at", "first_review_at", "first_bot_review_at"),
        *("merged_at", "closed_at", "is_from_fork", "additions", "deletions", "changed_files"),
        *("review_count", "review_rounds"),
        hours_to_first_review=seconds_between(_.opened_at, _.first_review_at) / HOUR,
        hours_to_merge=seconds_between(_.opened_at, _.merged_at) / HOUR,
        check_count=_.check_count,
        checks_failed=_.checks_failed,
        reverted_at=_.reverted_at,
        is_reverted_within_7_days=reverted_within(7),
        is_reverted_within_30_days=reverted_within(30),
        **{name: _[name].fill_null(0) for name in counts},
        agent_type=_.agent_type,
        cost_usd=usd(_.cost),
        cost_method=_.cost_method,
    )
