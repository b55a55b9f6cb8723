"""Who is named in a session."""

import ibis
from ibis import _

from pipeline.models.expressions import lower_email, stack
from pipeline.models.threads import in_their_sessions

# An install's id, as Claude Code and its like tell it.
HASH = "^[0-9a-f]{64}$"


def stg_session_developers(
    stg_log_events: ibis.Table,
    stg_session_threads: ibis.Table,
    stg_thread_events: ibis.Table,
    stg_metric_activity: ibis.Table,
    identities: ibis.Table,
) -> ibis.Table:
    """One row per session_id and developer named in it: by how many records, and how well.

    `name_rank` is 0 for whom the identity map names, 1 for an address, 2 for an account, 3 for an install's
    hash.
    """
    named = ["session_id", "developer_id"]
    all_events = in_their_sessions(stg_log_events, stg_session_threads, stg_thread_events)
    events = all_events.group_by(*named).agg(votes=_.count())
    points = stg_metric_activity.group_by(*named).agg(votes=_.points.sum())
    votes = stack(events, points).filter(_.session_id.notnull(), _.developer_id.notnull())
    totals = votes.group_by(*named).agg(votes=_.votes.sum())
    given = identities.select(_given=lower_email(identities.developer_id)).distinct()
    return totals.left_join(given, totals.developer_id == given._given).select(
        *named,
        votes=_.votes,
        name_rank=ibis.cases(
            (_._given.notnull(), 0),
            (_.developer_id.contains("@"), 1),
            (_.developer_id.re_search(HASH), 3),
            else_=2,
        ).cast("int64"),
    )
