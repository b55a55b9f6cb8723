"""What a record of usage costs by the prices in force, and whether others report its cost already."""

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.agents.declaration import GEN_AI_EVENTS, REPORTS
from pipeline.models.expressions import UNKNOWN, day_scope, model_without_prefixes, stack

RATES = ["input_usd", "output_usd", "cache_write_5m_usd", "cache_write_1h_usd", "cache_read_usd"]


def with_rates(usage: ibis.Table, model_prices: ibis.Table) -> ibis.Table:
    """Usage with `has_price` and the rates of its model, in US dollars per million tokens.

    The name that the agent reports comes first, which may be of a dated release, then the canonical one.
    Higher tiers of a price apply to single requests, never to sums.
    """
    sent = _.input_tokens + _.cache_read_tokens + _.cache_creation_tokens
    usage = usage.mutate(
        bare_model=model_without_prefixes(_.reported_model),
        request_input=ibis.ifelse(_.form <= GEN_AI_EVENTS, sent, 0),
    )
    prices = prices_in_force(usage, model_prices)
    for key, prefix in (("bare_model", "named_"), ("model_name", "canonical_")):
        usage = with_price(usage, prices, key, prefix)
    is_named = _.named_asked_model.notnull()
    return usage.mutate(
        has_price=is_named | _.canonical_asked_model.notnull(),
        **{rate: ibis.ifelse(is_named, _[f"named_{rate}"], _[f"canonical_{rate}"]) for rate in RATES},
    )


def prices_in_force(usage: ibis.Table, model_prices: ibis.Table) -> ibis.Table:
    """The prices of each model, speed and day in `usage`, by tier, and where the next tier begins.

    Of prices of one tier that overlap in time the one that began last is in force. A kind without
    a price of its own costs what input costs, one-hour cache writes what other writes cost.
    """
    # Prices are looked up per model and day, of which there are few, not per record.
    named = usage.select("speed", "day", "bare_model", "model_name").distinct()
    asked = stack(
        named.select("speed", "day", asked_model="bare_model"),
        named.select("speed", "day", asked_model="model_name"),
    ).distinct()
    prices = model_prices.rename(price_speed="speed")
    found = asked.join(
        prices,
        [
            asked.asked_model == prices.model.lower(),
            asked.speed == prices.price_speed,
            asked.day >= prices.valid_from,
            prices.valid_to.isnull() | (asked.day < prices.valid_to),
        ],
    )
    of_a_day = ["asked_model", "speed", "day"]
    order = [_.valid_from.desc(), _.model]
    latest = ibis.row_number().over(group_by=[*of_a_day, "above_input_tokens"], order_by=order)
    in_force = found.mutate(rank=latest).filter(_.rank == 0)
    write = ibis.coalesce(_.cache_write_5m_usd, _.input_usd)
    return in_force.select(
        *of_a_day,
        "above_input_tokens",
        "input_usd",
        next_tier=_.above_input_tokens.lead().over(group_by=of_a_day, order_by=_.above_input_tokens),
        output_usd=ibis.coalesce(_.output_usd, _.input_usd),
        cache_write_5m_usd=write,
        cache_write_1h_usd=ibis.coalesce(_.cache_write_1h_usd, write),
        cache_read_usd=ibis.coalesce(_.cache_read_usd, _.input_usd),
    )


def with_price(usage: ibis.Table, prices: ibis.Table, key: str, prefix: str) -> ibis.Table:
    """`usage` with the rates of the model that `key` names, under `prefix`; NULL where it has none."""
    rates = prices.rename(lambda name: f"{prefix}{name}")
    above, next_tier = rates[f"{prefix}above_input_tokens"], rates[f"{prefix}next_tier"]
    return usage.left_join(
        rates,
        [
            usage[key] == rates[f"{prefix}asked_model"],
            usage.speed == rates[f"{prefix}speed"],
            usage.day == rates[f"{prefix}day"],
            (above == 0) | (usage.request_input > above),
            next_tier.isnull() | (usage.request_input <= next_tier),
        ],
    )


