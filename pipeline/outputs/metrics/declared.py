"""Every metric, declared once: the dashboard, notebooks, the command line and assistants use these."""

from dataclasses import dataclass
from typing import Any, Literal

from pipeline.outputs.metrics.expressions import (
    COST,
    FACTS,
    TIME,
    Count,
    Expression,
    Latest,
    OfMonth,
    Ratio,
    Sum,
    operands,
)

USAGE = FACTS["usage"].table
COMMITS = FACTS["commits"].table
COSTS = "fct_agent_costs"
DEVELOPERS = "dim_developers"

Unit = Literal["usd", "count", "tokens", "share", "percent", "hours", "ratio", "date"]


@dataclass(frozen=True)
class Metric:
    """A number about agents and what came of them.

    Attributes:
        label: what people call it.
        unit: usd, count, tokens, share (0 to 1), percent (0 to 100), hours, ratio or date.
        meaning: what it counts, over what, and when there is none.
        columns: the columns of the marts behind it, `table.column`.
        expression: how it is computed.
        dimensions: what it can be told apart and filtered by.
        better: whether more of it is good (up) or bad (down); None where that depends.
        few: where [privacy] min_group applies, it is told of `groups` of so many people, of whole periods
            and agents with their number of `people` rounded down, or not at all (`hidden`).
    """

    label: str
    unit: Unit
    meaning: str
    columns: tuple[str, ...]
    expression: Expression
    dimensions: tuple[str, ...]
    better: Literal["up", "down"] | None = None
    few: Literal["groups", "people", "hidden"] = "groups"

    @property
    def grain(self) -> str:
        """What one row is of the tables that it is added up from."""
        facts = dict.fromkeys(operand.fact for operand in operands(self.expression))
        return "; ".join(f"{FACTS[fact].table}: one row per {FACTS[fact].grain}" for fact in facts)

    def document(self) -> dict[str, Any]:
        """The metric as JSON tells it."""
        return {
            "label": self.label,
            "unit": self.unit,
            "meaning": self.meaning,
            "grain": self.grain,
            "dimensions": [*self.dimensions],
            "better": self.better,
            "min_group": self.few,
            "columns": [*self.columns],
        }

    @property
    def is_of_activity(self) -> bool:
        """Whether it counts people, days or agents with any activity."""
        return any(not isinstance(operand, Sum) for operand in operands(self.expression))

    @property
    def is_windowed(self) -> bool:
        """Whether it needs commits or Copilot reports, which are kept for a window."""
        return any(
            operand.fact == "commits" or {*getattr(operand, "figures", ())} & {"suggestions", "acceptances"}
            for operand in operands(self.expression)
        )


OF_USAGE = (*TIME, "developer", "agent", "model")
OF_COMMITS = (*TIME, "developer", "project", "size")
OF_ASSISTED = (*OF_COMMITS, "agent", "method")
OF_BOTH = (*TIME, "developer", "agent")

NANO = 1e9
SESSIONS = Sum("usage", ("sessions",), "sessions")
INPUT = ("input", "creation", "read")
TOKENS = Sum("usage", (*INPUT, "output"), "tokens")
ASSISTED = Sum("commits", ("commits",), "assisted commits", origin="agent")
ASSISTED_LINES = Sum("commits", ("lines",), "lines in assisted commits", origin="agent")
IN_COMMITS = Sum("commits", ("nano",), "cost in commits", per=NANO, origin="agent")
ALL_COMMITS = Sum("commits", ("commits",), "commits")
LINES = Sum("commits", ("lines",), "lines in commits")
PEOPLE = Count(("developer",), "active developers")
ACTIVE_DAYS = Count(("developer", "day"), "active days")

