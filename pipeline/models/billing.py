"""Whose bill usage belongs on, and what of a bill is compared with it."""

import ibis
import ibis.expr.types as ir
from ibis import _

# Agents whose makers charge for the models behind them, by what their bills are called.
CHARGED_BY_MAKER = {"github_copilot": "github", "cursor": "cursor"}
CHARGED_BY_MODEL = {"claude": "anthropic", "gpt-": "openai", "chatgpt-": "openai", "codex-": "openai"}
REASONING = "^o[0-9]"  # OpenAI's o3, o4-mini

# Why a billed amount is not the estimated one.
OTHER_PRODUCT, DAY_BOUNDARY, DISCOUNT = "other_product", "day_boundary", "discount"
NOT_BILLED, NOT_IN_TELEMETRY, PRICE = "not_billed", "not_in_telemetry", "price"

USD = "USD"
HALF_A_CENT = 5_000_000  # billionths of a dollar


def provider_of(usage: ir.Table) -> ir.StringValue:
    """Who charges for usage: its agent's maker or its model's; NULL: none whose bills are read."""
    model = usage.model_name
    is_of_maker = [(usage.agent_type == agent, provider) for agent, provider in CHARGED_BY_MAKER.items()]
    is_of_model = [(model.startswith(start), provider) for start, provider in CHARGED_BY_MODEL.items()]
    return ibis.cases(*is_of_maker, *is_of_model, (model.re_search(REASONING), "openai"))


def charged(billed: ir.Table) -> ir.Table:
    """Lines that charge money which can be compared with estimates: US dollars."""
    return billed.filter(_.net_amount.notnull(), _.currency == USD)


def covered_days(billed: ir.Table) -> ir.Table:
    """One row per provider and day on which it charged anything in US dollars."""
    return charged(billed).select("provider", "date").distinct()


def estimates(int_usage_costs: ir.Table, billed: ir.Table) -> ir.Table:
    """Usage of the days that bills cover, with its `provider`; days as in all tables of costs."""
    usage = int_usage_costs.mutate(provider=provider_of(int_usage_costs), date=_.day)
    return usage.semi_join(covered_days(billed), ["provider", "date"])
