"""Who is named in a session."""

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.models.expressions import lower_email, stack
from pipeline.models.threads import in_their_sessions

# An install's id, as Claude Code and its like tell it.
HASH = "^[0-9a-f]{64}$"
ADDRESS = 1  # `name_rank` of an address


def stg_session_developers(
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    stg_metric_activity: ibis.Table,
    stg_session_authors: ibis.Table,
    identities: ibis.Table,
) -> ibis.Table:
    """One row per session_id and developer named in it: by how many records, and how well.

    `name_rank` is 0 for whom the identity map names, 1 for an address, 2 for an account, 3 for an install's
    hash. Where the records name nobody by the map or an address, the author of the session's commits is
    named by these, and ranks as an address.
    """
    named = ["session_id", "developer_id"]
    all_events = in_their_sessions(stg_log_events, stg_session_threads, stg_thread_events)
    events = all_events.group_by(*named).agg(votes=_.count())
    points = stg_metric_activity.group_by(*named).agg(votes=_.points.sum())
    votes = stack(events, points).filter(_.session_id.notnull(), _.developer_id.notnull())
    totals = votes.group_by(*named).agg(votes=_.votes.sum())
    told = ranked(
        totals,
        identities,
        ibis.cases((_.developer_id.contains("@"), ADDRESS), (_.developer_id.re_search(HASH), 3), else_=2),
    )
    authors = stg_session_authors.anti_join(told.filter(_.name_rank <= ADDRESS), "session_id")
    by_commits = ranked(authors.select(*named, votes=_.commits), identities, ibis.literal(ADDRESS))
    # A login may stand in the records, too.
    return stack(told, by_commits).group_by(*named).agg(votes=_.votes.sum(), name_rank=_.name_rank.min())


def ranked(names: ibis.Table, identities: ibis.Table, otherwise: ir.Value) -> ibis.Table:
    """Names with their `name_rank`: 0 for whom the identity map names, else another."""
    given = identities.select(_given=lower_email(identities.developer_id)).distinct()
    found = names.left_join(given, names.developer_id == given._given)
    rank = ibis.ifelse(_._given.notnull(), 0, otherwise).cast("int64")
    return found.select("session_id", "developer_id", "votes", name_rank=rank)
