"""Pull requests: how long they took, who made them, what they cost, and whether they lasted."""

import ibis
from ibis import _

from pipeline.models.expressions import local_date, seconds_between, usd
from pipeline.models.projects import with_team
from pipeline.models.pull_requests import REQUEST, by_origin, costs_by_request, main_agents
from pipeline.models.reverts import first_reverts

HOUR = 3600


def fct_pull_requests(
    stg_pull_requests: ibis.Table,
    stg_pull_request_commits: ibis.Table,
    fct_git_commits: ibis.Table,
    stg_git_commits: ibis.Table,
    int_pull_request_costs: ibis.Table,
    int_sessions_with_costs: ibis.Table,
    stg_team_members: ibis.Table,
    *,
    as_of: ibis.Value,
    timezone: str,
) -> ibis.Table:
    """One row per repository and number. The team is its author's on the day on which it was opened."""
    costs = int_pull_request_costs.filter(_.number.notnull())
    sessions = costs.inner_join(int_sessions_with_costs.select("session_id", "agent_type"), "session_id")
    # Whether a span is over is asked of the requests alone: so is whether time has changed anything.
    opened = stg_pull_requests.mutate(
        opened_date=local_date(_.opened_at, timezone),
        **{_is_over(days): _end_of(days) <= as_of for days in (7, 30)},
    )
    requests = with_team(opened, stg_team_members, "opened_date")
    for part in (
        by_origin(stg_pull_request_commits, fct_git_commits),
        main_agents(stg_pull_request_commits, fct_git_commits, sessions),
        costs_by_request(costs),
        first_reverts(stg_pull_requests, stg_git_commits, stg_pull_request_commits),
    ):
        requests = requests.left_join(part, REQUEST, rname="_{name}").drop(*(f"_{name}" for name in REQUEST))
    counts = ("commits", "agent_commits", "person_commits", "unknown_commits")

    def reverted_within(days: int) -> ibis.Value:
        """NULL as long as it can still happen."""
        return ibis.ifelse(_.reverted_at <= _end_of(days), True, ibis.ifelse(_[_is_over(days)], False, None))

    return requests.select(
        *(*REQUEST, "project_id", "developer_id", "team", "is_bot", "state"),
        *("opened_at", "first_review_at", "first_bot_review_at", "merged_at", "closed_at"),
        *("is_from_fork", "labels", "additions", "deletions", "changed_files"),
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


def _end_of(days: int) -> ibis.Deferred:
    """When a merged request has lasted so many days."""
    return _.merged_at + ibis.interval(days=days)


def _is_over(days: int) -> str:
    return f"has_lasted_{days}_days"
