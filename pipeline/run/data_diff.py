"""What a change of code, prices or settings does to the data: rows and values of two versions, compared.

Rows of one key are one row. Of a table without a key, rows are compared whole. Numbers with a fraction are
the same if they differ by less than a billionth.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.engines.base import Engine
from pipeline.errors import TargetError
from pipeline.plan import PlanColumn, PlanTable
from pipeline.plan.check_results import mask
from pipeline.run.scratch import Place, Scratch, Version

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms

ALIKE = 1e-9
# How many rows of a table are shown.
EXAMPLES = 3


@dataclass(frozen=True)
class ColumnDiff:
    """A column whose values differ.

    Attributes:
        name: of the column.
        rows: in how many rows of both versions.
        most: by how much at most, if it holds numbers that are there in both.
        old_sum: of all its values in the old version; None where adding up means nothing: only of what a law
            adds up is it known that it does.
        new_sum: the same in the new one.
    """

    name: str
    rows: int
    most: float | None = None
    old_sum: float | None = None
    new_sum: float | None = None


@dataclass(frozen=True)
class TableDiff:
    """A table that is made in another way, or of something else.

    Attributes:
        table: its name.
        old_rows: how many rows it has in the old version; None if it is not there.
        new_rows: the same in the new one.
        added: rows whose key only the new version has.
        removed: rows whose key only the old version has.
        changed: rows of both whose values differ.
        columns: those that differ.
        new_columns: those that only the new version has, or has with another type.
        gone_columns: those that only the old version has, or has with another type.
        examples: rows that differ: what became of them, their key, and [old, new] of each value that differs;
            people in them are masked.
    """

    table: str
    old_rows: int | None
    new_rows: int | None
    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: list[ColumnDiff] = field(default_factory=list)
    new_columns: list[str] = field(default_factory=list)
    gone_columns: list[str] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether nothing of it differs."""
        is_there = self.old_rows is not None and self.new_rows is not None
        columns = self.new_columns or self.gone_columns
        return is_there and not (self.added or self.removed or self.changed or columns)


