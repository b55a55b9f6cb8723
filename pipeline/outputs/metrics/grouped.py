"""Sums over groups of people of which none is small, as the dashboard has them where min_group is set.

A group stands on its last day. Numbers of people are told of whole days, weeks and months, or of agents over
all days, and are rounded down: else two of them could be subtracted.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pipeline.engines.base import Engine
from pipeline.errors import SelectionError
from pipeline.outputs.groups import OTHERS, Group
from pipeline.outputs.marts import (
    COMMIT_FIGURES,
    USAGE_FIGURES,
    active_people,
    commit_groups,
    usage_groups,
)
from pipeline.outputs.metrics.expressions import TIME, Operand, Sum, has_dimension
from pipeline.outputs.metrics.rows import Key, Period, Value, in_unit

NAMES = {"usage": ("agent", "model"), "commits": ("origin", "agent", "project")}
DIMENSIONS = {fact: (*TIME, *names) for fact, names in NAMES.items()}
# A group that has none of these, but suggestions of Copilot, has no cost that anything tells.
_COST = ("sessions", "input", "output", "creation", "read", "nano")
_FIGURES = {"usage": USAGE_FIGURES, "commits": COMMIT_FIGURES}


def start_of(dimension: str, day: dt.date) -> dt.date:
    """The first day of the day, week (from Monday) or month of a day."""
    if dimension == "week":
        return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1) if dimension == "month" else day


class Groups:
    """The marts of an open database, in groups of at least so many people.

    Args:
        engine: an open database whose marts are published.
        min_group: the least number of people of a group.
        where: values by dimension that groups must have.
        period: the days that count.
    """

    def __init__(
        self, engine: Engine, min_group: int, where: Mapping[str, Sequence[str]], period: Period
    ) -> None:
        self.engine, self.min_group, self.where, self.period = engine, min_group, where, period

    def values(self, operand: Operand, by: Sequence[str]) -> dict[Key, Value]:
        """A sum, by values of dimensions; without dimensions, one under the empty key.

        Raises:
            SelectionError: too few people are behind all of it.
        """
        if not isinstance(operand, Sum):
            return self._people(by[0])
        found: dict[Key, list[int | None]] = defaultdict(list)
        if not by:
            found[()] = []
        for names, group in self._told(operand):
            key = tuple(
                start_of(dimension, group.last_day) if dimension in TIME else names[dimension]
                for dimension in by
            )
            if operand.origin in (None, names.get("origin")):
                found[key].append(_sum(operand, group))
            elif names["origin"] == OTHERS and operand.origin != "agent":
                found[key].append(None)  # of these nobody knows how many are of this origin
        folded = operand.origin in ("human", "unknown")
        return {key: _total(values, operand.per, folded=folded) for key, values in found.items()}

    def known(self, fact: str, dimension: str) -> set[str]:
        """The names that groups have: of others it is not told whether they are there."""
        place = NAMES[fact].index(dimension)
        groups = (self._usage if fact == "usage" else self._commits) or []
        return {group.names[place] for group in groups if group.names[place] is not None}

    def _told(self, operand: Sum) -> list[tuple[dict[str, Any], Group]]:
        """The groups that count, with their names by dimension."""
        groups = self._usage if operand.fact == "usage" else self._commits
        if groups is None:
            raise SelectionError(
                f"Too few people to tell: {'usage' if operand.fact == 'usage' else 'commits'} of fewer than"
                f" {self.min_group} people are not told of ([privacy] min_group)."
            )
        wanted = {
            dimension: values for dimension, values in self.where.items() if has_dimension(operand, dimension)
        }
        first, last = self.period.since or dt.date.min, self.period.until or dt.date.max
        named = ((dict(zip(NAMES[operand.fact], group.names, strict=True)), group) for group in groups)
        return [
            (names, group)
            for names, group in named
            if first <= group.last_day <= last
            and all(names[dimension] in values for dimension, values in wanted.items())
        ]

    @cached_property
    def _usage(self) -> list[Group] | None:
        return usage_groups(self.engine, self.min_group)

    @cached_property
    def _commits(self) -> list[Group] | None:
        return commit_groups(self.engine, self.min_group)

    def _people(self, by: str) -> dict[Key, Value]:
        """How many people were active, in each whole period that is not all left out, or with each agent."""
        found = active_people(self.engine, self.min_group)[by]
        if by == "agent":
            return {(agent,): people for agent, people in found.items()}
        first, last = self.period.since or dt.date.min, self.period.until or dt.date.max
        return {
            (start_of(by, end),): people
            for end, people in found.items()
            if end >= first and start_of(by, end) <= last
        }


def _sum(operand: Sum, group: Group) -> int | None:
    """The sum of figures of a group; none where one is not known."""
    told = dict(zip(_FIGURES[operand.fact], group.figures, strict=True))
    if operand.figures == ("nano",) and not any(told[name] for name in _COST) and _suggested(told):
        return None
    figures = [told[name] for name in operand.figures]
    return None if None in figures else sum(figure or 0 for figure in figures)


def _suggested(told: Mapping[str, int | None]) -> bool:
    return bool(told["suggestions"] or told["acceptances"])


def _total(values: Sequence[int | None], per: float, *, folded: bool) -> Value:
    """The sum of what is known; none where nothing is, or where all of it must be."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) and (folded or not known):
        return None
    return in_unit(sum(known), per)
