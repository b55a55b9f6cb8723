"""What the page needs where it shows no group of fewer than so many people: rows without a person.

They have the shape that `data` gives, so that the page adds up both alike: a row is a group of
`pipeline.outputs.groups` and stands on the group's last day. There are no developers, no single commits,
neither methods nor sizes, and no cost of commits: that is a part of the agents' cost, and the rest of it
could be a few people's.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.engines.base import Engine
from pipeline.outputs.dashboard.data import (
    COMMIT_COLUMNS,
    LATEST_COLUMNS,
    USAGE_COLUMNS,
    about,
    budgets,
    standings,
)
from pipeline.outputs.groups import OTHERS, Group
from pipeline.outputs.marts import (
    AGENTS,
    COMMIT_FIGURES,
    ORIGINS,
    USAGE_FIGURES,
    active_people,
    check_published,
    commit_groups,
    usage_groups,
)


def read_groups(
    engine: Engine, min_group: int, *, timezone: str = "UTC", window_days: int = 90
) -> dict[str, Any]:
    """Everything that the page shows, ready for JSON, with no group of fewer people.

    Args:
        engine: an open database whose marts are published.
        min_group: the least number of people of a group.
        timezone: in which days begin.
        window_days: how many days of commits and Copilot reports the marts keep.

    Raises:
        ModelError: a mart is not published.
    """
    check_published(engine)
    found = {"usage": usage_groups(engine, min_group), "commits": commit_groups(engine, min_group)}
    usage, commits = (groups or [] for groups in found.values())
    names = dict(engine.fetch(f"SELECT agent_type, agent_display_name FROM {engine.name('mart', AGENTS)}"))
    days = _places(group.last_day for group in [*usage, *commits])
    agents = _places([*(group.names[0] for group in usage), *(group.names[1] for group in commits)], names)
    models = _places(group.names[1] for group in usage)
    projects = _places(group.names[2] for group in commits)
    origins = {origin: place for place, origin in enumerate([*ORIGINS, OTHERS])}
    people = active_people(engine, min_group)
    return {
        "about": about(engine, timezone, window_days)
        | {"min_group": min_group, "too_few": [kind for kind, groups in found.items() if groups is None]},
        "days": [*days],
        "developers": [],
        "agents": [
            {"id": key, "name": names.get(key, "Other agents"), "people": people["agent"].get(key)}
            for key in agents
        ],
        "models": ["Other models" if name == OTHERS else name for name in models],
        "projects": ["Other projects" if name == OTHERS else name for name in projects],
        "methods": [],
        "sizes": [],
        "origins": [*ORIGINS, "folded"],
        "usage": _table(
            USAGE_COLUMNS,
            (
                {
                    "day": days[group.last_day],
                    "agent": agents[group.names[0]],
                    "model": models[group.names[1]],
                    "commits": 0,
                    **dict(zip(USAGE_FIGURES, group.figures, strict=True)),
                }
                for group in usage
            ),
        ),
        "commits": _table(
            COMMIT_COLUMNS,
            (
                {
                    "day": days[group.last_day],
                    "origin": origins[group.names[0]],
                    "agent": agents.get(group.names[1]),
                    "project": projects.get(group.names[2]),
                    **dict(zip(COMMIT_FIGURES, group.figures, strict=True)),
                }
                for group in commits
            ),
        ),
        "latest": _table(LATEST_COLUMNS, ()),
        "budgets": [budget for budget in budgets(engine) if _is_shown(budget, usage)],
        # Neither is told of groups: a bill may be one person's.
        "bills": [],
        "seats": [],
        "standings": standings(engine, timezone, min_group),
        "people": {period: people[period] for period in ("day", "week", "month")},
    }


def _places(values: Iterable[Any], names: Mapping[str, str] | None = None) -> dict[Any, int]:
    """The place of each value in their list, by its name; NULL has none."""
    there = {value for value in values if value is not None}
    ordered = sorted(there, key=lambda value: (value == OTHERS, (names or {}).get(value, str(value))))
    return {value: place for place, value in enumerate(ordered)}


def _table(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"columns": columns, "rows": [[row.get(column) for column in columns] for row in rows]}


def _is_shown(budget: Mapping[str, Any], usage: Iterable[Group]) -> bool:
    """Whether a budget is of everything, or of an agent that stands alone in its month."""
    month = budget["month"]
    alone = {f"agent:{group.names[0]}" for group in usage if group.last_day.replace(day=1) == month}
    return budget["scope"] == "all" or budget["scope"] in alone - {f"agent:{OTHERS}"}
