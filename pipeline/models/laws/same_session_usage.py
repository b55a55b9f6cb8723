"""Usage of sessions, before and after it is added up by session."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import usd

TOKENS = (
    *("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens"),
    *("total_tokens", "unpriced_tokens"),
)


def same_session_usage(int_usage_costs: ibis.Table, int_sessions_with_costs: ibis.Table) -> ibis.Table:
    """Sessions have the tokens, the requests and the cost of the usage that has a session."""
    usage = int_usage_costs.filter(_.session_id.notnull())
    tokens = {name: _[name].sum() for name in TOKENS}
    return unequal(
        total(
            usage,
            **tokens,
            requests=_.request_count.sum(),
            cost_usd=usd(_.cost_nano_usd.sum()),
            reported_cost_usd=usd(_.reported_nano_usd.sum()),
            computed_cost_usd=usd(_.computed_nano_usd.sum()),
        ),
        total(
            int_sessions_with_costs,
            **tokens,
            requests=_.api_requests.sum(),
            cost_usd=_.session_cost_usd.sum(),
            reported_cost_usd=_.reported_cost_usd.sum(),
            computed_cost_usd=_.computed_cost_usd.sum(),
        ),
    )
