"""What the page needs of the marts: rows of small numbers, and lists of the names behind them.

The page filters and adds up in the browser, so it holds the facts at the finest grain that a filter
can reach: usage per date, developer, agent and model; commits per date, developer, agent, project,
method, size and origin. A name stands once, in a list; a row holds its place there. Money is counted
in billionths of a dollar and time in microseconds, as whole numbers.
"""

import datetime as dt
from typing import Any

from pipeline.engines.base import Engine
from pipeline.errors import ModelError
from pipeline.outputs.budgets import read_budgets
from pipeline.outputs.dashboard.charges import bills, unused_seats
from pipeline.outputs.dashboard.requests import merged_requests
from pipeline.outputs.marts import (
    COMMIT_SUMS,
    FIGURES,
    OBSERVED,
    ORIGIN,
    ORIGINS,
    PERSON,
    TABLES,
    check_published,
    window_start,
)
from pipeline.run.state import published

# More rows than this make a page that a browser opens slowly; the latest days that fit are kept.
MOST_ROWS = 600_000
LATEST_COMMITS = 500
MESSAGE_LENGTH = 120

METHODS = ("explicit", "commit_link", "trailer", "time_window", "none")
SIZES = ("small", "medium", "large")

# Lists of names: the relation, the column, and the order in which the page shows them.
LISTS = {
    "days": (
        "(SELECT date AS value FROM {usage} UNION DISTINCT SELECT commit_date FROM {commits}) AS d",
        "value",
    ),
    "developers": ("(SELECT developer_id AS value, developer_name FROM {developers}) AS d", "developer_name"),
    "agents": ("(SELECT agent_type AS value, agent_display_name FROM {agents}) AS a", "agent_display_name"),
    "models": ("(SELECT DISTINCT model_name AS value FROM {usage}) AS m", "value"),
    "projects": (
        "(SELECT DISTINCT project_id AS value FROM {commits} WHERE project_id IS NOT NULL) AS p",
        "value",
    ),
}

USAGE = f"""
SELECT days.place, developers.place, agents.place, models.place, {", ".join(FIGURES.values())}
FROM {{usage}} AS facts
JOIN {{days}} AS days ON facts.date = days.value
JOIN {{developers}} AS developers ON facts.developer_id = developers.value
JOIN {{agents}} AS agents ON facts.agent_type = agents.value
JOIN {{models}} AS models ON facts.model_name = models.value
WHERE facts.date >= ? ORDER BY 1, 2, 3, 4
"""
USAGE_COLUMNS = ("day", "developer", "agent", "model", *FIGURES)

COMMITS = f"""
SELECT days.place, developers.place, agents.place, projects.place, method, size, origin,
       {", ".join(COMMIT_SUMS.values())}
FROM (
    SELECT c.*, {{method}} AS method, {{size}} AS size, {{origin}} AS origin
    FROM {{commits}} AS c LEFT JOIN {{observed}} AS t ON c.developer_id = t.developer_id
    WHERE c.commit_date >= ?
) AS facts
JOIN {{days}} AS days ON facts.commit_date = days.value
JOIN {{developers}} AS developers ON facts.developer_id = developers.value
LEFT JOIN {{agents}} AS agents ON facts.agent_type = agents.value
LEFT JOIN {{projects}} AS projects ON facts.project_id = projects.value
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
COMMIT_COLUMNS = (
    *("day", "developer", "agent", "project", "method", "size", "origin"),
    *("commits", "lines", "nano"),
)

LATEST = """
SELECT days.place, developers.place, agents.place, projects.place, {method} AS method,
       {origin} AS origin, c.commit_hash, c.commit_message, c.lines_changed,
       CAST(ROUND(c.cost_usd * 1e9) AS BIGINT)
