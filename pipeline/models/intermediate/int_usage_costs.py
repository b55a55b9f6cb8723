"""What usage cost: as the agent reported it, else tokens times the price in force on that day."""

import ibis
from ibis import _

from pipeline.models.costs import with_payment, with_rates

GRAIN = ["session_id", "developer_id", "agent_type", "model_name", "day"]
# US dollars per million tokens, in billionths of a dollar per token.
NANO_PER_TOKEN = 1000


def int_usage_costs(stg_usage: ibis.Table, model_prices: ibis.Table) -> ibis.Table:
    """One row per session (NULL where unknown), developer, agent, model and day.

    Decided per request, or per session, model and day where only metrics exist. Money is in billionths
    of a dollar.
    """
    usage = with_rates(with_payment(stg_usage.filter(_.left_out.isnull())), model_prices)
    usd_per_million = (
        _.input_tokens * _.input_usd
        + _.output_tokens * _.output_usd
        + (_.cache_creation_tokens - _.cache_creation_1h_tokens).clip(lower=0) * _.cache_write_5m_usd
        + _.cache_creation_1h_tokens * _.cache_write_1h_usd
        + _.cache_read_tokens * _.cache_read_usd
    )
    is_reported = (_.reported_nano_usd > 0) | ((_.reported_nano_usd == 0) & ~_.has_price)
    is_computed = ~_.is_reported & ~_.is_paid_elsewhere & _.takes_tokens & _.has_price
    is_unpriced = ~_.is_reported & ~_.is_paid_elsewhere & ~_.has_price
    priced = (
        usage.mutate(is_reported=is_reported.fill_null(False))
        .mutate(
            reported=ibis.ifelse(_.is_reported, _.reported_nano_usd, None),
            computed=ibis.ifelse(is_computed, (usd_per_million * NANO_PER_TOKEN).round(), None).cast("int64"),
            unpriced=ibis.ifelse(is_unpriced, _.total_tokens, 0),
        )
        .group_by(*GRAIN)
        .agg(
            input_tokens=_.input_tokens.sum(),
            output_tokens=_.output_tokens.sum(),
            cache_creation_tokens=_.cache_creation_tokens.sum(),
            cache_read_tokens=_.cache_read_tokens.sum(),
            total_tokens=_.total_tokens.sum(),
            unpriced_tokens=_.unpriced.sum(),
            request_count=_.request_count.sum(),
            reported_nano_usd=_.reported.sum(),
            computed_nano_usd=_.computed.sum(),
        )
    )
    parts = _.reported_nano_usd.fill_null(0) + _.computed_nano_usd.fill_null(0)
    is_known = _.reported_nano_usd.notnull() | _.computed_nano_usd.notnull()
    return priced.mutate(cost_nano_usd=ibis.ifelse(is_known, parts, None))