def data_diff(
    engine: Engine,
    old: Version,
    new: Version,
    *,
    selected: Collection[str] | None = None,
    as_of: dt.datetime | None = None,
    pseudonyms: "Pseudonyms | None" = None,
    on_table: Callable[[str], Any] = lambda name: None,
) -> list[TableDiff]:
    """Build two versions of the tables of one database beside what is published, and compare them.

    Both are made of the same raw rows, as of the same instant, in a transaction that is undone: nothing
    that anybody reads changes.

    Args:
        engine: an open database.
        old: how the tables are made in the version to compare with.
        new: and in the other one.
        selected: names of the tables to compare; all if None.
        as_of: the instant to build as of; the clock if None.
        pseudonyms: what stands for people, as in `build`.
        on_table: told the name of each table that is built.

    Returns:
        One entry per table that is made in another way or of something else, even if no row differs.

    Raises:
        TargetError: the engine cannot undo the making of tables.
        QueryError: the database refused a statement.
    """
    if not engine.transactional:
        raise TargetError(
            f"{engine.url}: a comparison builds tables and undoes it, which {engine.dialect} cannot."
            " Copy the raw tables to DuckDB or PostgreSQL (`aa-pipeline copy`) and compare there."
        )
    instant = (as_of or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    engine.tune()
    with _undone(engine):
        scratch = Scratch(engine, old, new, instant, pseudonyms)
        names = dict.fromkeys([*old.plan.tables, *new.plan.tables])
        wanted = [
            name for name in names if name in scratch.differing and (selected is None or name in selected)
        ]
        there = scratch.build(wanted, on_table)
        tables = old.plan.tables, new.plan.tables
        return [
            _Comparison(
                engine,
                tuple(plan.get(name) for plan in tables),
                tuple(places.get(name) for places in there),
            ).diff()
            for name in wanted
        ]


class _Undo(Exception):
    """Ends a transaction that was never meant to be committed."""


@contextmanager
def _undone(engine: Engine) -> Iterator[None]:
    with suppress(_Undo), engine.transaction():
        yield
        raise _Undo


class _Comparison:
    """Two versions of one table; either may be missing.

    The rows of both are put one below the other and grouped by the key: so that each engine can do it, and
    what is missing has a key, too.
    """

    def __init__(
        self, engine: Engine, tables: tuple[PlanTable | None, ...], places: tuple[Place | None, ...]
    ) -> None:
        self.engine = engine
        self.old, self.new = tables
        self.places = places
        table = self.new or self.old
        assert table is not None
        self.table = table
        columns = [{column.name: column for column in table.columns} if table else {} for table in tables]
        self.old_columns, self.new_columns = columns
        common = [
            column
            for name, column in self.new_columns.items()
            if name in self.old_columns and self.old_columns[name].native_type == column.native_type
        ]
        self.common = {column.name for column in common}
        has_key = self.old and self.new and self.old.key == self.new.key
        self.key = self.table.key if has_key and self.table.key else [column.name for column in common]
        self.values = [column for column in common if column.name not in self.key]
        laws = [check for check in self.table.checks if check.kind == "law"]
        self.added_up = {column for law in laws for column in law.columns}

    def diff(self) -> TableDiff:
        """What differs, counted."""
        if self.old is None or self.new is None:
            ((count,),) = self.engine.fetch(f"SELECT COUNT(*) FROM {self._relation(self.new is None)}")
            if self.new is None:
                return TableDiff(self.table.name, count, None, removed=count)
            return TableDiff(self.table.name, None, count, added=count)
        asked = [
            "SUM(old_rows)",
            "SUM(new_rows)",
            "SUM(CASE WHEN new_rows > old_rows THEN new_rows - old_rows ELSE 0 END)",
            "SUM(CASE WHEN old_rows > new_rows THEN old_rows - new_rows ELSE 0 END)",
            f"SUM(CASE WHEN {self._any_differs()} THEN 1 ELSE 0 END)",
            *(asked for n in range(len(self.values)) for asked in self._asked_of(n)),
        ]
        (row,) = self.engine.fetch(f"SELECT {', '.join(asked)} FROM ({self._paired()}) AS paired")
        old, new, added, removed, changed = (int(value or 0) for value in row[:5])
        of_columns = [row[at : at + 4] for at in range(5, len(row), 4)]
        columns = [
            ColumnDiff(
                column.name, int(rows), *(None if value is None else float(value) for value in numbers)
            )
            for column, (rows, *numbers) in zip(self.values, of_columns, strict=True)
            if rows
        ]
        return TableDiff(
            self.table.name,
            old,
            new,
            added,
            removed,
            changed,
            columns,
            new_columns=[name for name in self.new_columns if name not in self.common],
            gone_columns=[name for name in self.old_columns if name not in self.common],
            examples=self._examples() if added or removed or changed else [],
        )

    def _asked_of(self, n: int) -> list[str]:
        """What is asked of a column: in how many rows it differs, by how much, and its sums."""
        column = self.values[n]
        is_number, is_added_up = _is_number(column), column.name in self.added_up
        return [
            f"SUM(CASE WHEN {self._differs(n)} THEN 1 ELSE 0 END)",
            f"MAX(ABS(new_{n} - old_{n}))" if is_number else "NULL",
            *(f"SUM({side}_{n})" if is_number and is_added_up else "NULL" for side in ("old", "new")),
        ]

    def _relation(self, is_old: bool) -> str:
        place = self.places[0 if is_old else 1]
        assert place is not None
        return self.engine.name(*place)

    def _paired(self) -> str:
        """One row per key: how many rows either version has of it, and their values."""
        quote = self.engine.quote
        key = ", ".join(map(quote, self.key))
        columns = ", ".join(map(quote, [*self.key, *(column.name for column in self.values)]))
        sides = " UNION ALL ".join(
            f"SELECT {columns}, {int(is_old)} AS of_old, {int(not is_old)} AS of_new"
            f" FROM {self._relation(is_old)}"
            for is_old in (True, False)
        )
        values = [
            f"MAX(CASE WHEN of_{side} = 1 THEN {_comparable(quote(column.name), column)} END) AS {side}_{n}"
            for n, column in enumerate(self.values)
            for side in ("old", "new")
        ]
        counts = ["SUM(of_old) AS old_rows", "SUM(of_new) AS new_rows"]
        return f"SELECT {', '.join([key, *counts, *values])} FROM ({sides}) AS both_sides GROUP BY {key}"

    def _differs(self, n: int) -> str:
        """Whether the value of a column is another one in the two versions of a row."""
        old, new = f"old_{n}", f"new_{n}"
        unlike = f"{old} <> {new}"
        if self.values[n].type == "float64":
            unlike = f"ABS({old} - {new}) > {ALIKE} * (ABS({old}) + ABS({new}))"
        nulls = f"({old} IS NULL AND {new} IS NOT NULL) OR ({old} IS NOT NULL AND {new} IS NULL)"
        return f"(old_rows > 0 AND new_rows > 0 AND ({unlike} OR {nulls}))"

    def _any_differs(self) -> str:
        return " OR ".join(map(self._differs, range(len(self.values)))) or "1 = 0"

    def _examples(self) -> list[dict[str, Any]]:
        key = ", ".join(map(self.engine.quote, self.key))
        found = self.engine.fetch_dicts(
            f"SELECT * FROM ({self._paired()}) AS paired WHERE old_rows <> new_rows OR {self._any_differs()}"
            f" ORDER BY {key} LIMIT {EXAMPLES}"
        )
        return [self._example(row) for row in found]

    def _example(self, row: Mapping[str, Any]) -> dict[str, Any]:
        key = {name: mask(name, row[name]) for name in self.key}
        if row["old_rows"] != row["new_rows"]:
            return {"row": "added" if row["new_rows"] > row["old_rows"] else "removed", **key}
        both = {
            column.name: [_shown(row[f"{side}_{n}"], column) for side in ("old", "new")]
            for n, column in enumerate(self.values)
        }
        changed = {
            name: [mask(name, value) for value in pair]
            for name, pair in both.items()
            if pair[0] != pair[1] and not _are_alike(*pair)
        }
        return {"row": "changed", **key, **changed}


def _comparable(quoted: str, column: PlanColumn) -> str:
    """A value that every engine can take the greatest of."""
    return f"CASE WHEN {quoted} THEN 1 WHEN NOT {quoted} THEN 0 END" if column.type == "boolean" else quoted


def _shown(value: Any, column: PlanColumn) -> Any:
    """What was made comparable, as it was."""
    return bool(value) if column.type == "boolean" and value is not None else value


def _is_number(column: PlanColumn) -> bool:
    return column.type.startswith(("int", "float", "decimal"))


def _are_alike(old: Any, new: Any) -> bool:
    return (
        isinstance(old, float) and isinstance(new, float) and abs(old - new) <= ALIKE * (abs(old) + abs(new))
    )
