"""Two versions of the tables, built beside what is published, to be compared and then undone.

What both versions make in the same way of the same inputs is built once.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.errors import QueryError
from pipeline.plan import Plan, PlanTable
from pipeline.plan.render import render
from pipeline.plan.selection import ancestors
from pipeline.run.seed_rows import seed_rows

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms

Place = tuple[str, str]  # schema and table


@dataclass(frozen=True)
class Version:
    """How the tables are made in one version.

    Attributes:
        plan: compiled for the database; paths of its seeds lead to the version's own files.
        project_dir: the folder whose `seeds/*.csv` extend them.
    """

    plan: Plan
    project_dir: Path


class Scratch:
    """Where the tables of two versions are built, within a transaction that is not committed.

    Args:
        engine: an open database, with a transaction that covers the making of tables.
        old: one version.
        new: the other one.
        as_of: the instant that both are built as of.
        pseudonyms: what stands for people.
    """

    def __init__(
        self,
        engine: Engine,
        old: Version,
        new: Version,
        as_of: dt.datetime,
        pseudonyms: "Pseudonyms | None",
    ) -> None:
        self.engine = engine
        self.versions = (old, new)
        self.as_of = as_of
        self.pseudonyms = pseudonyms
        self._there: meta.Shapes = engine.shapes(meta.SCHEMA)
        self._seeds: dict[tuple[int, str], list[tuple[Any, ...]]] = {}
        self.differing = self._differing()

    def _differing(self) -> set[str]:
        """Tables that are not made in the same way of the same inputs, or that one version has not."""
        old, new = (version.plan.tables for version in self.versions)
        found: set[str] = set()
        for name in dict.fromkeys([*old, *new]):
            if name not in old or name not in new or self._is_made_otherwise(old[name], new[name]):
                found.add(name)
        while more := {
            name
            for tables in (old, new)
            for name, table in tables.items()
            if name not in found and found & {*table.depends_on}
        }:
            found |= more
        return found

    def _is_made_otherwise(self, old: PlanTable, new: PlanTable) -> bool:
        if old.kind == new.kind == "source":
            return False
        if (old.sql, old.kind, old.schema, _types(old)) != (new.sql, new.kind, new.schema, _types(new)):
            return True
        return old.kind == "seed" and Counter(self.rows(0, old)) != Counter(self.rows(1, new))

    def rows(self, side: int, seed: PlanTable) -> list[tuple[Any, ...]]:
        """What a seed is loaded with in a version."""
        if (side, seed.name) not in self._seeds:
            folder = self.versions[side].project_dir
            self._seeds[side, seed.name] = seed_rows(self.engine, seed, folder, self.pseudonyms, self._there)
        return self._seeds[side, seed.name]

    def build(self, wanted: Collection[str], on_table: Callable[[str], Any]) -> tuple[dict[str, Place], ...]:
        """Build tables in both versions; where each one stands, for the old and for the new version.

        Args:
            wanted: names of tables; what they are made of is built as well.
            on_table: told the name of each table that is built.

        Raises:
            QueryError: the database refused a statement.
        """
        shared: dict[str, Place] = {}
        return tuple(self._build(side, wanted, shared, on_table) for side in (0, 1))

    def _build(
        self, side: int, wanted: Iterable[str], shared: dict[str, Place], on_table: Callable[[str], Any]
    ) -> dict[str, Place]:
        tables = self.versions[side].plan.tables
        here = {name for name in wanted if name in tables}
        needed = here | ancestors(tables, here)
        places: dict[str, Place] = {}
        relations: dict[str, str] = {}
        for name, table in tables.items():
            if name not in needed or table.kind == "source":
                continue
            place = shared.get(name) if name not in self.differing else None
            if place is None:
                on_table(name)
                place = f"diff_{'old' if side == 0 else 'new'}_{table.schema}", name
                self._make(side, table, place, relations)
                shared.setdefault(name, place)
            places[name] = place
            relations[self.engine.name(table.schema, name)] = self.engine.name(*place)
        return places

    def _make(self, side: int, table: PlanTable, place: Place, relations: dict[str, str]) -> None:
        self.engine.create_schema(place[0])
        if table.kind == "seed":
            types = {column.name: column.native_type for column in table.columns}
            self.engine.create_empty(*place, types, None)
            self.engine.append(*place, [*types], self.rows(side, table))
            return
        try:
            self.engine.create(*place, render(str(table.sql), self.as_of, relations), "table", None)
        except QueryError as error:
            which = ("old", "new")[side]
            raise QueryError(f"{table.name} of the {which} version could not be built. {error}") from error


def _types(table: PlanTable) -> list[tuple[str, str]]:
    return [(column.name, column.native_type) for column in table.columns]
