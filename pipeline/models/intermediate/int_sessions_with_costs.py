"""Sessions with the tokens that they used and what these cost."""

import ibis
from ibis import _

from pipeline.models.expressions import usd

TOKENS = ["input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "total_tokens"]


def int_sessions_with_costs(stg_agent_sessions: ibis.Table, int_usage_costs: ibis.Table) -> ibis.Table:
    """One row per session_id.

    `session_cost_usd` = reported + computed; NULL where nothing is priced, never a silent 0.
    """
    usage = (
        int_usage_costs.filter(_.session_id.notnull())
        .group_by("session_id")
        .agg(
            **{name: int_usage_costs[name].sum() for name in [*TOKENS, "unpriced_tokens", "request_count"]},
            reported=_.reported_nano_usd.sum(),
            computed=_.computed_nano_usd.sum(),
            cost=_.cost_nano_usd.sum(),
            model_count=_.model_name.nunique(where=_.total_tokens > 0),
        )
    )
    sessions = stg_agent_sessions.left_join(usage, "session_id").drop("session_id_right")
    counts = [*TOKENS, "unpriced_tokens", "model_count"]
    sessions = sessions.mutate(**{name: sessions[name].fill_null(0) for name in counts})
    read = _.cache_read_tokens
    return sessions.select(
        *stg_agent_sessions.columns,
        *TOKENS,
        session_cost_usd=usd(_.cost),
        reported_cost_usd=usd(_.reported),
        computed_cost_usd=usd(_.computed),
        cost_source=ibis.cases(
            ((_.reported > 0) & (_.computed > 0), "mixed"),
            (_.computed > 0, "computed"),
            (_.reported.notnull(), "reported"),
            (_.computed.notnull(), "computed"),
            (_.total_tokens > 0, "unpriced"),
        ),
        unpriced_tokens=_.unpriced_tokens,
        cache_hit_rate=read / (_.input_tokens + _.cache_creation_tokens + read).nullif(0),
        tokens_per_second=_.output_tokens / _.duration_seconds.nullif(0),
        model_count=_.model_count,
    )
