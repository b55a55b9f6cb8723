"""What usage cost: as the agent reported it, else tokens times the price in force on that day."""

import ibis
from ibis import _

from pipeline.models.agents import GEN_AI_EVENTS
from pipeline.models.expressions import model_without_prefixes

RATES = ["input_usd", "output_usd", "cache_write_5m_usd", "cache_write_1h_usd", "cache_read_usd"]
GRAIN = ["session_id", "developer_id", "agent_type", "model_name", "day"]
# US dollars per million tokens, in billionths of a dollar per token.
NANO_PER_TOKEN = 1000


def tiers(model_prices: ibis.Table) -> ibis.Table:
    """Prices with the input at which the next tier begins; a kind without a price costs what input costs."""
    window = ibis.window(
        group_by=["model", "speed", "valid_from"], order_by=[model_prices.above_input_tokens]
    )
    rates = {rate: ibis.coalesce(model_prices[rate], model_prices.input_usd) for rate in RATES}
    # One-hour writes without a price of their own cost what other writes cost.
    rates["cache_write_1h_usd"] = ibis.coalesce(
        model_prices.cache_write_1h_usd, model_prices.cache_write_5m_usd, model_prices.input_usd
    )
    return model_prices.select(
        *("model", "valid_from", "valid_to", "above_input_tokens"),
        price_speed=model_prices.speed,
        next_tier=model_prices.above_input_tokens.lead().over(window),
        **rates,
    )


def with_price(usage: ibis.Table, prices: ibis.Table, key: str, prefix: str) -> ibis.Table:
    """`usage` with the rates of the model that `key` names, under `prefix`; NULL where it has none."""
    priced = prices.rename(lambda name: f"{prefix}{name}")

    def rate(name: str) -> ibis.Value:
        return priced[f"{prefix}{name}"]

    return usage.left_join(
        priced,
        [
            usage[key] == rate("model"),
            usage.speed == rate("price_speed"),
            usage.day >= rate("valid_from"),
            rate("valid_to").isnull() | (usage.day < rate("valid_to")),
            (rate("above_input_tokens") == 0) | (usage.request_input > rate("above_input_tokens")),
            rate("next_tier").isnull() | (usage.request_input <= rate("next_tier")),
        ],
    )


def int_usage_costs(stg_usage: ibis.Table, model_prices: ibis.Table) -> ibis.Table:
    """One row per session (NULL where unknown), developer, agent, model and day.

    Decided per request, or per session, model and day where only metrics exist. Higher tiers of
    a price apply to single requests, never to sums. Money is in billionths of a dollar.
    """
    sent = _.input_tokens + _.cache_read_tokens + _.cache_creation_tokens
    usage = stg_usage.filter(_.left_out.isnull()).mutate(
        bare_model=model_without_prefixes(_.reported_model),
        request_input=ibis.ifelse(_.form <= GEN_AI_EVENTS, sent, 0),
    )
    prices = tiers(model_prices)
    for key, prefix in (("bare_model", "named_"), ("model_name", "canonical_")):
        usage = with_price(usage, prices, key, prefix)
    is_named = _.named_model.notnull()
    usage = usage.mutate(
        has_price=is_named | _.canonical_model.notnull(),
        **{rate: ibis.ifelse(is_named, _[f"named_{rate}"], _[f"canonical_{rate}"]) for rate in RATES},
    )
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
