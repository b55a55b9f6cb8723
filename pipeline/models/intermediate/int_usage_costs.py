"""What usage cost: as the agent reported it, else tokens times the price in force on that day."""

import ibis
from ibis import _

from pipeline.models.billing import provider_of
from pipeline.models.costs import usd_per_million, with_factor, with_payment, with_rates, with_search_price
from pipeline.models.expressions import NANO
from pipeline.models.projects import with_project

GRAIN = [
    *("session_id", "project_id", "developer_id", "agent_type", "model_name", "provider", "day", "hour"),
]
INSTANT = "timestamp('UTC', 6)"  # which Ibis forgets when it truncates one
# US dollars per million tokens, in billionths of a dollar per token.
NANO_PER_TOKEN = 1000


def int_usage_costs(
    stg_usage: ibis.Table,
    model_prices: ibis.Table,
    price_factors: ibis.Table,
    tool_prices: ibis.Table,
    projects: ibis.Table,
) -> ibis.Table:
    """One row per session (else project, or NULL), developer, agent, model, provider, day and hour in UTC.

    Decided per request, or per session, model and day where only metrics exist, which count in the hour in
    which they began. Money is in billionths of a dollar.
    """
    usage = with_rates(with_payment(stg_usage.filter(_.left_out.isnull())), model_prices)
    usage = with_search_price(with_factor(usage, price_factors), tool_prices)
    usage = with_project(usage, projects)
    tokens_nano_usd = (usd_per_million(_) * NANO_PER_TOKEN * _.price_factor).round().cast("int64")
    searches_nano_usd = (_.web_search_requests * _.search_usd * NANO).round().cast("int64")
    # A reported 0 for tokens that have a price is no report, unless the agent says that they are free.
    is_nothing = (_.reported_nano_usd == 0) & (~_.has_price | _.is_free)
    is_reported = (_.reported_nano_usd > 0) | is_nothing
    needs_price = ~_.is_reported & ~_.is_paid_elsewhere & _.takes_tokens
    has_searches = (_.web_search_requests > 0) & _.search_usd.notnull()
    is_unpriced = ~_.is_reported & ~_.is_paid_elsewhere & ~_.has_price
    priced = (
        usage.mutate(
            is_reported=is_reported.fill_null(False),
            provider=provider_of(usage),
            hour=_.first_at.truncate("h").cast(INSTANT),
        )
        .mutate(
            reported=ibis.ifelse(_.is_reported, _.reported_nano_usd, None),
            computed=ibis.ifelse(
                needs_price & (_.has_price | has_searches),
                tokens_nano_usd.fill_null(0) + ibis.ifelse(has_searches, searches_nano_usd, 0),
                None,
            ),
            unpriced=ibis.ifelse(is_unpriced, _.total_tokens, 0),
            unpriced_request_count=ibis.ifelse(is_unpriced, _.request_count, 0),
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
            unpriced_requests=_.unpriced_request_count.sum(),
            reported_nano_usd=_.reported.sum(),
            computed_nano_usd=_.computed.sum(),
            first_used_at=_.first_at.min(),
            last_used_at=_.last_at.max(),
        )
    )
    parts = _.reported_nano_usd.fill_null(0) + _.computed_nano_usd.fill_null(0)
    is_known = _.reported_nano_usd.notnull() | _.computed_nano_usd.notnull()
    return priced.mutate(cost_nano_usd=ibis.ifelse(is_known, parts, None))
