"""Usage, before and after it gets its cost."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import usd

TOKENS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")


def same_usage(stg_agent_token_usage: ibis.Table, int_usage_costs: ibis.Table) -> ibis.Table:
    """Usage with costs has the tokens, requests and reported cost of all usage."""
    return unequal(
        total(
            stg_agent_token_usage,
            **{kind: _[f"total_{kind}"].sum() for kind in TOKENS},
            total_tokens=_.total_tokens.sum(),
            requests=_.request_count.sum(),
            reported_cost_usd=_.reported_cost_usd.sum(),
        ),
        total(
            int_usage_costs,
            **{kind: _[kind].sum() for kind in TOKENS},
            total_tokens=_.total_tokens.sum(),
            requests=_.request_count.sum(),
            reported_cost_usd=usd(_.reported_nano_usd.sum()),
        ),
    )
