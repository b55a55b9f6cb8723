"""The parts of a session that pull requests have, and what is left of it."""

import ibis
from ibis import _

from pipeline.models.expressions import NANO


def pull_requests_cost_sessions(
    int_sessions_with_costs: ibis.Table, int_pull_request_costs: ibis.Table
) -> ibis.Table:
    """What pull requests have of a session and what none has add up to its cost, to the nano-dollar."""
    sessions = int_sessions_with_costs.filter(_.session_cost_usd.notnull()).select(
        _session="session_id", nano_usd=(_.session_cost_usd * NANO).round().cast("int64")
    )
    parts = int_pull_request_costs.group_by("session_id").agg(parts_nano_usd=_.cost_nano_usd.sum())
    both = sessions.outer_join(parts, sessions._session == parts.session_id)
    return both.filter(both.nano_usd.fill_null(-1) != both.parts_nano_usd.fill_null(-1))
