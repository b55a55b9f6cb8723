"""What every number and word on the page means.

Numbers that may be asked for elsewhere too are declared in `pipeline.outputs.metrics`, and the page computes
what is declared there. What only the page has, words of its tables and figures of a month, is described here.
The page shows these words on demand beside each number, with links to the columns that it is made of.
"""

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.outputs.budgets import BUDGETS
from pipeline.outputs.dashboard.requests import REQUESTS
from pipeline.outputs.metrics.declared import COMMITS, COSTS, DEVELOPERS, METRICS, USAGE, Metric
from pipeline.outputs.metrics.expressions import Expression, Ratio, Sum


@dataclass(frozen=True)
class Definition:
    """A word or a number of the page alone.

    Attributes:
        label: what the page calls it.
        unit: usd, share (0 to 1), count, hours, date or text.
        meaning: what it counts, over what, and when there is none.
        columns: the columns of the marts behind it, `table.column`.
    """

    label: str
    unit: str
    meaning: str
    columns: tuple[str, ...]


OF_THE_PAGE: dict[str, Definition] = {
    "commit_cost": Definition(
        "Cost",
        "usd",
        "The commit's share of its session's cost; none without a session whose cost is known.",
        (f"{COMMITS}.cost_usd",),
    ),
    "commit_day": Definition(
        "Day", "date", "The day of the commit's author date.", (f"{COMMITS}.commit_date",)
    ),
    "commit_developer": Definition(
        "Developer", "text", "The author, as identities.csv has them.", (f"{COMMITS}.developer_id",)
    ),
    "commit_origin": Definition(
        "Origin",
        "text",
        "The agent that helped; else by people, where the developer's agents had reported by that day, or "
        "unknown.",
        (f"{COMMITS}.agent_type", f"{COMMITS}.is_agent_assisted"),
    ),
    "cohort": Definition(
        "Cohort",
        "text",
        "By active days a week: none 0, light up to 1, moderate up to 3, heavy above 3. "
        "Everybody who appears in telemetry, commits or Copilot reports counts, but no bots.",
        (f"{USAGE}.date", f"{DEVELOPERS}.developer_id"),
    ),
    "agents": Definition("Agents", "text", "Agents with any activity.", (f"{USAGE}.agent_type",)),
    "attribution_method": Definition(
        "How it is known",
        "text",
        "The first that applies: the commit's own mark, a tool result that names the commit, a trailer in "
        "its message, or a session of the same developer at that time.",
        (f"{COMMITS}.attribution_method",),
    ),
    "commit_size": Definition(
        "Size",
        "text",
        "Lines added + deleted: small to 100, medium to 500, else large.",
        (f"{COMMITS}.commit_size",),
    ),
    "merged_requests": Definition(
        "Merged",
        "count",
        "Pull requests that were merged on these days, by the author and the agent of most of their commits.",
        (f"{REQUESTS}.merged_at",),
    ),
    "request_cost": Definition(
        "Cost per merged request",
        "usd",
        "What sessions cost that pull requests have ÷ these requests. Those of which no cost is known are in "
        "neither.",
        (f"{REQUESTS}.cost_usd", f"{REQUESTS}.cost_method"),
    ),
    "request_hours": Definition(
        "Hours to merge",
        "hours",
        "From opening to merging, on average.",
        (f"{REQUESTS}.hours_to_merge",),
    ),
    "reverted_share": Definition(
        "Reverted",
        "share",
        "Those reverted within 30 days ÷ those merged; of the latest that may still happen.",
        (f"{REQUESTS}.is_reverted_within_30_days",),
    ),
    "budget": Definition(
        "Budget",
        "usd",
        "The month's budget from seeds/budgets.csv. A budget is compared with all cost of its own scope, "
        "whatever developer or agent is chosen.",
        (f"{COSTS}.mtd_cost_usd",),
    ),
    "budget_used": Definition(
        "Used", "share", "Month to date of its scope ÷ budget.", (f"{COSTS}.mtd_cost_usd",)
    ),
    "billed": Definition(
        "Billed",
        "usd",
        "What providers charge in US dollars, after discounts, on the days that their bills cover.",
        ("fct_reconciliation.billed_usd",),
    ),
    "estimated": Definition(
        "Estimated",
        "usd",
        "What the usage of the same days costs by the tables, as agents reported it or by price.",
        ("fct_reconciliation.estimated_usd",),
    ),
    "bill_gap": Definition(
        "Gap",
        "usd",
        "Billed less estimated; its rows say why.",
        ("fct_reconciliation.gap_usd", "fct_reconciliation.reason"),
    ),
    "seat_price": Definition(
        "A month", "usd", "The price of the seat; in no other cost.", ("dim_seats.usd_per_month",)
    ),
    "seat_plan": Definition(
        "Seat",
        "text",
        "The agent, and the plan that is paid for.",
        ("dim_seats.agent_type", "dim_seats.plan"),
    ),
    "seat_last_used": Definition(
        "Last used",
        "text",
        "The last day on which any record tells of use, at least 30 days ago; none if none ever did.",
        ("dim_seats.last_used_date", "dim_seats.is_unused_30_days"),
    ),
    "budget_break": Definition(
        "Budget breaks on",
        "date",
        "The day on which the month's cost passes the budget: the day it did, else the day it will at the "
        "average of the last 7 days. None if it holds, or with fewer than 3 days with cost.",
        (f"{COSTS}.mtd_cost_usd", f"{COSTS}.avg_7day_cost_usd"),
    ),
    "budget_period": Definition(
        "Month or year",
        "text",
        "The month or the year of the last build's day.",
        (f"{BUDGETS}.period_start",),
    ),
    "budget_limit": Definition(
        "Budget",
        "usd",
        "What the period may cost, from seeds/budgets.csv. A team's has the cost of the teams below it.",
        (f"{BUDGETS}.budget_usd",),
    ),
    "budget_spent": Definition(
        "Spent", "usd", "The known cost of the scope's days in the period.", (f"{BUDGETS}.spent_usd",)
    ),
    "budget_forecast": Definition(
        "Forecast",
        "usd",
        "What the period will have cost at its end: a line through the scope's last weeks, day by day with "
        "each weekday's share. None with less than a week.",
        (f"{BUDGETS}.forecast_usd",),
    ),
    "budget_low": Definition(
        "Low",
        "usd",
        "Four of five forecasts should end between low and high. None with less than four weeks.",
        (f"{BUDGETS}.forecast_low_usd",),
    ),
    "budget_high": Definition(
        "High",
        "usd",
        "Four of five forecasts should end between low and high. None with less than four weeks.",
        (f"{BUDGETS}.forecast_high_usd",),
    ),
    "budget_weeks": Definition(
        "Weeks", "count", "How many whole weeks the forecast is made of.", (f"{BUDGETS}.forecast_weeks",)
    ),
    "budget_status": Definition(
        "Status",
        "text",
        "broken: more is spent than may be; will break: the forecast is more; holds: neither.",
        (f"{BUDGETS}.status",),
    ),
}
ALL: dict[str, Metric | Definition] = {**METRICS, **OF_THE_PAGE}


def as_json() -> dict[str, dict[str, Any]]:
    """The metrics as the page reads them: their words, and of sums and ratios how they are computed."""
    return {
        name: {
            "label": metric.label,
            "unit": metric.unit,
            "meaning": metric.meaning,
            "columns": metric.columns,
            "expression": _expression(getattr(metric, "expression", None)),
        }
        for name, metric in ALL.items()
    }


def _expression(expression: Expression | None) -> dict[str, Any] | None:
    """None where the page counts in its own way: people, days and agents."""
    if isinstance(expression, Sum):
        return asdict(expression)
    if not isinstance(expression, Ratio) or expression.of_all:
        return None
    above, below = _expression(expression.above), _expression(expression.below)
    if not (above and below):
        return None
    told = {"above": above, "below": below, "times": expression.times}
    return told | ({"of_decisions": True} if expression.of_decisions else {})
