"""Rebuilding a table in part: what arrived says which values of its columns are concerned.

The compiler has proven which columns partition a model (`PlanTable.partitions`). A run that
knows which rows of the tables upstream came or went deletes the model's rows with their values, and
inserts what the model makes of those alone. What came or went of the model is then known in turn.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.engines.base import ROW, Engine
from pipeline.plan import Plan, PlanTable
from pipeline.plan.plan import column_of
from pipeline.plan.render import render
from pipeline.run.found_rows import FoundRows

# A table that is made of fewer rows is built anew sooner than in part.
SMALL = 20_000
# What concerns more than this share of a table is not worth the search.
MOST = 0.3
# In tables of so many times as many rows, those that are concerned are looked for once.
LARGE = 10


@dataclass(frozen=True)
class Rebuilt:
    """What was done to a table that was rebuilt in part."""

    reason: str
    removed: int = 0
    inserted: int = 0

    @property
    def action(self) -> str:
        """What run metadata calls it."""
        if self.removed:
            return "rebuilt"
        return "appended" if self.inserted else "skipped"


NOTHING = Rebuilt("nothing that it reads has changed")


class Changes:
    """Which rows of each table came or went in this run, as far as known.

    They are kept in temporary tables until `close`.

    Args:
        engine: an open database.
        plan: the plan.
        models: those that may be rebuilt in part.
        large: names of tables, stored as such, of so many rows that to read them all is to be avoided.
    """

    def __init__(
        self, engine: Engine, plan: Plan, models: Collection[PlanTable], large: Collection[str] = ()
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.large = large if engine.row_id else ()
        self.found = FoundRows(engine, self._temporary)
        self.relations: dict[str, str] = {}  # table → a relation of the rows that came or went
        self.arrived: dict[str, str] = {}  # the same where none went, as it can be read in the table's place
        self.only_new: dict[str, str] = {}  # table → a relation of rows, beside which all are as they were
        self.temporary: list[str] = []
        # Columns that tell the models downstream what concerns them.
        self.wanted: dict[str, set[str]] = {}
        for model in models:
            for origin in model.partitions.values():
                for name, column in origin.items():
                    self.wanted.setdefault(name, set()).add(column_of(column))
            for lookup in model.lookups:
                self.wanted.setdefault(lookup.table, set()).update(column_of(name) for _, name in lookup.on)

    def appended(self, source: PlanTable, last_id: int) -> None:
        """Note that the rows of a raw table after `last_id` are new, and the others as they were."""
        number = self.engine.quote("id")
        new = f"(SELECT * FROM {source.relation} WHERE {number} > {last_id})"
        self.relations[source.name] = self.only_new[source.name] = new
        read = f"{self._read(source.name, 'id')} > {last_id}"
        self.arrived[source.name] = f"(SELECT * FROM {self._stored(source)} AS r WHERE {read})"

    def remember(self, table: PlanTable) -> str | None:
        """Keep what tells the rows of a table that is about to be replaced; None if nobody asks."""
        if table.name not in self.wanted or self.engine.row_hash(ROW) is None:
            return None
        return self._temporary(f"old_{table.name}", self._told(table, self._stored(table)))[0]

    def compare(self, table: PlanTable, old: str, new: str | None = None) -> None:
        """Find out which rows of a table came or went, against what `remember` kept."""
        names = self._wanted(table)
        both = (
            f"SELECT {names}, _row, 1 AS _sign FROM ({self._told(table, new or self._stored(table))}) AS n"
            f" UNION ALL SELECT {names}, _row, -1 FROM {old} AS o"
        )
        found = f"SELECT {names} FROM ({both}) AS both_ GROUP BY {names}, _row HAVING SUM(_sign) <> 0"
        self.relations[table.name], _ = self._temporary(f"changed_{table.name}", found)

    def rebuild(
        self,
        table: PlanTable,
        as_of: dt.datetime,
        row_count: int,
        unchanged: Collection[str],
        before: dt.datetime | None = None,
    ) -> Rebuilt | str:
        """Rebuild what is concerned of a table; or why that cannot be, and nothing has been done.

        Args:
            table: the model, as it was published from what its upstreams were before this run.
            as_of: the instant of the run.
            row_count: how many rows it has.
            unchanged: names of tables whose rows are what they were.
            before: the instant that the model's rows are of, for one that time changes.
        """
        origins = table.partitions
        restricted = {*next(iter(origins.values()))}
        changing = restricted | {lookup.table for lookup in table.lookups}
        for name in table.depends_on:
            if name not in unchanged and not (name in changing and name in self.relations):
                return f"which rows of {name} is not known" if name in changing else ""
        changed = sorted(changing - {*unchanged})
        if not changed and not table.moved:
            return NOTHING
        keys = self._keys(table, changed, render(table.moved, as_of, before=before))
        counted = ", ".join(f"COUNT({self.engine.quote(column)})" for column in origins)
        count, *present = self.engine.fetch(f"SELECT COUNT(*), {counted} FROM {keys}")[0]
        if not count:
            return NOTHING
        with_null = {column for column, there in zip(origins, present, strict=True) if there < count}
        # Some columns do. One that may be NULL is looked for twice.
        origins = {column: of for column, of in origins.items() if column not in with_null} or origins
        concerned = self._among({column: self.engine.quote(column) for column in origins}, keys, with_null)
        stored = self._stored(table)
        gone, removed = self._gone(table, concerned)
        if removed > MOST * row_count:
            return "most of it is concerned"
        concerned_of = {}
        arrived = {name: self.arrived.get(name) for name in restricted - {*unchanged}}
        for name in restricted:
            relation = self._stored(self.plan.tables[name])
            if table.grouped and not removed and all(arrived.values()):
                rows = arrived.get(name) or f"(SELECT * FROM {relation} AS r WHERE FALSE)"
            else:
                read = {column: self._read(name, origin[name]) for column, origin in origins.items()}
                found = self._among(read, keys, with_null)
                if name in self.large:
                    found = self.found.by_number(relation, read, found, keys, with_null)
                rows = f"(SELECT * FROM {relation} AS r WHERE {found})"
            concerned_of[relation] = rows
        assert table.sql is not None
        sql = render(table.sql, as_of, concerned_of)
        new, inserted = self._temporary(
            f"new_{table.name}", f"SELECT * FROM ({sql}) AS made WHERE {concerned}"
        )
        self.only_new[table.name] = new
        if not removed:
            self.relations[table.name] = self.arrived[table.name] = new
        elif table.name in self.wanted:
            replaced = f"(SELECT * FROM {stored} WHERE {gone})"
            old, _ = self._temporary(f"old_{table.name}", self._told(table, replaced))
            self.compare(table, old, new)
        if removed:
            self.engine.execute(f"DELETE FROM {stored} WHERE {gone}")
        if inserted:
            names = self._names(table)
            self.engine.execute(f"INSERT INTO {stored} ({names}) SELECT {names} FROM {new}")
        made = f"{_counted(inserted, 'row')} for {_counted(count, 'value')} of {', '.join(origins)}"
        return Rebuilt(made, removed, inserted)

    def _among(self, expressions: Mapping[str, str], keys: str, with_null: Collection[str]) -> str:
        """A condition: the values of these columns are among the keys."""
        conditions = []
        for column, expression in expressions.items():
            found = f"{expression} IN (SELECT {self.engine.quote(column)} FROM {keys})"
            conditions.append(f"({found} OR {expression} IS NULL)" if column in with_null else found)
        return " AND ".join(conditions)

    def _gone(self, table: PlanTable, concerned: str) -> tuple[str, int]:
        """The condition of the rows that are to be replaced, and how many there are."""
        stored, number = self._stored(table), self.engine.row_id
        if table.name not in self.large:
            return concerned, self.engine.fetch(f"SELECT COUNT(*) FROM {stored} WHERE {concerned}")[0][0]
        numbers = f"SELECT {number} AS n FROM {stored} WHERE {concerned}"
        gone, count = self._temporary(f"gone_{table.name}", numbers)
        return f"{number} IN (SELECT n FROM {gone})", count

    def close(self) -> None:
        """Drop what was kept."""
        for name in self.temporary:
            self.engine.execute(f"DROP TABLE {name}")

    def _keys(self, table: PlanTable, changed: Collection[str], moved: str) -> str:
        """What is concerned: by rows that came or went, by those that look such rows up, and by time."""
        columns = {column: self.engine.quote(column) for column in table.partitions}
        parts = [f"SELECT {self._values(columns)} FROM ({moved}) AS m"] if moved else []
        for name in changed:
            if name in next(iter(table.partitions.values())):
                columns = {column: self._value(of[name]) for column, of in table.partitions.items()}
                parts.append(f"SELECT DISTINCT {self._values(columns)} FROM {self.relations[name]} AS c")
        for lookup in table.lookups:
            if lookup.table in changed:
                base = self.plan.tables[lookup.base]
                # As its relation, a raw table has the columns of its contract, though it be missing.
                rows = base.relation if base.kind == "source" else self._stored(base)
                origins = {column: self._value(of[base.name]) for column, of in table.partitions.items()}
                find = ", ".join(self.engine.quote(column) for column, _ in lookup.on)
                found = ", ".join(self._value(values) for _, values in lookup.on)
                parts.append(
                    f"SELECT DISTINCT {self._values(origins)} FROM {rows}"
                    f" WHERE ({find}) IN (SELECT {found} FROM {self.relations[lookup.table]} AS c)"
                )
        return self._temporary(f"keys_{table.name}", " UNION ".join(parts))[0]

    def _values(self, expressions: Mapping[str, str]) -> str:
        return ", ".join(
            f"{expression} AS {self.engine.quote(column)}" for column, expression in expressions.items()
        )

    def _read(self, name: str, values: str) -> str:
        """How values of a table as it is stored are read."""
        return self._value(values, self.plan.tables[name].reads)

    def _value(self, values: str, reads: Mapping[str, str] = MappingProxyType({})) -> str:
        """The values that `PlanTable.partitions` names."""
        column = column_of(values)
        read = reads.get(column, self.engine.quote(column))
        return read if column == values else self.engine.lower(read)

    def _told(self, table: PlanTable, relation: str) -> str:
        whole = self.engine.row_hash(ROW)
        # By name: a stored table may have its columns in another order than what the model makes.
        row = f"(SELECT {self._names(table)} FROM {relation} AS stored_or_made)"
        return f"SELECT {self._wanted(table)}, {whole} AS _row FROM {row} AS {ROW}"

    def _names(self, table: PlanTable) -> str:
        return ", ".join(self.engine.quote(column.name) for column in table.columns)

    def _wanted(self, table: PlanTable) -> str:
        return ", ".join(map(self.engine.quote, sorted(self.wanted[table.name])))

    def _stored(self, table: PlanTable) -> str:
        return self.engine.name(table.schema, table.stored_name)

    def _temporary(self, name: str, select: str) -> tuple[str, int]:
        """Keep the rows of a query: what they are called, and how many they are."""
        quoted = self.engine.quote(name)
        count = self.engine.execute(f"CREATE TEMP TABLE {quoted} AS {select}")
        self.temporary.append(quoted)
        return quoted, self.engine.fetch(f"SELECT COUNT(*) FROM {quoted}")[0][0] if count is None else count


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
