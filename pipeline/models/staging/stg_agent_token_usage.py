"""Tokens by kind, and what agents reported that they cost."""

import ibis
from ibis import _

from pipeline.models.expressions import usd

GRAIN = ["session_id", "developer_id", "agent_type", "model_name", "day"]


def stg_agent_token_usage(stg_usage: ibis.Table) -> ibis.Table:
    """One row per session (NULL where unknown), developer, agent, model and day."""
    return (
        stg_usage.filter(_.left_out.isnull())
        .group_by(*GRAIN)
        .agg(
            total_input_tokens=_.input_tokens.sum(),
            total_output_tokens=_.output_tokens.sum(),
            total_cache_creation_tokens=_.cache_creation_tokens.sum(),
            total_cache_read_tokens=_.cache_read_tokens.sum(),
            total_tokens=_.total_tokens.sum(),
            request_count=_.request_count.sum(),
            reported_cost_usd=usd(_.reported_nano_usd.sum()),
            usage_source=ibis.ifelse(
                _.usage_source.min() == _.usage_source.max(), _.usage_source.min(), "mixed"
            ),
            first_used_at=_.first_at.min(),
            last_used_at=_.last_at.max(),
        )
    )
