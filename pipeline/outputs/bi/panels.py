"""What the dashboards show: one query per panel, in SQL that DuckDB and PostgreSQL both understand."""

from dataclasses import dataclass

TITLE = "Coding agents"

USAGE = "mart.fct_daily_agent_usage"
COMMITS = "mart.fct_git_commits"

# {usage} and {commits} stand for the conditions that a tool puts there for its filters.
COST_PER_COMMIT = """
SELECT SUM(total_cost_usd) / NULLIF(SUM(agent_assisted_commits), 0) AS cost_per_commit_usd
FROM mart.fct_daily_agent_usage WHERE {usage}
"""
HIT_RATE = """
SUM(total_cache_read_tokens) * 1.0 / NULLIF(
    SUM(total_input_tokens) + SUM(total_cache_creation_tokens) + SUM(total_cache_read_tokens), 0
)"""


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        title: above it.
        meaning: what the number is.
        kind: number, bars (over time, the first column), or table.
        sql: the query, with {usage} or {commits} where its conditions go.
        unit: usd, share or count; of the numbers drawn.
        width, height: in cells of a grid that is 24 wide.
    """

    title: str
    meaning: str
    kind: str
    sql: str
    unit: str = "count"
    width: int = 12
    height: int = 8


def _number(title: str, meaning: str, sql: str, unit: str = "count") -> Panel:
    return Panel(title, meaning, "number", sql.strip(), unit, width=4, height=4)


PANELS = (
    _number(
        "Cost",
        "What the agents reported, else tokens × list price; unpriced tokens are not in it.",
        f"SELECT SUM(total_cost_usd) AS cost_usd FROM {USAGE} WHERE {{usage}}",
        "usd",
    ),
    _number(
        "Assisted commits",
        "Commits with an agent's help, as far as is known.",
        f"SELECT COUNT(*) AS commits FROM {COMMITS} WHERE is_agent_assisted AND {{commits}}",
    ),
    _number("Cost per commit", "Cost ÷ assisted commits.", COST_PER_COMMIT, "usd"),
    _number(
        "Developers",
        "People with any activity.",
        f"SELECT COUNT(DISTINCT developer_id) AS developers FROM {USAGE}"
        " WHERE developer_id <> 'unknown' AND {usage}",
    ),
    _number(
        "Cache hit rate",
        "Cache reads ÷ (input + cache writes + cache reads).",
        f"SELECT {HIT_RATE} AS cache_hit_rate\nFROM {USAGE} WHERE {{usage}}",
        "share",
    ),
    _number(
        "Unpriced tokens",
        "Tokens with neither a reported cost nor a price: their cost is missing from every cost.",
        f"SELECT SUM(unpriced_tokens) AS unpriced_tokens FROM {USAGE} WHERE {{usage}}",
    ),
    Panel(
        "Cost by day",
        "Cost of each day, by agent.",
        "bars",
        f"SELECT date, agent_type, SUM(total_cost_usd) AS cost_usd\nFROM {USAGE} WHERE {{usage}}\n"
        "GROUP BY date, agent_type ORDER BY date, agent_type",
        "usd",
    ),
    Panel(
        "Active developers by day",
        "People with any activity on the day.",
        "bars",
        f"SELECT date, COUNT(DISTINCT developer_id) AS developers\nFROM {USAGE}"
        " WHERE developer_id <> 'unknown' AND {usage}\nGROUP BY date ORDER BY date",
    ),
    Panel(
        "Commits by how an agent's help is known",
        "explicit, commit_link, trailer and time_window are assisted; none shows no sign of an agent.",
        "bars",
        "SELECT commit_date AS date, attribution_method, COUNT(*) AS commits\n"
        f"FROM {COMMITS} WHERE {{commits}}\n"
        "GROUP BY commit_date, attribution_method ORDER BY commit_date, attribution_method",
    ),
    Panel(
        "Models",
        "Cost and tokens by model.",
        "table",
        "SELECT model_name, SUM(total_cost_usd) AS cost_usd, SUM(total_tokens) AS tokens,\n"
        f"    SUM(unpriced_tokens) AS unpriced_tokens\nFROM {USAGE} WHERE {{usage}}\n"
        "GROUP BY model_name ORDER BY SUM(total_tokens) DESC",
    ),
    Panel(
        "Agents",
        "The agents side by side.",
        "table",
        "SELECT agent_type, COUNT(DISTINCT developer_id) AS developers, SUM(total_sessions) AS sessions,\n"
        "    SUM(total_cost_usd) AS cost_usd, SUM(agent_assisted_commits) AS assisted_commits,\n"
        "    SUM(total_cost_usd) / NULLIF(SUM(agent_assisted_commits), 0) AS cost_per_commit_usd\n"
        f"FROM {USAGE} WHERE {{usage}}\nGROUP BY agent_type ORDER BY SUM(total_cost_usd) DESC NULLS LAST",
    ),
    Panel(
        "Developers in detail",
        "Who used agents on how many days, and what came of it.",
        "table",
        "SELECT developer_id, COUNT(DISTINCT date) AS active_days, SUM(total_sessions) AS sessions,\n"
        "    SUM(total_cost_usd) AS cost_usd, SUM(agent_assisted_commits) AS assisted_commits,\n"
        "    SUM(agent_assisted_lines_added + agent_assisted_lines_deleted) AS assisted_lines\n"
        f"FROM {USAGE} WHERE {{usage}}\n"
        "GROUP BY developer_id ORDER BY COUNT(DISTINCT date) DESC, developer_id",
    ),
)
