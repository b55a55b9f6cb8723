"""Whose bill usage belongs on, what of a bill is compared with it, and why they differ."""

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.agents import AGENTS
from pipeline.models.expressions import UNKNOWN

CHARGED_BY_MODEL = {
    "claude": "anthropic",
    "gpt-": "openai",
    "chatgpt-": "openai",
    "codex-": "openai",
    "gemini": "google",
}
REASONING = "^o[0-9]"  # OpenAI's o3, o4-mini
# How a model is called where a cloud serves it: us.anthropic.claude-… or an ARN on Bedrock, claude-…@20250929
# or publishers/… on Vertex AI.
CLOUDS = {
    "aws": (
        "^(arn:aws|bedrock/|(.*/)?((us|eu|apac|jp|au|ca|global|us-gov)[.])?"
        "(anthropic|amazon|meta|mistral|cohere|deepseek|openai|qwen|moonshotai)[.])"
    ),
    "google": "^vertex_ai/|(^|/)publishers/|@[0-9]",
    "azure": "^azure(_ai)?/",
}

USD = "USD"
HALF_A_CENT = 5_000_000  # billionths of a dollar

# What a bill and usage are compared by, and the sums of both sides, in billionths of a dollar.
GRAIN = ["date", "provider", "developer_id", "model_name", "product"]
SUMS = ["gross", "net", "estimated", "estimated_utc", "lines", "used", "used_utc"]


def provider_of(usage: ir.Table) -> ir.StringValue:
    """Who charges for usage; NULL: none whose bills are read.

    Whom its agent names, else the cloud that the model's reported name is of, else the model's maker.
    """
    model = usage.model_name
    reported = usage.reported_model.lower()
    is_of_cloud = [(reported.re_search(name), cloud) for cloud, name in CLOUDS.items()]
    billed = [agent for agent in AGENTS.values() if agent.billed_by]
    is_of_agent = [(usage.agent_type == agent.name, agent.billed_by) for agent in billed]
    is_of_model = [(model.startswith(start), provider) for start, provider in CHARGED_BY_MODEL.items()]
    return ibis.cases(*is_of_agent, *is_of_cloud, *is_of_model, (model.re_search(REASONING), "openai"))


def charged(billed: ir.Table) -> ir.Table:
    """Lines that charge money to compare with estimates, in US dollars; what tells no gross has net."""
    charges = billed.filter(_.net_amount.notnull(), _.currency == USD)
    return charges.mutate(gross_amount=_.gross_amount.fill_null(_.net_amount))


def estimates(int_usage_costs: ir.Table, billed: ir.Table) -> ir.Table:
    """Usage of the days that bills of its provider cover; days as in all tables of costs."""
    usage = int_usage_costs.mutate(date=_.day)
    return usage.semi_join(charged(billed).select("provider", "date").distinct(), ["provider", "date"])


def days_billed(int_usage_costs: ir.Table, billed: ir.Table) -> ir.Table:
    """One row per provider and day with money: whether people, and models, are named on both sides."""
    is_whole = _.model_name.isnull() & _.product.isnull()
    named = charged(billed).group_by("provider", "date")
    named = named.agg(names_people=_.developer_id.notnull().any(), names_models=~is_whole.any())
    ours = estimates(int_usage_costs, billed).filter(_.model_name == UNKNOWN)
    unnamed = ours.select("provider", "date").distinct().mutate(is_unnamed=True)
    return named.left_join(unnamed, ["provider", "date"]).select(
        day_provider=_.provider,
        day_date=_.date,
        names_people=_.names_people,
        names_models=_.names_models & _.is_unnamed.isnull(),
    )


def side(rows: ir.Table, days: ir.Table, **sums: ir.Value) -> ir.Table:
    """One side of the comparison, on its grain: rows with their own sums, and 0 for those of the others."""
    joined = rows.join(days, [rows.provider == days.day_provider, rows.date == days.day_date])
    named = joined.mutate(
        developer_id=ibis.ifelse(_.names_people, _.developer_id, None),
        model_name=ibis.ifelse(_.names_models, _.model_name, None),
    )
    return named.select(*GRAIN, **{**dict.fromkeys(SUMS, ibis.literal(0, "int64")), **sums})


def reason() -> ir.StringValue:
    """Why the two sides of a row of `SUMS` differ; NULL where they agree."""

    def agree(left: ir.Value, right: ir.Value) -> ir.Value:
        return (left - right).abs() < HALF_A_CENT

    is_list_price = agree(_.gross, _.estimated) | agree(_.gross, _.estimated_utc)
    return ibis.cases(
        (_.product.notnull(), "other_product"),
        (agree(_.net, _.estimated), None),
        (agree(_.net, _.estimated_utc), "day_boundary"),
        ((_.gross != _.net) & is_list_price, "discount"),
        (_.lines == 0, "not_billed"),
        (_.used + _.used_utc == 0, "not_in_telemetry"),
        else_="price",
    )
