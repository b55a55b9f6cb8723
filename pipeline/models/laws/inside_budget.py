"""What months cost, and what they may."""

import ibis
from ibis import _

from pipeline.models.conservation import differs

SEVERITY = "warn"


def first_of_month(day: ibis.Value) -> ibis.Value:
    """As a date on every engine: DuckDB truncates one to a timestamp."""
    return ibis.date(day.year(), day.month(), 1)


def inside_budget(budgets: ibis.Table, fct_agent_costs: ibis.Table) -> ibis.Table:
    """No month costs more than its budget in seeds/budgets.csv."""
    limits = budgets.mutate(month=first_of_month(budgets.month))
    scopes = (
        ibis.literal("all"),
        ibis.literal("developer:").concat(fct_agent_costs.developer_id),
        ibis.literal("agent:").concat(fct_agent_costs.agent_type),
    )
    spent = ibis.union(
        *(
            fct_agent_costs.select(scope=scope, month=first_of_month(_.date), usd=_.daily_cost_usd)
            .group_by("scope", "month")
            .agg(spent_usd=_.usd.sum())
            for scope in scopes
        )
    )
    both = limits.inner_join(spent, ["scope", "month"])
    return both.filter((both.spent_usd > both.budget_usd) & differs(both.spent_usd, both.budget_usd))
