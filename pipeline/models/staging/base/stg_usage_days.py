"""The best form of usage that is known of a day, for what has no session to be told apart in."""

import ibis
from ibis import _


def stg_usage_days(stg_usage_records: ibis.Table) -> ibis.Table:
    """One row per agent, developer and day with usage in events or in a session: the best form of it."""
    better = stg_usage_records.filter(_.is_event | (_.session_id.notnull() & (_.total_tokens > 0)))
    return better.group_by("agent_type", "developer_id", "day").agg(
        best_form=_.form.min(), best_cost_form=_.form.min(where=_.reported_nano_usd > 0)
    )
