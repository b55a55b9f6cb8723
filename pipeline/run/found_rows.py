"""Rows of large tables that were found by their values, and are found again by their numbers.

Models that are made of the same table one after the other are often concerned by the same values of it.
Those of more values than are asked for do as well: what comes of them is left out in the end.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from pipeline.engines.base import Engine, Kind
from pipeline.plan import Plan
from pipeline.plan.layers import RAW


def numbered(
    engine: Engine, plan: Plan, kinds: Mapping[tuple[str, str], Kind], names: Iterable[str]
) -> set[str]:
    """Those of some tables of a plan, of which `kinds` tells what is stored, whose rows have a number."""
    tables = [plan.tables[name] for name in names] if engine.row_id else []
    if not tables:
        return set()
    # Ours have the columns of their contracts; a raw table may have others.
    raw = engine.shapes(RAW.schema) if any(table.kind == "source" for table in tables) else {}
    columns = {
        table.name: raw.get(table.stored_name, {})
        if table.kind == "source"
        else [column.name for column in table.columns]
        for table in tables
        if kinds.get((table.schema, table.stored_name)) == "table"
    }
    # A column of that name hides the number.
    return {
        name
        for name, found in columns.items()
        if not any(column.lower() == engine.row_id for column in found)
    }


@dataclass(frozen=True)
class _Found:
    """Rows that were found.

    Attributes:
        numbers: a relation of their numbers.
        keys: a relation of the values that they were found by.
        columns: the columns of `keys`, each with whether rows without a value were looked for.
    """

    numbers: str
    keys: str
    columns: list[tuple[str, bool]]


class FoundRows:
    """Which rows were found in one run.

    Args:
        engine: an open database whose rows have a `row_id`.
        keep: makes a temporary table of that name of a query; what it is called, and its number of rows.
    """

    def __init__(self, engine: Engine, keep: Callable[[str, str], tuple[str, int]]) -> None:
        self.engine = engine
        self.keep = keep
        self.number = 0
        self.found: dict[tuple[str, str], list[_Found]] = {}  # table and what was read of it → rows

    def by_number(
        self, table: str, read: Mapping[str, str], condition: str, keys: str, with_null: Collection[str]
    ) -> str:
        """A condition in the place of another one: true of all rows for which that is, and of few others.

        Args:
            table: the quoted name of the table.
            read: its columns whose values are among the keys, by the name that they have there.
            condition: says so.
            keys: the values.
            with_null: those of the columns in which no value is looked for as well.
        """
        columns = [(self.engine.quote(column), column in with_null) for column in read]
        earlier = self.found.setdefault((table, ", ".join(read.values())), [])
        found = next((rows for rows in earlier if self._covers(rows, keys, columns)), None)
        if found is None:
            self.number += 1
            select = f"SELECT {self.engine.row_id} AS n FROM {table} AS r WHERE {condition}"
            found = _Found(self.keep(f"found_{self.number}", select)[0], keys, columns)
            earlier.append(found)
        return f"{self.engine.row_id} IN (SELECT n FROM {found.numbers})"

    def _covers(self, rows: _Found, keys: str, columns: list[tuple[str, bool]]) -> bool:
        """Whether rows of all these values are among those that were found."""
        (column, had_null), *more = rows.columns
        (asked, has_null), *_ = columns
        if more or has_null > had_null:
            return False
        there = f"SELECT 1 FROM {rows.keys} AS k WHERE k.{column} = a.{asked}"
        missing = f"SELECT COUNT(*) FROM {keys} AS a WHERE a.{asked} IS NOT NULL AND NOT EXISTS ({there})"
        return not self.engine.fetch(missing)[0][0]
