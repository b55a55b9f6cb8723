"""What reported usage does not count."""

import ibis
from ibis import _


def usage_left_out(stg_usage: ibis.Table) -> ibis.Table:
    """One row per agent, usage source and reason.

    Nothing here is lost: the same usage counts in another form, or from another record.
    """
    return (
        stg_usage.filter(_.left_out.notnull())
        .group_by("agent_type", "usage_source", reason=_.left_out)
        .agg(records=_.count(), tokens=_.left_out_tokens.sum())
    )