FROM {commits} AS c LEFT JOIN {observed} AS t ON c.developer_id = t.developer_id
JOIN {days} AS days ON c.commit_date = days.value
JOIN {developers} AS developers ON c.developer_id = developers.value
LEFT JOIN {agents} AS agents ON c.agent_type = agents.value
LEFT JOIN {projects} AS projects ON c.project_id = projects.value
WHERE c.commit_date >= ?
ORDER BY c.commit_timestamp DESC, c.commit_hash LIMIT {limit}
"""
LATEST_COLUMNS = (
    *("day", "developer", "agent", "project", "method", "origin"),
    *("hash", "message", "lines", "nano"),
)

ROWS_BY_DAY = """
SELECT day, CAST(SUM(row_count) AS BIGINT) FROM (
    SELECT date AS day, COUNT(*) AS row_count FROM {usage} GROUP BY date
    UNION ALL
    SELECT commit_date AS day, COUNT(*) AS row_count FROM {commits} GROUP BY commit_date
) AS days GROUP BY day ORDER BY day DESC
"""


def read_marts(engine: Engine, *, timezone: str = "UTC", window_days: int = 90) -> dict[str, Any]:
    """Everything that the page shows, ready for JSON.

    Args:
        engine: an open database whose marts are published.
        timezone: in which days begin.
        window_days: how many days of commits and Copilot reports the marts keep.

    Raises:
        ModelError: a mart is not published.
    """
    check_published(engine)
    names = {
        name: engine.name("mart", table)
        for name, table in zip(("usage", "commits", "developers", "agents"), TABLES, strict=True)
    }
    first_day, cut_off = _first_day(engine.fetch(ROWS_BY_DAY.format(**names)))
    lists = {name: _numbered(relation.format(**names), order) for name, (relation, order) in LISTS.items()}
    sql = lists | {
        "usage": names["usage"],
        "commits": names["commits"],
        "observed": OBSERVED.format(**names),
        "origin": ORIGIN,
        "method": _place_in("c.attribution_method", METHODS),
        "size": _place_in("c.commit_size", SIZES),
        "limit": str(LATEST_COMMITS),
    }

    def rows(query: str) -> list[tuple[Any, ...]]:
        return engine.fetch(query.format(**sql), [first_day])

    def values(name: str) -> list[Any]:
        return [
            value for value, _ in engine.fetch(f"SELECT value, place FROM {lists[name]} AS l ORDER BY place")
        ]

    named = {name: values(name) for name in ("developers", "projects", "agents")}
    return {
        "about": about(engine, timezone, window_days) | {"first_day": first_day, "cut_off": cut_off},
        "days": values("days"),
        "developers": _developers(engine, names["developers"], named["developers"]),
        "agents": _agents(engine, names["agents"], named["agents"]),
        "models": values("models"),
        "projects": named["projects"],
        "methods": METHODS,
        "sizes": SIZES,
        "origins": ORIGINS,
        "usage": {"columns": USAGE_COLUMNS, "rows": rows(USAGE)},
        "commits": {"columns": COMMIT_COLUMNS, "rows": rows(COMMITS)},
        "latest": {"columns": LATEST_COLUMNS, "rows": [_with_subject(row) for row in rows(LATEST)]},
        "requests": merged_requests(engine, timezone, first_day, named),
        "budgets": budgets(engine),
        "bills": bills(engine),
        "seats": unused_seats(engine),
        "standings": standings(engine, timezone),
    }


def about(engine: Engine, timezone: str, window_days: int) -> dict[str, Any]:
    """What the page says of all its numbers; all days are on it."""
    run = published(engine, engine.shapes("meta")).get(("mart", TABLES[0]))
    return {
        "as_of": run.as_of if run else None,
        "timezone": timezone,
        "first_day": None,
        "cut_off": False,
        "window_start": window_start(engine, timezone, window_days),
        "window_days": window_days,
    }


def _first_day(days: list[tuple[Any, ...]]) -> tuple[dt.date, bool]:
    """The earliest day that the page holds, and whether there are days before it."""
    total, first = 0, None
    for day, rows in days:
        total += rows
        if first is not None and total > MOST_ROWS:
            return first, True
        first = day
    return first or dt.date(1970, 1, 1), False


def _numbered(relation: str, order: str) -> str:
    """A relation of values and their places, from 0, in that order."""
    places = f"ROW_NUMBER() OVER (ORDER BY {', '.join(dict.fromkeys([order, 'value']))}) - 1"
    return f"(SELECT value, {places} AS place FROM {relation})"


def _place_in(column: str, words: tuple[str, ...]) -> str:
    """An expression for the place of a column's word in a closed list."""
    cases = " ".join(f"WHEN '{word}' THEN {place}" for place, word in enumerate(words))
    return f"CASE {column} {cases} END"


def _with_subject(row: tuple[Any, ...]) -> list[Any]:
    """A row of `LATEST` with the first line of its message."""
    at = LATEST_COLUMNS.index("message")
    subject = (row[at] or "").strip().partition("\n")[0][:MESSAGE_LENGTH]
    return [*row[:at], subject, *row[at + 1 :]]


def _developers(engine: Engine, table: str, ids: list[str]) -> list[dict[str, Any]]:
    rows = engine.fetch(f"SELECT developer_id, developer_name, {PERSON} FROM {table}")
    found = {key: {"id": key, "name": name, "person": bool(person)} for key, name, person in rows}
    return [found[key] for key in ids]


def _agents(engine: Engine, table: str, ids: list[str]) -> list[dict[str, Any]]:
    names = dict(engine.fetch(f"SELECT agent_type, agent_display_name FROM {table}"))
    return [{"id": key, "name": names[key]} for key in ids]


def budgets(engine: Engine) -> list[dict[str, Any]]:
    """Budgets of months, by month and scope, of what the page can add up: everything, people and agents."""
    if "fct_budgets" not in engine.shapes("mart"):
        return []
    rows = engine.fetch(
        f"SELECT scope, period_start, budget_usd FROM {engine.name('mart', 'fct_budgets')}"
        " WHERE period = 'month'"
        " AND (scope = 'all' OR scope LIKE 'developer:%' OR scope LIKE 'agent:%')"
        " ORDER BY period_start, scope"
    )
    return [{"scope": scope, "month": month, "usd": usd} for scope, month, usd in rows]


def standings(engine: Engine, timezone: str, min_group: int = 1) -> list[dict[str, Any]]:
    """How the budgets of the last build's month and year stand, as `budget check` tells it."""
    try:
        found = read_budgets(engine, timezone=timezone, min_group=min_group)
    except ModelError:  # what an earlier release has made has none
        return []
    budgets: list[dict[str, Any]] = found.document()["budgets"]
    return budgets
