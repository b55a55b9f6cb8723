"""Usage and its cost, split by what it was for."""

import ibis.expr.types as ir
from ibis import _

from pipeline.models.expressions import usd

TOKENS = (
    *("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens"),
    *("total_tokens", "unpriced_tokens"),
)


def costs_by(usage: ir.Table, *whom: str) -> ir.Table:
    """One row per day, `whom`, agent and model: tokens, and the known cost, NULL where none is known."""
    grain = (*whom, "agent_type", "model_name")
    totals = usage.group_by("day", *grain).agg(
        **{name: usage[name].sum() for name in TOKENS}, cost=_.cost_nano_usd.sum()
    )
    return totals.rename(date="day").select("date", *grain, *TOKENS, cost_usd=usd(_.cost))