def with_factor(usage: ibis.Table, price_factors: ibis.Table) -> ibis.Table:
    """`usage` with `price_factor`, by which its place of inference multiplies the list price, or 1.

    Of several that hold, the longest beginning of the model's name decides, then the one that began last.
    """
    asked = usage.filter(_.inference_geo.notnull()).select("inference_geo", "model_name", "day").distinct()
    factors = price_factors.rename(factor_geo="inference_geo")
    found = asked.join(
        factors,
        [
            asked.inference_geo == factors.factor_geo,
            asked.model_name.startswith(factors.model_prefix),
            asked.day >= factors.valid_from,
            factors.valid_to.isnull() | (asked.day < factors.valid_to),
        ],
    )
    best = ibis.row_number().over(
        group_by=["inference_geo", "model_name", "day"],
        order_by=[_.model_prefix.length().desc(), _.valid_from.desc()],
    )
    in_force = found.mutate(rank=best).filter(_.rank == 0).select(*asked.columns, "factor")
    joined = usage.left_join(in_force, asked.columns, rname="_factor_{name}")
    return joined.select(*usage.columns, price_factor=joined.factor.fill_null(1.0))


def with_search_price(usage: ibis.Table, tool_prices: ibis.Table) -> ibis.Table:
    """`usage` with `search_usd`, the price of a web search on its day; NULL where there is none."""
    prices = tool_prices.filter(_.tool == "web_search")
    days = usage.filter(_.web_search_requests > 0).select("day").distinct()
    found = days.join(
        prices,
        [days.day >= prices.valid_from, prices.valid_to.isnull() | (days.day < prices.valid_to)],
    )
    latest = ibis.row_number().over(group_by="day", order_by=_.valid_from.desc())
    in_force = found.mutate(rank=latest).filter(_.rank == 0)
    in_force = in_force.select("day", search_usd=_.usd_per_1000_calls / 1000)
    return usage.left_join(in_force, "day").drop("day_right")


def usd_per_million(usage: ibis.Table | ibis.Deferred) -> ir.NumericValue | ibis.Deferred:
    """What the tokens of usage `with_rates` cost, in US dollars per million tokens."""
    return (
        usage.input_tokens * usage.input_usd
        + usage.output_tokens * usage.output_usd
        + (usage.cache_creation_tokens - usage.cache_creation_1h_tokens).clip(lower=0)
        * usage.cache_write_5m_usd
        + usage.cache_creation_1h_tokens * usage.cache_write_1h_usd
        + usage.cache_read_tokens * usage.cache_read_usd
    )


def with_payment(usage: ibis.Table) -> ibis.Table:
    """Usage with a flag for tokens whose cost others report: another form, or an event of its own.

    They are not priced again. A cost pays for its session's tokens of its day and model, and for those
    that its developer used with its agent without a session; if either names no model, for all. A report
    of a developer's day pays for all sessions of that day.
    """
    bills = usage.filter(_.reported_nano_usd > 0, _.total_tokens == 0)
    bills = stack(
        bills.select("scope", "day", "model_name"),
        bills.select("day", "model_name", scope=day_scope(bills)).select("scope", "day", "model_name"),
    ).distinct()
    days = bills.group_by("scope", "day").agg(pays_for_all=(_.model_name == UNKNOWN).any())
    reports = usage.filter(_.reported_nano_usd > 0, _.form == REPORTS)
    reports = reports.select("day", day_scope="scope").distinct()
    dated = usage.mutate(day_scope=day_scope(usage))
    joined = (
        dated.left_join(days, ["scope", "day"], rname="_day_{name}")
        .left_join(bills.mutate(pays_for_model=True), ["scope", "day", "model_name"], rname="_model_{name}")
        .left_join(reports.mutate(pays_for_day=True), ["day_scope", "day"], rname="_report_{name}")
    )
    is_paid = joined.pays_for_model | joined.pays_for_all | joined.pays_for_day
    is_paid |= joined.pays_for_all.notnull() & (joined.model_name == UNKNOWN)
    needs_cost = joined.takes_tokens & ~(joined.reported_nano_usd > 0).fill_null(False)
    return joined.select(*usage.columns, is_paid_elsewhere=needs_cost & is_paid.fill_null(False))