METRICS: dict[str, Metric] = {
    "cost": Metric(
        "Cost",
        "usd",
        "What the agents' work cost: what the agent reported, else tokens × the list price of the day. "
        "Usage without a price is not in it; unpriced tokens count that. A dash where nothing tells: GitHub "
        "reports no money of Copilot's suggestions, and a commit without a session has no cost of its own.",
        (f"{USAGE}.total_cost_usd", f"{COSTS}.daily_cost_usd"),
        COST,
        OF_USAGE,
    ),
    "cost_share": Metric(
        "Share of cost",
        "share",
        "Its cost ÷ the cost of all that is shown.",
        (f"{USAGE}.total_cost_usd",),
        Ratio(COST, COST, of_all=True),
        OF_USAGE,
    ),
    "committed_cost": Metric(
        "Cost in commits",
        "usd",
        "The part of the cost that belongs to commits: a session's cost, split evenly over the commits made "
        "during it or shortly after. Sessions without a commit are not in it. Counts on the commit's day. A "
        "dash where the cost of no assisted commit is known.",
        (f"{COMMITS}.cost_usd",),
        IN_COMMITS,
        OF_ASSISTED,
        few="hidden",
    ),
    "committed_cost_each": Metric(
        "Cost in commits, each",
        "usd",
        "Cost in commits ÷ assisted commits; none without such commits.",
        (f"{COMMITS}.cost_usd",),
        Ratio(IN_COMMITS, ASSISTED),
        OF_ASSISTED,
        better="down",
        few="hidden",
    ),
    "committed_lines_per_dollar": Metric(
        "Lines per dollar in commits",
        "ratio",
        "Lines added + deleted in assisted commits ÷ cost in commits; none without such cost.",
        (f"{COMMITS}.lines_changed", f"{COMMITS}.cost_usd"),
        Ratio(ASSISTED_LINES, IN_COMMITS),
        OF_ASSISTED,
        few="hidden",
    ),
    "assisted_commits": Metric(
        "Assisted commits",
        "count",
        "Commits with an agent's help, as far as is known; merges count.",
        (f"{COMMITS}.is_agent_assisted", f"{USAGE}.agent_assisted_commits"),
        ASSISTED,
        OF_ASSISTED,
    ),
    "assisted_lines": Metric(
        "Lines in them",
        "count",
        "Lines added + deleted in assisted commits; merges have none.",
        (f"{COMMITS}.lines_changed",),
        ASSISTED_LINES,
        OF_ASSISTED,
    ),
    "cost_per_commit": Metric(
        "Cost per commit",
        "usd",
        "Cost ÷ assisted commits; none without such commits.",
        (f"{USAGE}.cost_per_commit_usd",),
        Ratio(COST, ASSISTED),
        OF_BOTH,
        better="down",
    ),
    "lines_per_dollar": Metric(
        "Lines per dollar",
        "ratio",
        "Lines added + deleted in assisted commits ÷ cost; none without cost.",
        (f"{COMMITS}.lines_per_dollar",),
        Ratio(ASSISTED_LINES, COST),
        OF_BOTH,
    ),
    "agents_in_use": Metric(
        "Agents in use",
        "count",
        "Agents with any activity.",
        (f"{USAGE}.agent_type",),
        Count(("agent",), "agents in use"),
        OF_BOTH,
        few="hidden",
    ),
    "developers": Metric(
        "Active developers",
        "count",
        "People with at least one active day. Bots, and activity that names nobody, are not people.",
        (f"{USAGE}.developer_id", f"{DEVELOPERS}.is_known"),
        PEOPLE,
        OF_BOTH,
        better="up",
        few="people",
    ),
    "several_agents": Metric(
        "Use several agents",
        "count",
        "People active with more than one agent.",
        (f"{USAGE}.agent_type",),
        Count(("developer",), "people", several="agent"),
        (*TIME, "developer", "agent"),
        few="hidden",
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
        ACTIVE_DAYS,
        OF_BOTH,
        better="up",
        few="hidden",
    ),
    "days_per_week": Metric(
        "Days a week",
        "ratio",
        "Active days ÷ weeks of the period; a period shorter than a week counts as one. "
        "Over several people: their average, active ones only.",
        (f"{USAGE}.date",),
        Ratio(ACTIVE_DAYS, PEOPLE, per_week=True),
        ("developer", "agent"),
        better="up",
        few="hidden",
    ),
    "last_active": Metric(
        "Last active",
        "date",
        "The latest active day of the period.",
        (f"{USAGE}.date",),
        Latest("active days"),
        OF_BOTH,
        few="hidden",
    ),
    "sessions": Metric(
        "Sessions",
        "count",
        "Sessions that started in the period; each counts once.",
        (f"{USAGE}.total_sessions",),
        SESSIONS,
        OF_USAGE,
    ),
    "hours": Metric(
        "Hours",
        "hours",
        "Duration of the sessions, from their first to their last record.",
        (f"{USAGE}.total_duration_hours",),
        Sum("usage", ("micros",), "sessions", per=3.6e9),
        OF_USAGE,
    ),
    "tokens": Metric(
        "Tokens",
        "tokens",
        "Input, output, cache writes and cache reads together.",
        (f"{USAGE}.total_tokens",),
        TOKENS,
        OF_USAGE,
    ),
    "input_tokens": Metric(
        "Input",
        "tokens",
        "Uncached input.",
        (f"{USAGE}.total_input_tokens",),
        Sum("usage", ("input",), "input tokens"),
        OF_USAGE,
    ),
    "output_tokens": Metric(
        "Output",
        "tokens",
        "Output, reasoning included.",
        (f"{USAGE}.total_output_tokens",),
        Sum("usage", ("output",), "output tokens"),
        OF_USAGE,
    ),
    "cache_write_tokens": Metric(
        "Cache writes",
        "tokens",
        "Input written to the cache.",
        (f"{USAGE}.total_cache_creation_tokens",),
        Sum("usage", ("creation",), "tokens written to the cache"),
        OF_USAGE,
    ),
    "cache_read_tokens": Metric(
        "Cache reads",
        "tokens",
        "Input read from the cache.",
        (f"{USAGE}.total_cache_read_tokens",),
        Sum("usage", ("read",), "tokens read from the cache"),
        OF_USAGE,
    ),
    "token_share": Metric(
        "Share of tokens",
        "share",
        "Its tokens ÷ the tokens of all that is shown.",
        (f"{USAGE}.total_tokens",),
        Ratio(TOKENS, TOKENS, of_all=True),
        OF_USAGE,
    ),
    "cost_per_session": Metric(
        "Cost per session",
        "usd",
        "Cost ÷ sessions; none without sessions.",
        (f"{USAGE}.avg_cost_per_session_usd",),
        Ratio(COST, SESSIONS),
        OF_USAGE,
    ),
    "cache_hit_rate": Metric(
        "Cache hit rate",
        "share",
        "Cache reads ÷ (input + cache writes + cache reads); none without input.",
        (f"{USAGE}.cache_hit_rate",),
        Ratio(Sum("usage", ("read",), "tokens read from the cache"), Sum("usage", INPUT, "input")),
        OF_USAGE,
        better="up",
    ),
    "edit_acceptance": Metric(
        "Edits accepted",
        "percent",
        "100 × edits that people accepted ÷ edits that they accepted or rejected; none without such edits.",
        (f"{USAGE}.edits_accepted", f"{USAGE}.edits_rejected"),
        Ratio(
            Sum("usage", ("edits_accepted",), "accepted edits"),
            Sum("usage", ("edits_decided",), "edits that were accepted or rejected"),
            times=100,
            of_decisions=True,
        ),
        OF_USAGE,
        better="up",
    ),
    "suggestion_acceptance": Metric(
        "Suggestions taken",
        "percent",
        "100 × suggestions of Copilot that people took ÷ those that it made; none where it made none.",
        (f"{USAGE}.copilot_acceptances", f"{USAGE}.copilot_suggestions"),
        Ratio(
            Sum("usage", ("acceptances",), "suggestions that were taken"),
            Sum("usage", ("suggestions",), "suggestions of Copilot"),
            times=100,
            of_decisions=True,
        ),
        OF_USAGE,
        better="up",
    ),
    "commits": Metric(
        "Commits",
        "count",
        "All commits, merges included.",
        (f"{COMMITS}.commit_hash",),
        ALL_COMMITS,
        (*OF_COMMITS, "origin"),
    ),
    "agent_share": Metric(
        "By agents",
        "share",
        "Commits with an agent's help ÷ all commits of the chosen days, developers and projects.",
        (f"{COMMITS}.is_agent_assisted",),
        Ratio(ASSISTED, ALL_COMMITS),
        (*OF_COMMITS, "agent"),
    ),
    "human_share": Metric(
        "By people",
        "share",
        "Commits without a sign of an agent, by developers whose agents had reported by that day, ÷ all "
        "commits.",
        (f"{COMMITS}.is_agent_assisted", f"{USAGE}.developer_id"),
        Ratio(Sum("commits", ("commits",), "commits by people", origin="human"), ALL_COMMITS),
        OF_COMMITS,
    ),
    "unknown_share": Metric(
        "Unknown",
        "share",
        "Commits without a sign of an agent, by developers of whom no agent had reported by that day, ÷ all "
        "commits: an agent may have helped without anybody knowing.",
        (f"{COMMITS}.is_agent_assisted", f"{USAGE}.developer_id"),
        Ratio(Sum("commits", ("commits",), "commits of which nobody knows", origin="unknown"), ALL_COMMITS),
        OF_COMMITS,
        better="down",
    ),
    "line_share": Metric(
        "Lines by agents",
        "share",
        "Lines added + deleted in assisted commits ÷ those in all commits.",
        (f"{COMMITS}.lines_changed",),
        Ratio(ASSISTED_LINES, LINES),
        (*OF_COMMITS, "agent"),
    ),
    "method_share": Metric(
        "Share of assisted",
        "share",
        "Commits known in this way ÷ all assisted commits.",
        (f"{COMMITS}.attribution_method",),
        Ratio(ASSISTED, ASSISTED, of_all=True),
        OF_ASSISTED,
    ),
    "lines": Metric(
        "Lines",
        "count",
        "Lines added + deleted; merges have none.",
        (f"{COMMITS}.lines_changed",),
        LINES,
        (*OF_COMMITS, "origin"),
    ),
    "day_cost": Metric(
        "Latest day",
        "usd",
        "Cost of the latest day of the period; the day may not be over.",
        (f"{COSTS}.daily_cost_usd",),
        OfMonth("day"),
        ("developer", "agent"),
        few="hidden",
    ),
    "month_to_date": Metric(
        "Month to date",
        "usd",
        "Cost from the first of the month to the latest day of the period.",
        (f"{COSTS}.mtd_cost_usd",),
        OfMonth("to_date"),
        ("developer", "agent"),
    ),
    "forecast": Metric(
        "Forecast for the month",
        "usd",
        "Month to date + the average of the last 7 calendar days × the days that are left. "
        "None with fewer than 3 days with cost. The dashboard has the same with the average of the last 30 "
        "days below it.",
        (f"{COSTS}.month_forecast_usd", f"{COSTS}.avg_30day_cost_usd"),
        OfMonth("forecast"),
        ("developer", "agent"),
    ),
    "unpriced_tokens": Metric(
        "Unpriced tokens",
        "tokens",
        "Tokens with neither a reported cost nor a price: what they cost is missing from every cost.",
        (f"{USAGE}.unpriced_tokens",),
        Sum("usage", ("unpriced",), "unpriced tokens"),
        OF_USAGE,
        better="down",
    ),
}
