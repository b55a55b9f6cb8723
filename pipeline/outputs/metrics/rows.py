"""Sums and counts over the rows of the marts, as SQL that is the same on every engine."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.engines.base import Engine
from pipeline.outputs.marts import (
    ACTIVE,
    COMMIT_SUMS,
    DEVELOPERS,
    FIGURES,
    OBSERVED,
    ORIGIN,
    ORIGINS,
    PERSON,
    UNTOLD,
)
from pipeline.outputs.metrics.expressions import FACTS, Count, Operand, Sum, has_dimension

Key = tuple[Any, ...]
Value = float | dt.date | None

# The first day of a week, from Monday, and of a month.
_FIRST_DAY = {
    "week": "CAST(DATE_TRUNC('week', {}) AS DATE)",
    "month": "CAST(DATE_TRUNC('month', {}) AS DATE)",
}
_FIRST_DAY_ON_BIGQUERY = {
    "week": "CAST(DATE_TRUNC({}, WEEK(MONDAY)) AS DATE)",
    "month": "CAST(DATE_TRUNC({}, MONTH) AS DATE)",
}

_USAGE_SUMS = {
    figure: f"CASE WHEN {UNTOLD} THEN NULL ELSE {sql} END" if figure == "nano" else sql
    for figure, sql in FIGURES.items()
}


@dataclass(frozen=True)
class Period:
    """Days, both inclusive; None where there is no bound."""

    since: dt.date | None = None
    until: dt.date | None = None


class Rows:
    """The marts of an open database.

    Args:
        engine: an open database whose marts are published.
        where: values by dimension that rows must have.
        period: the days that count.
    """

    def __init__(self, engine: Engine, where: Mapping[str, Sequence[str]], period: Period) -> None:
        self.engine, self.where, self.period = engine, where, period

    def values(self, operand: Operand, by: Sequence[str]) -> dict[Key, Value]:
        """A sum or count, by values of dimensions; without dimensions, one under the empty key."""
        sql, params = self.statement(operand, by)
        rows = self.engine.fetch(sql, params)
        if isinstance(operand, Sum):
            return {tuple(key): in_unit(total if count else 0, operand.per) for *key, total, count in rows}
        return {tuple(key): value for *key, value in rows}

    def known(self, fact: str, dimension: str) -> set[str]:
        """The values of a dimension that rows have."""
        if dimension == "origin":
            return {*ORIGINS}
        column, table = FACTS[fact].dimensions[dimension], self.engine.name("mart", FACTS[fact].table)
        rows = self.engine.fetch(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
        return {value for (value,) in rows}

    def statement(self, operand: Operand, by: Sequence[str]) -> tuple[str, list[Any]]:
        """The query of a sum or count, and its parameters."""
        keys = [self._key(operand, dimension) for dimension in by]
        conditions, params = self._conditions(operand)
        facts = self._facts(operand)
        if isinstance(operand, Count):
            return _count(operand, keys, facts, conditions), params
        if isinstance(operand, Sum):
            measured = [_sum(operand), "COUNT(*)"]
        else:
            measured = [f"MAX({FACTS[operand.fact].dimensions['day']})"]
        return _select([*keys, *measured], facts, conditions, len(keys)), params

    def _key(self, operand: Operand, dimension: str) -> str:
        column = FACTS[operand.fact].dimensions[dimension]
        if dimension not in _FIRST_DAY:
            return column
        on_bigquery = self.engine.dialect == "bigquery"
        return (_FIRST_DAY_ON_BIGQUERY if on_bigquery else _FIRST_DAY)[dimension].format(column)

    def _facts(self, operand: Operand) -> str:
        usage = self.engine.name("mart", FACTS["usage"].table)
        if operand.fact == "usage":
            return f"{usage} AS facts"
        words = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(ORIGINS))
        commits = self.engine.name("mart", FACTS["commits"].table)
        return (
            f"(SELECT c.*, CASE {ORIGIN} {words} END AS origin FROM {commits} AS c"
            f" LEFT JOIN {OBSERVED.format(usage=usage)} AS t ON c.developer_id = t.developer_id) AS facts"
        )

    def _conditions(self, operand: Operand) -> tuple[list[str], list[Any]]:
        """What rows must fulfil; of dimensions that they do not have, nothing."""
        columns = FACTS[operand.fact].dimensions
        found: list[str] = []
        params: list[Any] = []
        for sign, day in ((">=", self.period.since), ("<=", self.period.until)):
            if day is not None:
                found.append(f"{columns['day']} {sign} ?")
                params.append(day)
        for dimension, wanted in self.where.items():
            if has_dimension(operand, dimension):
                found.append(f"{columns[dimension]} IN ({', '.join('?' * len(wanted))})")
                params += wanted
        if isinstance(operand, Sum):
            if operand.origin:
                found.append("origin = ?")
                params.append(operand.origin)
        else:
            found.append(ACTIVE)
            if not isinstance(operand, Count) or "developer" in operand.of:
                people = f"SELECT developer_id FROM {self.engine.name('mart', DEVELOPERS)} WHERE {PERSON}"
                found.append(f"developer_id IN ({people})")
        return found, params


def in_unit(total: int | None, per: float) -> float | None:
    """A sum of whole numbers, in the unit of its metric."""
    return total if total is None or per == 1 else total / per


def _sum(operand: Sum) -> str:
    if operand.fact == "commits":
        (figure,) = operand.figures
        return COMMIT_SUMS[figure]
    return f"CAST(SUM({' + '.join(_USAGE_SUMS[figure] for figure in operand.figures)}) AS BIGINT)"


def _count(operand: Count, keys: Sequence[str], facts: str, conditions: Sequence[str]) -> str:
    """How many different values there are: they are told apart first, and then counted."""
    columns = FACTS[operand.fact].dimensions
    names = [f"k{place}" for place in range(len(keys))]
    apart = [f"{key} AS {name}" for key, name in zip(keys, names, strict=True)]
    apart += [f"{columns[dimension]} AS v{place}" for place, dimension in enumerate(operand.of)]
    inner = _select(apart, facts, conditions, len(apart))
    if operand.several:
        inner += f" HAVING COUNT(DISTINCT {columns[operand.several]}) > 1"
    return _select([*names, "COUNT(*)"], f"({inner}) AS found", (), len(keys))


def _select(columns: Sequence[str], relation: str, conditions: Sequence[str], keys: int) -> str:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    group = f" GROUP BY {', '.join(str(place + 1) for place in range(keys))}" if keys else ""
    return f"SELECT {', '.join(columns)} FROM {relation}{where}{group}"
