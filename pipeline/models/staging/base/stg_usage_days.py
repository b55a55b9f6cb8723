"""The best form of usage that is known of a day, for what has no session to be told apart in."""

import ibis
from ibis import _

from pipeline.models.expressions import stack


def stg_usage_days(stg_usage_records: ibis.Table, stg_session_developers: ibis.Table) -> ibis.Table:
    """One row per agent, developer and day with usage in events or in a session: the best form of it.

    What a session used is told of everybody whom it names: metrics without a session may name another of
    them than its developer.
    """
    better = stg_usage_records.filter(_.is_event | (_.session_id.notnull() & (_.total_tokens > 0)))
    names = stg_session_developers.select("session_id", named="developer_id")
    named = better.inner_join(names, "session_id").filter(_.named != _.developer_id)
    columns = ["agent_type", "developer_id", "day", "form", "reported_nano_usd"]
    told = stack(better.select(*columns), named.mutate(developer_id=_.named).select(*columns))
    return told.group_by("agent_type", "developer_id", "day").agg(
        best_form=_.form.min(), best_cost_form=_.form.min(where=_.reported_nano_usd > 0)
    )
