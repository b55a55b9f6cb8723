"""What every number on the page means: the one place where a metric is named and described.

The page shows these words on demand beside each number, with links to the columns that it is made of.
"""

from dataclasses import asdict, dataclass
from typing import Any

USAGE = "fct_daily_agent_usage"
COMMITS = "fct_git_commits"
COSTS = "fct_agent_costs"
DEVELOPERS = "dim_developers"


@dataclass(frozen=True)
class Metric:
    """A number of the page.

    Attributes:
        label: what the page calls it.
        unit: usd, count, tokens, share (0 to 1), percent (0 to 100), hours, days, ratio, date or text.
        meaning: what it counts, over what, and when there is none.
        columns: the columns of the marts behind it, `table.column`.
    """

    label: str
    unit: str
    meaning: str
    columns: tuple[str, ...]


METRICS: dict[str, Metric] = {
    "cost": Metric(
        "Cost",
        "usd",
        "What the agents' work cost: what the agent reported, else tokens × the list price of the day. "
        "Usage without a price is not in it; unpriced tokens count that. A dash where nothing tells: GitHub "
        "reports no money of Copilot's suggestions, and a commit without a session has no cost of its own.",
        (f"{USAGE}.total_cost_usd", f"{COSTS}.daily_cost_usd"),
    ),
    "cost_share": Metric(
        "Share of cost", "share", "Its cost ÷ the cost of all that is shown.", (f"{USAGE}.total_cost_usd",)
    ),
    "committed_cost": Metric(
        "Cost in commits",
        "usd",
        "The part of the cost that belongs to commits: a session's cost, split evenly over the commits made "
        "during it or shortly after. Sessions without a commit are not in it. Counts on the commit's day.",
        (f"{COMMITS}.cost_usd",),
    ),
    "committed_cost_each": Metric(
        "Cost in commits, each",
        "usd",
        "Cost in commits ÷ assisted commits; none without such commits.",
        (f"{COMMITS}.cost_usd",),
    ),
    "commit_cost": Metric(
        "Cost",
        "usd",
        "The commit's share of its session's cost; none without a session whose cost is known.",
        (f"{COMMITS}.cost_usd",),
    ),
    "commit_day": Metric("Day", "date", "The day of the commit's author date.", (f"{COMMITS}.commit_date",)),
    "commit_developer": Metric(
        "Developer", "text", "The author, as identities.csv has them.", (f"{COMMITS}.developer_id",)
    ),
    "commit_origin": Metric(
        "Origin",
        "text",
        "The agent that helped; else by people, where the developer's agents had reported by that day, or "
        "unknown.",
        (f"{COMMITS}.agent_type", f"{COMMITS}.is_agent_assisted"),
    ),
    "assisted_commits": Metric(
        "Assisted commits",
        "count",
        "Commits with an agent's help, as far as is known; merges count.",
        (f"{COMMITS}.is_agent_assisted", f"{USAGE}.agent_assisted_commits"),
    ),
    "assisted_lines": Metric(
        "Lines in them",
        "count",
        "Lines added + deleted in assisted commits; merges have none.",
        (f"{COMMITS}.lines_changed",),
    ),
    "cost_per_commit": Metric(
        "Cost per commit",
        "usd",
        "Cost ÷ assisted commits; none without such commits.",
        (f"{USAGE}.cost_per_commit_usd",),
    ),
    "lines_per_dollar": Metric(
        "Lines per dollar",
        "ratio",
        "Lines added + deleted in assisted commits ÷ cost; none without cost.",
        (f"{COMMITS}.lines_per_dollar",),
    ),
    "agents_in_use": Metric("Agents in use", "count", "Agents with any activity.", (f"{USAGE}.agent_type",)),
    "developers": Metric(
        "Active developers",
        "count",
        "People with at least one active day. Bots, and activity that names nobody, are not people.",
        (f"{USAGE}.developer_id", f"{DEVELOPERS}.is_known"),
    ),
    "several_agents": Metric(
        "Use several agents", "count", "People active with more than one agent.", (f"{USAGE}.agent_type",)
    ),
    "active_days": Metric(
        "Active days",
        "count",
        "Days on which a person had a session, used tokens, made an assisted commit, or got or took a "
        "suggestion of Copilot; added up over people.",
        (
            f"{USAGE}.total_sessions",
            f"{USAGE}.total_tokens",
            f"{USAGE}.agent_assisted_commits",
            f"{USAGE}.copilot_suggestions",
        ),
    ),
    "days_per_week": Metric(
        "Days a week",
        "ratio",
        "Active days ÷ weeks of the period; a period shorter than a week counts as one. "
        "Over several people: their average, active ones only.",
        (f"{USAGE}.date",),
    ),
    "cohort": Metric(
        "Cohort",
        "text",
        "By active days a week: none 0, light up to 1, moderate up to 3, heavy above 3. "
        "Everybody who appears in telemetry, commits or Copilot reports counts, but no bots.",
        (f"{USAGE}.date", f"{DEVELOPERS}.developer_id"),
    ),
    "last_active": Metric("Last active", "date", "The latest active day of the period.", (f"{USAGE}.date",)),
    "agents": Metric("Agents", "text", "Agents with any activity.", (f"{USAGE}.agent_type",)),
    "sessions": Metric(
        "Sessions",
        "count",
        "Sessions that started in the period; each counts once.",
        (f"{USAGE}.total_sessions",),
    ),
    "hours": Metric(
        "Hours",
        "hours",
        "Duration of the sessions, from their first to their last record.",
        (f"{USAGE}.total_duration_hours",),
    ),
    "tokens": Metric(
        "Tokens",
        "tokens",
        "Input, output, cache writes and cache reads together.",
        (f"{USAGE}.total_tokens",),
    ),
    "input_tokens": Metric("Input", "tokens", "Uncached input.", (f"{USAGE}.total_input_tokens",)),
    "output_tokens": Metric(
        "Output", "tokens", "Output, reasoning included.", (f"{USAGE}.total_output_tokens",)
    ),
    "cache_write_tokens": Metric(
        "Cache writes", "tokens", "Input written to the cache.", (f"{USAGE}.total_cache_creation_tokens",)
    ),
    "cache_read_tokens": Metric(
        "Cache reads", "tokens", "Input read from the cache.", (f"{USAGE}.total_cache_read_tokens",)
    ),
    "token_share": Metric(
        "Share of tokens",
        "share",
        "Its tokens ÷ the tokens of all that is shown.",
        (f"{USAGE}.total_tokens",),
    ),
    "cost_per_session": Metric(
        "Cost per session",
        "usd",
        "Cost ÷ sessions; none without sessions.",
        (f"{USAGE}.avg_cost_per_session_usd",),
    ),
    "cache_hit_rate": Metric(
        "Cache hit rate",
        "share",
        "Cache reads ÷ (input + cache writes + cache reads); none without input.",
        (f"{USAGE}.cache_hit_rate",),
    ),
    "edit_acceptance": Metric(
        "Edits accepted",
        "percent",
        "100 × edits that people accepted ÷ edits that they accepted or rejected; none without such edits.",
        (f"{USAGE}.edits_accepted", f"{USAGE}.edits_rejected"),
    ),
    "suggestion_acceptance": Metric(
        "Suggestions taken",
        "percent",
        "100 × suggestions of Copilot that people took ÷ those that it made; none where it made none.",
        (f"{USAGE}.copilot_acceptances", f"{USAGE}.copilot_suggestions"),
    ),
    "commits": Metric("Commits", "count", "All commits, merges included.", (f"{COMMITS}.commit_hash",)),
    "agent_share": Metric(
        "By agents",
        "share",
        "Commits with an agent's help ÷ all commits of the chosen days, developers and projects.",
        (f"{COMMITS}.is_agent_assisted",),
    ),
    "human_share": Metric(
        "By people",
        "share",
        "Commits without a sign of an agent, by developers whose agents had reported by that day, ÷ all "
        "commits.",
        (f"{COMMITS}.is_agent_assisted", f"{USAGE}.developer_id"),
    ),
    "unknown_share": Metric(
        "Unknown",
        "share",
        "Commits without a sign of an agent, by developers of whom no agent had reported by that day, ÷ all "
        "commits: an agent may have helped without anybody knowing.",
        (f"{COMMITS}.is_agent_assisted", f"{USAGE}.developer_id"),
    ),
    "line_share": Metric(
        "Lines by agents",
        "share",
        "Lines added + deleted in assisted commits ÷ those in all commits.",
        (f"{COMMITS}.lines_changed",),
    ),
    "attribution_method": Metric(
        "How it is known",
        "text",
        "The first that applies: the commit's own mark, a tool result that names the commit, a trailer in "
        "its message, or a session of the same developer at that time.",
        (f"{COMMITS}.attribution_method",),
    ),
    "method_share": Metric(
        "Share of assisted",
        "share",
        "Commits known in this way ÷ all assisted commits.",
        (f"{COMMITS}.attribution_method",),
    ),
    "commit_size": Metric(
        "Size",
        "text",
        "Lines added + deleted: small to 100, medium to 500, else large.",
        (f"{COMMITS}.commit_size",),
    ),
    "lines": Metric(
        "Lines", "count", "Lines added + deleted; merges have none.", (f"{COMMITS}.lines_changed",)
    ),
    "day_cost": Metric(
        "Latest day",
        "usd",
        "Cost of the latest day of the period; the day may not be over.",
        (f"{COSTS}.daily_cost_usd",),
    ),
    "month_to_date": Metric(
        "Month to date",
        "usd",
        "Cost from the first of the month to the latest day of the period.",
        (f"{COSTS}.mtd_cost_usd",),
    ),
    "forecast": Metric(
        "Forecast for the month",
        "usd",
        "Month to date + the average of the last 7 calendar days × the days that are left. "
        "None with fewer than 3 days with cost. Below it, the same with the average of the last 30 days.",
        (f"{COSTS}.month_forecast_usd", f"{COSTS}.avg_30day_cost_usd"),
    ),
    "budget": Metric(
        "Budget",
        "usd",
        "The month's budget from seeds/budgets.csv. A budget is compared with all cost of its own scope, "
        "whatever developer or agent is chosen.",
        (f"{COSTS}.mtd_cost_usd",),
    ),
    "budget_used": Metric(
        "Used", "share", "Month to date of its scope ÷ budget.", (f"{COSTS}.mtd_cost_usd",)
    ),
    "budget_break": Metric(
        "Budget breaks on",
        "date",
        "The day on which the month's cost passes the budget: the day it did, else the day it will at the "
        "average of the last 7 days. None if it holds, or with fewer than 3 days with cost.",
        (f"{COSTS}.mtd_cost_usd", f"{COSTS}.avg_7day_cost_usd"),
    ),
    "unpriced_tokens": Metric(
        "Unpriced tokens",
        "tokens",
        "Tokens with neither a reported cost nor a price: what they cost is missing from every cost.",
        (f"{USAGE}.unpriced_tokens",),
    ),
}


def as_json() -> dict[str, dict[str, Any]]:
    """The metrics as the page reads them."""
    return {name: asdict(metric) for name, metric in METRICS.items()}
