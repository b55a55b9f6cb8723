"""What an export writes where no group of few people may be told: two facts in groups, no row of a person.

The groups are those that the dashboard shows, so that no file can be subtracted from the page.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.engines.base import Engine
from pipeline.errors import ModelError
from pipeline.outputs.groups import Group
from pipeline.outputs.marts import COMMIT_FIGURES, COMMITS, USAGE, USAGE_FIGURES, commit_groups, usage_groups
from pipeline.plan import PlanTable

if TYPE_CHECKING:
    import pyarrow as pa

GROUPED = (USAGE, COMMITS)
# Seeds that name people; the others are about agents and prices.
PERSONAL_SEEDS = ("identities", "budgets", "projects", "seats", "teams")


def check_tables(tables: Sequence[PlanTable], min_group: int) -> None:
    """Refuse tables about people that are not written in groups.

    Raises:
        ModelError: names them.
    """
    refused = [
        table.name
        for table in tables
        if table.name not in GROUPED and (table.kind != "seed" or table.name in PERSONAL_SEEDS)
    ]
    if refused:
        raise ModelError(
            f"Not exported, since its rows may tell of fewer than {min_group} people ([privacy] min_group):"
            f" {', '.join(refused)}. `aa-pipeline export` without -s writes {' and '.join(GROUPED)} in groups"
            " of at least that many. For other figures aggregate in the database, or set min_group = 1."
        )


def read_grouped(engine: Engine, table: str, min_group: int) -> "pa.RecordBatchReader":
    """The groups of a fact, a row each, by day; none if they are of too few people."""
    import pyarrow as pa

    read, columns = {USAGE: (usage_groups, _USAGE), COMMITS: (commit_groups, _COMMITS)}[table]
    groups = read(engine, min_group) or []
    rows = [{name: value(group) for name, (_, value) in columns.items()} for group in groups]
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, (kind, _) in columns.items()])
    return pa.Table.from_pylist(rows, schema).to_reader()


# The type of a column and its value for a group.
Column = tuple[str, Callable[[Group], Any]]


def _name(place: int) -> Column:
    return "string", lambda group: group.names[place]


def _figure(figures: Sequence[str], name: str, unit: int = 1) -> Column:
    """A figure; in units of so many of the small ones that groups count in."""
    place = figures.index(name)
    if unit == 1:
        return "int64", lambda group: group.figures[place]
    return "float64", lambda group: None if (value := group.figures[place]) is None else value / unit


def _sum(figures: Sequence[str], *names: str) -> Column:
    """Several figures together."""
    places = [figures.index(name) for name in names]
    return "int64", lambda group: sum(group.figures[place] or 0 for place in places)


_PEOPLE: Column = ("int64", lambda group: group.people)
_FIRST: Column = ("date32", lambda group: group.first_day)
_LAST: Column = ("date32", lambda group: group.last_day)

# Columns that have the name of the fact's have its meaning, for all days from first_date on.
_USAGE: dict[str, Column] = {
    "first_date": _FIRST,
    "date": _LAST,
    "agent_type": _name(0),
    "model_name": _name(1),
    "developers_at_least": _PEOPLE,
    "total_sessions": _figure(USAGE_FIGURES, "sessions"),
    "total_duration_seconds": _figure(USAGE_FIGURES, "micros", 10**6),
    "total_input_tokens": _figure(USAGE_FIGURES, "input"),
    "total_output_tokens": _figure(USAGE_FIGURES, "output"),
    "total_cache_creation_tokens": _figure(USAGE_FIGURES, "creation"),
    "total_cache_read_tokens": _figure(USAGE_FIGURES, "read"),
    "total_cost_usd": _figure(USAGE_FIGURES, "nano", 10**9),
    "unpriced_tokens": _figure(USAGE_FIGURES, "unpriced"),
    # Edits, and Copilot's suggestions.
    "accepted": _sum(USAGE_FIGURES, "edits_accepted", "acceptances"),
    "decided": _sum(USAGE_FIGURES, "edits_decided", "suggestions"),
}
_COMMITS: dict[str, Column] = {
    "first_date": _FIRST,
    "commit_date": _LAST,
    "origin": _name(0),
    "agent_type": _name(1),
    "project_id": _name(2),
    "developers_at_least": _PEOPLE,
    "commits": _figure(COMMIT_FIGURES, "commits"),
    "lines_changed": _figure(COMMIT_FIGURES, "lines"),
}
