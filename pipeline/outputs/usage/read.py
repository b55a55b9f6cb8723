"""Usage from the published tables: summed by the database as far as rows need it, then folded."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.engines.base import Engine
from pipeline.outputs.usage.blocks import blocks_of
from pipeline.outputs.usage.figures import SUMS, Figures, Row, Usage

KINDS = ("day", "week", "month", "session", "project", "model", "agent", "block")
# What is read; a build of these and what they read is enough.
TABLES = ("int_usage_costs", "stg_agent_sessions", "agents")

UNKNOWN = "unknown"
EVER = dt.date(1, 1, 1), dt.date(9999, 12, 31)

# What rows of usage, and sessions, are told apart by in the database.
_PROJECT = "COALESCE(s.project_id, c.project_id)"  # the session's, else what the usage itself names
_USAGE_KEYS = {"session": f"c.session_id, {_PROJECT}", "project": _PROJECT}
_SESSION_KEYS = {"project": "s.project_id"}

_USAGE = """
SELECT c.agent_type, c.model_name, MIN(c.first_used_at), MAX(c.last_used_at), {sums}, {key}
FROM {costs} AS c LEFT JOIN {sessions} AS s ON c.session_id = s.session_id
WHERE c.day >= ? AND c.day <= ?
GROUP BY c.agent_type, c.model_name, {key}
"""
_SESSIONS = """
SELECT s.agent_type, s.model_name, COUNT(*), {key} FROM {sessions} AS s
WHERE s.session_date >= ? AND s.session_date <= ?
GROUP BY s.agent_type, s.model_name, {key}
"""

# Agent, model, figures, and the values of the key.
_Part = tuple[str, str, Figures, list[Any]]


def read_usage(
    engine: Engine,
    by: str = "day",
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    timezone: str = "UTC",
    now: dt.datetime | None = None,
) -> Usage:
    """What was used and what it cost.

    Args:
        engine: an open database in which `TABLES` are published.
        by: one of `KINDS`: what each row is about.
        since: the first day that counts; a block counts whole, on the day of its start.
        until: the last one.
        timezone: in which the days of the tables begin.
        now: which block is running; the clock's, if it is not given.
    """
    first, last = since or EVER[0], until or EVER[1]
    if by == "block":
        rows = _blocks(engine, first, last, ZoneInfo(timezone), now or dt.datetime.now(dt.UTC))
    else:
        rows = _folded(engine, by, first, last)
    seeds = engine.name("staging", "agents")
    names = dict(engine.fetch(f"SELECT agent_type, agent_display_name FROM {seeds}"))
    return Usage(by, since, until, timezone, rows, names)


def _usage(engine: Engine, key: str, first: dt.date, last: dt.date) -> Iterator[_Part]:
    """What was used in these days."""
    sql = _USAGE.format(
        key=key,
        sums=", ".join(f"CAST(SUM(c.{name}) AS BIGINT)" for name in SUMS),
        costs=engine.name("intermediate", "int_usage_costs"),
        sessions=engine.name("staging", "stg_agent_sessions"),
    )
    for agent, model, first_at, last_at, *values in engine.fetch(sql, [first, last]):
        sums, found = values[: len(SUMS)], values[len(SUMS) :]
        yield agent, model, Figures.of(agent, model, sums, _instant(first_at), _instant(last_at)), found


def _instant(value: dt.datetime) -> dt.datetime:
    """As an instant of UTC; some drivers leave the zone out."""
    return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _sessions(engine: Engine, key: str, first: dt.date, last: dt.date) -> Iterator[_Part]:
    """How many sessions started in these days, each under its main model."""
    sql = _SESSIONS.format(key=key, sessions=engine.name("staging", "stg_agent_sessions"))
    for agent, model, count, *found in engine.fetch(sql, [first, last]):
        yield agent, model, Figures(sessions=count, agents=Counter({agent: 0})), found


def _folded(engine: Engine, by: str, first: dt.date, last: dt.date) -> list[Row]:
    parts = [*_usage(engine, _USAGE_KEYS.get(by, "c.day"), first, last)]
    if by != "session":
        parts += _sessions(engine, _SESSION_KEYS.get(by, "s.session_date"), first, last)
    rows: dict[tuple[Any, ...], Row] = {}
    for agent, model, figures, key in parts:
        labels = _LABELS[by](key, agent, model)
        rows.setdefault(tuple(labels.values()), Row(labels, Figures())).figures.add(figures)
    if by == "session":
        return [_with_times(row) for row in sorted(rows.values(), key=_last_used)]
    if by in ("project", "model", "agent"):
        return sorted(rows.values(), key=_most_expensive)
    return sorted(rows.values(), key=lambda row: row.labels[by])


def _day(key: list[Any], agent: str, model: str) -> dict[str, Any]:
    return {"day": key[0]}


def _week(key: list[Any], agent: str, model: str) -> dict[str, Any]:
    return {"week": key[0] - dt.timedelta(days=key[0].weekday())}  # its Monday, as in `fct_agent_costs`


def _month(key: list[Any], agent: str, model: str) -> dict[str, Any]:
    return {"month": f"{key[0]:%Y-%m}"}


def _session(key: list[Any], agent: str, model: str) -> dict[str, Any]:
    return {"session": key[0], "agent": agent, "project": key[1] or UNKNOWN}


_LABELS: Mapping[str, Callable[[list[Any], str, str], dict[str, Any]]] = {
    "day": _day,
    "week": _week,
    "month": _month,
    "session": _session,
    "project": lambda key, agent, model: {"project": key[0] or UNKNOWN},
    "model": lambda key, agent, model: {"model": model},
    "agent": lambda key, agent, model: {"agent": agent},
}


def _last_used(row: Row) -> tuple[Any, ...]:
    return row.figures.last_at, row.labels["session"] or "", row.labels["agent"]


def _most_expensive(row: Row) -> tuple[Any, ...]:
    return -(row.figures.cost_nano_usd or 0), -row.figures.total_tokens, *row.labels.values()


def _with_times(row: Row) -> Row:
    return Row({**row.labels, "first_at": row.figures.first_at, "last_at": row.figures.last_at}, row.figures)


def _blocks(engine: Engine, first: dt.date, last: dt.date, zone: ZoneInfo, now: dt.datetime) -> list[Row]:
    # All hours ever: where a block begins depends on the one before it.
    hours = [
        (developer, agent, _instant(hour), figures)
        for agent, _, figures, (developer, hour) in _usage(engine, "c.developer_id, c.hour", *EVER)
    ]
    return [
        Row(block.labels(now), block.figures)
        for block in blocks_of(hours)
        if first <= block.start.astimezone(zone).date() <= last
    ]
