"""What several outputs read of the marts: who is a person, whose a commit is, and all of it in groups."""

import datetime as dt
from collections import defaultdict
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.engines.base import Engine
from pipeline.errors import ModelError
from pipeline.outputs.groups import Cell, Group, grouped, round_down
from pipeline.run.state import published

USAGE, COMMITS, DEVELOPERS, AGENTS = TABLES = (
    *("fct_daily_agent_usage", "fct_git_commits"),
    *("dim_developers", "dim_agents"),
)

# Of a row of `fct_daily_agent_usage`, in whole numbers: billionths of a dollar, microseconds.
FIGURES = {
    "sessions": "total_sessions",
    "micros": "CAST(ROUND(total_duration_seconds * 1e6) AS BIGINT)",
    "input": "total_input_tokens",
    "output": "total_output_tokens",
    "creation": "total_cache_creation_tokens",
    "read": "total_cache_read_tokens",
    "nano": "CAST(ROUND(total_cost_usd * 1e9) AS BIGINT)",
    "unpriced": "unpriced_tokens",
    "commits": "agent_assisted_commits",
    "edits_accepted": "edits_accepted",
    "edits_decided": "edits_accepted + edits_rejected",
    "acceptances": "copilot_acceptances",
    "suggestions": "copilot_suggestions",
}
# Commits are told by `commit_groups`: the same figure in groups of two kinds could be subtracted.
USAGE_FIGURES = tuple(name for name in FIGURES if name != "commits")
COMMIT_FIGURES = ("commits", "lines")

# A developer who is known and no bot: GitHub writes `[bot]` into the names of apps that commit.
PERSON = """(is_known AND COALESCE(developer_name, '') NOT LIKE '%[bot]%'
    AND COALESCE(developer_email, '') NOT LIKE '%[bot]%')"""
# A row of usage with any activity.
ACTIVE = """(total_sessions > 0 OR total_tokens > 0 OR agent_assisted_commits > 0
    OR copilot_suggestions > 0 OR copilot_acceptances > 0)"""
# A row of usage of which nothing tells the cost, though its cost in the marts is 0: suggestions of Copilot,
# and commits without a session or tokens.
UNTOLD = """(total_sessions = 0 AND total_tokens = 0 AND total_cost_usd = 0
    AND agent_assisted_commits + copilot_suggestions + copilot_acceptances > 0)"""

# Sums over commits, in whole numbers.
COMMIT_SUMS = {
    "commits": "COUNT(*)",
    "lines": "CAST(SUM(lines_changed) AS BIGINT)",
    "nano": "CAST(ROUND(SUM(cost_usd) * 1e9) AS BIGINT)",
}

# A commit without an agent is human only where the developer's agents had reported by then: else
# nobody can know. The place of a commit `c` in ORIGINS; `t` is OBSERVED.
ORIGINS = ("agent", "human", "unknown")
ORIGIN = """CASE WHEN c.is_agent_assisted THEN 0 WHEN c.commit_date >= t.first_day THEN 1 ELSE 2 END"""
OBSERVED = """(
    SELECT developer_id, MIN(date) AS first_day FROM {usage}
    WHERE (total_sessions > 0 OR total_tokens > 0) AND developer_id <> 'unknown'
    GROUP BY developer_id
)"""

_COMMITS = """
SELECT {origin}, c.agent_type, c.project_id, c.commit_date, c.developer_id,
       COUNT(*), CAST(SUM(c.lines_changed) AS BIGINT)
FROM {commits} AS c LEFT JOIN {observed} AS t ON c.developer_id = t.developer_id
GROUP BY 1, 2, 3, 4, 5
"""


def check_published(engine: Engine) -> None:
    """Refuse a database without what is shown of it.

    Raises:
        ModelError: names a mart that is not published.
    """
    there = engine.shapes("mart")
    if missing := [table for table in TABLES if table not in there]:
        raise ModelError(
            f"{missing[0]} is not published in {engine.url}, and its numbers are asked for."
            " `aa-pipeline build` makes it."
        )


def window_start(engine: Engine, timezone: str, window_days: int) -> dt.date | None:
    """The first whole day of the window of commits and Copilot reports; None where no run is known."""
    run = published(engine, engine.shapes("meta")).get(("mart", USAGE))
    if run is None:
        return None
    start = (run.as_of - dt.timedelta(days=window_days)).astimezone(ZoneInfo(timezone))
    return start.date() + dt.timedelta(days=1)


def usage_groups(engine: Engine, min_group: int) -> list[Group] | None:
    """`fct_daily_agent_usage` by agent, model and day, with USAGE_FIGURES; None if too few people did it."""
    figures = ", ".join(FIGURES[name] for name in USAGE_FIGURES)
    people = _people(engine)
    rows = engine.fetch(
        f"SELECT agent_type, model_name, date, developer_id, {figures} FROM {engine.name('mart', USAGE)}"
    )
    cells = [
        Cell((agent, model), day, who if who in people else None, tuple(numbers))
        for agent, model, day, who, *numbers in rows
        if any(numbers)  # else it is about commits
    ]
    return grouped(cells, min_group) or (None if cells else [])


def commit_groups(engine: Engine, min_group: int) -> list[Group] | None:
    """`fct_git_commits` by origin, agent, project and day, with COMMIT_FIGURES.

    The origin is `OTHERS` where too few people made commits of one of the two without an agent. None if too
    few people made commits with an agent's help, or without: then no sum of both could be shown.
    """
    names = {"usage": engine.name("mart", USAGE), "commits": engine.name("mart", COMMITS)}
    query = _COMMITS.format(origin=ORIGIN, observed=OBSERVED.format(**names), **names)
    people = _people(engine)
    assisted, alone = [], []
    for origin, agent, project, day, who, *numbers in engine.fetch(query):
        person = who if who in people else None
        if ORIGINS[origin] == "agent":
            assisted.append(Cell(("agent", agent, project), day, person, tuple(numbers)))
        else:
            alone.append(Cell((ORIGINS[origin], None, project), day, person, tuple(numbers)))
    kinds = [(cells, grouped(cells, min_group)) for cells in (assisted, alone) if cells]
    if not all(groups for _, groups in kinds):
        return None
    return sorted((group for _, groups in kinds for group in groups), key=lambda group: group.last_day)


def active_people(engine: Engine, min_group: int) -> dict[str, dict[Any, int]]:
    """How many people were active by agent, and by the last day of each day, week (from Monday) and month.

    Rounded down to a multiple of `min_group`; where they are fewer, nothing is said.
    """
    people = _people(engine)
    rows = engine.fetch(f"SELECT DISTINCT date, agent_type, developer_id FROM {engine.name('mart', USAGE)}")
    found: dict[str, dict[Any, set[str]]] = {
        period: defaultdict(set) for period in ("day", "week", "month", "agent")
    }
    for day, agent, who in rows:
        if who in people:
            found["day"][day].add(who)
            found["agent"][agent].add(who)
    for day, active in found["day"].items():
        found["week"][day + dt.timedelta(days=6 - day.weekday())] |= active
        found["month"][_end_of_month(day)] |= active
    return {
        period: {key: round_down(len(who), min_group) for key, who in sets.items() if len(who) >= min_group}
        for period, sets in found.items()
    }


def _end_of_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def _people(engine: Engine) -> set[str]:
    rows = engine.fetch(f"SELECT developer_id FROM {engine.name('mart', DEVELOPERS)} WHERE {PERSON}")
    return {key for (key,) in rows}
