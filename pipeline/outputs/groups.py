"""Figures about groups of people of which none is smaller than a least number.

Every page and export shows sums over the same disjoint groups, each with at least `min_group` people. So
whatever is added up or subtracted is again made of whole groups: no difference tells of fewer people.
Groups come from splitting: all rows by month, each month by a first name (an agent, say), each part by the
next one, and at last by day. What is too small to stand alone is put together:

* **Names** with too few people become one group, `OTHERS`. If that still has too few, the next smallest
  name joins it: else it would be what is left when the others are subtracted from their sum.
* **Days** with too few people are counted with the days after them, until there are enough; the last days,
  if they are too few, with those before. So are months.
* **All rows** together, if they have too few people, are no group at all.

A person is behind every figure of a group in which it has rows, even where its own part of the figure is 0.
How many people a group has is told in whole multiples of the least number: two such numbers differ by 0 or by
at least as many.

What is not promised: that two builds, or two settings of `min_group`, cannot be compared; and that nobody
guesses the share of one person who makes nearly all of a large group's figure.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

OTHERS = "(others)"

# Whole numbers; None where it is not known.
Figures = tuple[int | None, ...]


class Cell(NamedTuple):
    """What somebody did on one day.

    Attributes:
        names: what it belongs to, the broadest first, such as agent and model.
        day: when it was.
        person: who it was; None if that is no person or not known, which counts as nobody.
        figures: to be added up.
    """

    names: tuple[Any, ...]
    day: dt.date
    person: str | None
    figures: Figures


@dataclass(frozen=True)
class Group:
    """What at least `min_group` people did from a first day to a last.

    Attributes:
        names: as in the cells, or `OTHERS`.
        people: how many they are, rounded down to a multiple of `min_group`.
    """

    names: tuple[Any, ...]
    first_day: dt.date
    last_day: dt.date
    people: int
    figures: Figures


def grouped(cells: Sequence[Cell], min_group: int) -> list[Group]:
    """Disjoint groups of at least so many people, by day, which hold all cells; none if all are fewer.

    Args:
        cells: all with the same number of names and of figures.
        min_group: the least number of people of a group.
    """
    if len(_people(cells)) < min_group:
        return []
    groups = [_group(names, part, min_group) for names, part in _split(cells, min_group)]
    return sorted(groups, key=lambda group: (group.last_day, str(group.names)))


def round_down(people: int, min_group: int) -> int:
    """A number of people as it is shown.

    >>> [round_down(people, 5) for people in (4, 5, 13)]
    [0, 5, 10]
    """
    return people - people % min_group


def _split(cells: Sequence[Cell], least: int) -> Iterator[tuple[tuple[Any, ...], list[Cell]]]:
    # Months come first: their sums are true, and new rows do not change how those before were split.
    for month in _spans(cells, least, lambda cell: (cell.day.year, cell.day.month)):
        for names, part in _by_names(month, least, ()):
            for days in _spans(part, least, lambda cell: cell.day):
                yield names, days


def _by_names(
    cells: Sequence[Cell], least: int, names: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], list[Cell]]]:
    """Cells of the same first names, split by those that follow."""
    if len(names) == len(cells[0].names):
        yield names, list(cells)
        return
    by_name: dict[Any, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_name[cell.names[len(names)]].append(cell)
    people = {name: _people(part) for name, part in by_name.items()}
    others: list[Cell] = []
    among_others: set[str] = set()
    for name in sorted(by_name, key=lambda name: (len(people[name]), str(name))):
        if len(people[name]) < least or (others and len(among_others) < least):
            others += by_name[name]
            among_others |= people[name]
        else:
            yield from _by_names(by_name[name], least, (*names, name))
    if others:
        yield from _by_names(others, least, (*names, OTHERS))


def _spans(cells: Iterable[Cell], least: int, period: Callable[[Cell], Any]) -> list[list[Cell]]:
    """Periods in a row with enough people together, as few in each span as there can be."""
    spans: list[list[Cell]] = []
    span: list[Cell] = []
    people: set[str] = set()
    for _, part in groupby(sorted(cells, key=period), key=period):
        within = list(part)
        span += within
        people |= _people(within)
        if len(people) >= least:
            spans.append(span)
            span, people = [], set()
    spans[-1] += span
    return spans


def _people(cells: Iterable[Cell]) -> set[str]:
    return {cell.person for cell in cells if cell.person is not None}


def _group(names: tuple[Any, ...], cells: Sequence[Cell], least: int) -> Group:
    days = [cell.day for cell in cells]
    figures = tuple(_sum(values) for values in zip(*(cell.figures for cell in cells), strict=True))
    return Group(names, min(days), max(days), round_down(len(_people(cells)), least), figures)


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
