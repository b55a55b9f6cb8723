"""Which pull requests have a part of a session: by its commits, branches, links, or the time."""

import ibis
from ibis import _

from pipeline.agents.conventions import MAIN
from pipeline.models.expressions import stack
from pipeline.models.pull_requests import REQUEST, shared

PARTS = ["session_id", *REQUEST, "cost_method", "cost_nano_usd"]


def by_commits(sessions: ibis.Table, commits: ibis.Table, request_commits: ibis.Table) -> ibis.Table:
    """Parts by commits: a session's even ones, and of these those of each request that has the commit."""
    made = commits.select("commit_hash", session_id="agent_session_id")
    own = made.inner_join(sessions.select("session_id", "cost"), "session_id")
    parts = shared(own, "cost", "session_id", "commit_hash").rename(part="share")
    pairs = parts.inner_join(request_commits.select(*REQUEST, "commit_hash"), "commit_hash")
    told = shared(pairs, "part", "commit_hash", REQUEST).mutate(cost_method=ibis.literal("commits"))
    return told.group_by("session_id", *REQUEST, "cost_method").agg(cost_nano_usd=_.share.sum())


def by_best(sessions: ibis.Table, *ways: ibis.Table) -> ibis.Table:
    """Even parts, of each session by the first of some ways that finds requests of it.

    Each way has a row per session and request, and its name as `cost_method`.
    """
    found = stack(*(way.mutate(rank=ibis.literal(n, "int64")) for n, way in enumerate(ways)))
    best = found.mutate(best=_["rank"].min().over(group_by="session_id")).filter(_["rank"] == _.best)
    pairs = best.inner_join(sessions.select("session_id", "cost"), "session_id")
    return shared(pairs, "cost", "session_id", REQUEST).rename(cost_nano_usd="share").select(*PARTS)


def on_branch(sessions: ibis.Table, events: ibis.Table, requests: ibis.Table) -> ibis.Table:
    """Sessions that had a request's branch checked out, in its repository.

    Of several requests of one branch the first that was not closed before the session. A branch that
    everybody works on is no request's: main, master, and one into which several others go. That of a fork
    is another repository's: only its author's sessions are on it.
    """
    into = requests.group_by("repository", head_branch="base_branch").agg(several=_.head_branch.nunique())
    shared_by_all = into.filter(_.several > 1)
    own = requests.filter(_.head_branch.notnull(), _.head_branch.notin(MAIN)).anti_join(
        shared_by_all, ["repository", "head_branch"]
    )
    their = own.select(
        *(*REQUEST, "head_branch", "opened_at", "closed_at", "is_from_fork"),
        author="developer_id",
        project=_.project_id.lower(),
    )
    branches = events.filter(_.head_branch.notnull()).select("session_id", branch="head_branch").distinct()
    worked = sessions.inner_join(branches, "session_id")
    pairs = worked.inner_join(
        their,
        [
            worked.session_project == their.project,
            worked.branch == their.head_branch,
            their.closed_at.isnull() | (worked.session_start <= their.closed_at),
            ~their.is_from_fork | (worked.developer_id == their.author),
        ],
    )
    first = ibis.row_number().over(
        group_by=["session_id", "branch", "repository"], order_by=[pairs.opened_at, pairs.number]
    )
    return (
        pairs.mutate(nth=first)
        .filter(_.nth == 0)
        .select("session_id", *REQUEST, cost_method=ibis.literal("branch"))
    )


def named(sessions: ibis.Table, events: ibis.Table, requests: ibis.Table) -> ibis.Table:
    """Sessions of which a tool's result, or their agent, names a request that was not closed before them."""
    links = events.filter(_.pull_request.notnull()).select("session_id", "pull_request").distinct()
    their = requests.select(
        *(*REQUEST, "closed_at"), pull_request=_.repository + "#" + _.number.cast("string")
    )
    pairs = sessions.inner_join(links, "session_id").inner_join(their, "pull_request")
    is_in_time = pairs.closed_at.isnull() | (pairs.session_start <= pairs.closed_at)
    return pairs.filter(is_in_time).select("session_id", *REQUEST, cost_method=ibis.literal("session_link"))


def in_window(sessions: ibis.Table, requests: ibis.Table, window: ibis.Value) -> ibis.Table:
    """Sessions of a request's author in its project while it was open, or at most `window` before."""
    their = requests.filter(_.developer_id.notnull()).select(
        *(*REQUEST, "opened_at", "closed_at"), author="developer_id", project=_.project_id.lower()
    )
    pairs = sessions.inner_join(
        their,
        [
            sessions.developer_id == their.author,
            sessions.session_project == their.project,
            sessions.session_end + window >= their.opened_at,
            their.closed_at.isnull() | (sessions.session_start <= their.closed_at),
        ],
    )
    return pairs.select("session_id", *REQUEST, cost_method=ibis.literal("window"))
