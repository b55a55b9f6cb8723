"""Sessions, on the way to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import side_by_side, total, unequal
from pipeline.models.pull_requests import REQUEST
from pipeline.models.session_facts import COUNTS

MEASURES = (*COUNTS, "duration_seconds", "active_seconds", "reported_cost_usd", "computed_cost_usd")


def same_session_facts(
    int_sessions_with_costs: ibis.Table,
    int_commits_with_agent_context: ibis.Table,
    stg_pull_request_commits: ibis.Table,
    fct_sessions: ibis.Table,
) -> ibis.Table:
    """The mart has all sessions, what they did and cost, and each commit of one of them once.

    So it has each request of a session's commits, and all idle time of those whose activity was measured.
    """
    measures = {"sessions": _.count()} | {name: _[name].sum() for name in MEASURES}
    commits = int_commits_with_agent_context.semi_join(
        int_sessions_with_costs, [("agent_session_id", "session_id")]
    )
    requests = commits.inner_join(stg_pull_request_commits, "commit_hash")
    requests = requests.select("agent_session_id", *REQUEST).distinct()
    idle = ibis.greatest(_.duration_seconds - _.active_seconds, 0.0)
    counts = {name: _[name].sum() for name in ("commits", "pull_requests", "idle_seconds")}
    return unequal(
        side_by_side(
            total(int_sessions_with_costs, **measures, cost_usd=_.session_cost_usd.sum()),
            total(commits, commits=_.count()),
            total(requests, pull_requests=_.count()),
            total(int_sessions_with_costs, idle_seconds=idle.sum(where=_.active_seconds > 0)),
        ),
        total(fct_sessions, **measures, cost_usd=_.cost_usd.sum(), **counts),
    )
