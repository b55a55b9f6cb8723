"""How the budgets of today stand: what `budget check` tells, and posts."""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.engines.base import Engine
from pipeline.errors import ModelError
from pipeline.outputs.groups import OTHERS
from pipeline.outputs.marts import usage_groups
from pipeline.run.state import published

BUDGETS = "fct_budgets"
OF_PERSON = "developer:"
# Grows when a reader of the document would have to change.
VERSION = 1
# The worst first.
STATUSES = ("broken", "will_break", "holds")


@dataclass(frozen=True)
class Standing:
    """A row of `fct_budgets`."""

    scope: str
    period: str
    period_start: dt.date
    period_end: dt.date
    budget_usd: float
    spent_usd: float
    used_share: float | None
    forecast_usd: float | None
    forecast_low_usd: float | None
    forecast_high_usd: float | None
    forecast_weeks: int | None
    status: str


@dataclass(frozen=True)
class Standings:
    """The budgets whose month or year has the day of the last build.

    Attributes:
        as_of: the instant of that build.
        rows: the worst first, then the most used.
        untold: how many more there are, which could tell of fewer than `min_group` people.
    """

    as_of: dt.datetime
    rows: list[Standing]
    untold: int = 0

    @property
    def status(self) -> str:
        """That of the worst budget."""
        return self.rows[0].status if self.rows else STATUSES[-1]

    def document(self, *, names_people: bool = True) -> dict[str, Any]:
        """What JSON has of it; without names of people, a person's budget is that of `developer`."""
        rows = [asdict(row) for row in self.rows]
        if not names_people:
            for row in rows:
                if row["scope"].startswith(OF_PERSON):
                    row["scope"] = OF_PERSON.removesuffix(":")
        return {
            "format_version": VERSION,
            "as_of": self.as_of.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
            "status": self.status,
            "budgets": rows,
            "untold": self.untold,
        }


def read_budgets(engine: Engine, *, timezone: str, min_group: int) -> Standings:
    """The budgets of the month and the year of the last build's day.

    Args:
        engine: an open database whose marts are published.
        timezone: in which its days begin.
        min_group: the least number of people behind any figure.

    Raises:
        ModelError: no build has published `fct_budgets`.
    """
    run = published(engine, engine.shapes("meta")).get(("mart", BUDGETS))
    if run is None or BUDGETS not in engine.shapes("mart"):
        raise ModelError(f"{BUDGETS} is not published in {engine.url}. `aa-pipeline build` makes it.")
    today = run.as_of.astimezone(ZoneInfo(timezone)).date()
    names = ", ".join(Standing.__dataclass_fields__)
    found = engine.fetch(
        f"SELECT {names} FROM {engine.name('mart', BUDGETS)} WHERE period_start <= ? AND ? < period_end",
        [today, today],
    )
    rows = [Standing(*row) for row in found]
    told = rows if min_group <= 1 else [*filter(_told(engine, min_group), rows)]
    return Standings(run.as_of, sorted(told, key=_worst_first), len(rows) - len(told))


def _worst_first(row: Standing) -> tuple[Any, ...]:
    used = row.used_share if row.used_share is not None else float("inf") if row.spent_usd else 0.0
    return STATUSES.index(row.status), -used, row.scope, row.period


def _told(engine: Engine, min_group: int) -> Callable[[Standing], bool]:
    """Which budgets may be told where a figure must be of so many people.

    Those of everything and, by month, of agents, where the groups that all pages show add up to them: then
    no budget can be subtracted from a page to tell of fewer people. Of teams, projects and people there are
    no such groups.
    """
    groups = usage_groups(engine, min_group) or []

    def is_told(row: Standing) -> bool:
        start, end = row.period_start, row.period_end
        inside = [group for group in groups if start <= group.last_day and group.first_day < end]
        if any(group.first_day < start or end <= group.last_day for group in inside):
            return False
        agents = {f"agent:{group.names[0]}" for group in inside} - {f"agent:{OTHERS}"}
        return bool(inside) and (row.scope == "all" or (row.period == "month" and row.scope in agents))

    return is_told
