"""A number, explained layer by layer down to raw records."""

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.engines.base import Engine
from pipeline.outputs.why import words
from pipeline.outputs.why.answer import Answer, Layer, LeftOut, Row
from pipeline.outputs.why.cell import Cell, find
from pipeline.outputs.why.names import AMOUNT, FROM, WITH
from pipeline.outputs.why.queries import FIRST, LAST, LOOKED_UP, NEVER, PartQuery, Queries, early, identity
from pipeline.plan import Plan, PlanTable
from pipeline.plan.bind import bind
from pipeline.plan.lineage import VALUE
from pipeline.plan.render import literal, quote_text, render
from pipeline.run.state import published

LIMIT = 10
# Of these, the first that a raw table has knows its records.
HASHES = ("record_hash", "commit_hash")
# Given a raw table and hashes of its records: where each stands in what was ingested, as `file:line`.
FindOrigins = Callable[[str, list[str]], Mapping[str, object]]
ALIKE = 1e-6
# What a row is shown by where its table has no key, or a long one.
TELLING = (
    *("id", "timestamp", "recorded_at", "first_at", "date", "day", "hour", "session_id", "commit_hash"),
    *("event", "event_name", "metric_name", "measure", "model_name", "usage_source", "source", "request_id"),
)
MOST_SHOWN = 5


class Explainer:
    """Explains cells of the tables of one database.

    Args:
        engine: an open database.
        plan: of that database.
        models: the package of the models.
        schemas: the package of the contracts.
        project_dir: whose extensions count.
        find_origins: finds the file and line of raw records; without it none are told.
    """

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        *,
        models: str = "pipeline.models",
        schemas: str = "schemas",
        project_dir: Path = Path(),
        find_origins: FindOrigins | None = None,
    ) -> None:
        self.engine = engine
        self.plan = plan
        self._find_origins = find_origins
        self._shapes = engine.shapes("raw")
        self._rows: dict[str, bool] = {}
        self._runs = published(engine, engine.shapes("meta"))
        self._queries = Queries(plan, models, schemas, project_dir)

    def why(self, table: str, column: str, key: Mapping[str, Any], *, limit: int = LIMIT) -> Answer:
        """Why a cell is what it is.

        Args:
            table: its table.
            column: its column.
            key: values by which its row is known.
            limit: how many rows of each table are shown.

        Raises:
            SelectionError: no single cell is meant.
            ModelError: the table is not published.
        """
        cell = find(self.engine, self.plan, table, column, key)
        answer = Answer(cell.table.name, cell.column.name, cell.key, cell.value, cell.column.description)
        if cell.table.kind != "model":
            answer.says = (
                f"It stands so in {cell.table.schema}.{cell.table.stored_name}: nothing is computed."
            )
            return answer
        is_number = cell.column.type.partition("(")[0] in ("int64", "int32", "float64", "decimal")
        lineage = cell.table.lineage.get(column, [])
        answer.comes_from = [f"{of}.{name}" for of, name, kind in lineage if kind == VALUE and name != "*"]
        chosen = [cell.key]
        answer.made_of = self._made_of(cell.table, cell.column.name if is_number else None, chosen, limit)
        if is_number:
            self._add_up(answer, cell)
        if self._find_origins:
            self._add_origins(answer.made_of, self._find_origins)
        self._queries.keep()
        return answer

    def _add_origins(self, layers: list[Layer], find_origins: FindOrigins) -> None:
        """Tell of each raw record that is shown where it stands."""
        raw = [layer for layer in _every(layers) if layer.hashes]
        for name in dict.fromkeys(layer.table for layer in raw):
            shown = [layer for layer in raw if layer.table == name]
            hashes = [one for layer in shown for one in layer.hashes]
            found = find_origins(self.plan.tables[name].stored_name, list(dict.fromkeys(hashes)))
            for layer in shown:
                for row, one in zip(layer.rows, layer.hashes, strict=True):
                    if one in found:
                        row["origin"] = str(found[one])

    def _add_up(self, answer: Answer, cell: Cell) -> None:
        layers = answer.made_of
        if layers and all(layer.amount is not None for layer in layers):
            total = math.fsum(layer.amount or 0 for layer in layers)
            value = float(cell.value or 0)
            answer.adds_up = abs(total - value) <= ALIKE * max(abs(value), abs(total)) + 1e-9
        said = _arithmetic(layers)
        if said:
            answer.says = words.total(cell.value, cell.column.name, said)

    def _made_of(self, table: PlanTable, column: str | None, chosen: list[Row], limit: int) -> list[Layer]:
        """The rows above some rows of a table; and those above these."""
        found = [
            (part, *told)
            for part in self._queries.of(table, column, self._has_rows)
            if (told := self._layer(part, table, column, chosen, limit)) is not None
        ]
        if any(layer.amount for _, layer, _ in found):
            # Beside what brings something, what brings nothing explains nothing.
            found = [(part, layer, rows) for part, layer, rows in found if layer.amount or not part.adds_up]
        for part, layer, rows in found:
            upstream = self.plan.tables[part.table]
            if upstream.kind != "model" or any(
                other.table == layer.table and other.made_of and other.amount is None for _, other, _ in found
            ):
                continue  # the same rows are followed already, for another value that they do not have
            if layer.count > LOOKED_UP:
                layer.ends = f"These are more than {LOOKED_UP} rows: ask for a cell of one of them."
            else:
                layer.made_of = self._made_of(upstream, part.column, rows, limit)
        return sorted(
            (layer for _, layer, _ in found), key=lambda one: (one.amount is None, -abs(one.amount or 0))
        )

    def _has_rows(self, name: str) -> bool:
        table = self.plan.tables[name]
        if table.missing:
            return False
        if name not in self._rows:
            self._rows[name] = bool(self.engine.fetch(f"SELECT 1 FROM {table.relation} LIMIT 1"))
        return self._rows[name]

    def _layer(
        self, part: PartQuery, of: PlanTable, asked: str | None, chosen: list[Row], limit: int
    ) -> tuple[Layer, list[Row]] | None:
        """What a part brings to some rows of a model, and which rows it is; None if there is nothing."""
        upstream = self.plan.tables[part.table]
        fetched = self._fetch(part.sql, of, chosen)
        if not fetched:
            return None
        count, known = int(fetched[0]["aa_count"]), int(fetched[0]["aa_known"])
        is_told = part.adds_up and known > 0
        if is_told:
            # A row that has nothing of it is no part of a sum; where none has anything, all are the reason.
            count, fetched = known, [row for row in fetched if row[AMOUNT] is not None]
        amount = float(fetched[0]["aa_sum"]) if is_told else None
        layer = Layer(part.table, part.column, part.measure, count, amount, unit=asked or "")
        layer.rows = self._shown(fetched[:limit], upstream, is_told)
        layer.more = count - len(layer.rows)
        if layer.more and is_told:
            layer.more_amount = (amount or 0) - math.fsum(row[AMOUNT] or 0 for row in fetched[:limit])
        days = {row[FROM + name] for row in fetched for name in ("day", "date") if row.get(FROM + name)}
        layer.says = words.measured(part.measure, days, is_known=is_told)
        layer.left_out = self._left_out(part, of, chosen)
        if upstream.kind == "source":
            layer.landed_by = self._landed_by(fetched)
            known_by = next((FROM + name for name in HASHES if FROM + name in fetched[0]), "")
            layer.hashes = [row[known_by] for row in fetched[:limit] if row.get(known_by)]
            if len(layer.hashes) < len(layer.rows):
                layer.hashes = []
        names = identity(upstream) if upstream.kind == "model" else []
        return layer, [{name: row[FROM + name] for name in names} for row in fetched]

    def _landed_by(self, rows: list[Row]) -> list[str]:
        """The ingests that brought raw rows, with what they read."""
        times = [at for row in rows if (at := row.get(f"{FROM}created_at")) is not None]
        there = self.engine.shapes("meta").get("ingests", {})
        if not times or "inputs" not in there:
            return []
        found = self.engine.fetch(
            "SELECT source, inputs, started_at, finished_at FROM meta.ingests"
            " WHERE started_at <= ? AND finished_at >= ? ORDER BY started_at",
            [max(times), min(times)],
        )
        return [
            f"{source} of {', '.join(str(inputs).splitlines())}"
            for source, inputs, begun, ended in found
            if any(begun <= at <= ended for at in times)
        ]

    def _left_out(self, part: PartQuery, of: PlanTable, chosen: list[Row]) -> list[LeftOut]:
        if not part.left_out:
            return []
        rows = self._fetch(part.left_out, of, chosen)
        return [LeftOut({name: row[name] for name in part.left_out_by}, int(row["aa_count"])) for row in rows]

    def _shown(self, rows: list[Row], table: PlanTable, is_told: bool) -> list[Row]:
        """Rows as they are shown: what tells them apart, what they are computed with, and what they bring."""
        there = [name for name in _shown_columns(table) if FROM + name in rows[0]]
        same = {name for name in there if len(rows) > 1 and len({row[FROM + name] for row in rows}) == 1}
        names = [name for name in there if name not in same][:MOST_SHOWN] or there[:MOST_SHOWN]
        used = [name for name in rows[0] if name.startswith(WITH) and any(row[name] for row in rows)]
        return [
            {name: row[FROM + name] for name in names}
            | {name.removeprefix(WITH): row[name] for name in used}
            | ({"amount": row[AMOUNT]} if is_told else {})
            for row in rows
        ]

    def _fetch(self, query: str, of: PlanTable, chosen: list[Row]) -> list[Row]:
        """Rows of a query of a model about some of its rows."""
        found = {self._queries.chosen(): f"({self._chosen_rows(of, chosen)})"}
        if when := early(of):
            times = [row[when] for row in chosen]
            found |= {FIRST: _text(min(times)), LAST: _text(max(times))}
        return self.fetch(query, of, found)

    def fetch(self, query: str, of: PlanTable, found: Mapping[str, str]) -> list[Row]:
        """Rows of a query of a model, as of the run that made it, with what stands in place of some texts."""
        name = "why"
        sources = {t.name: t for t in self.plan.tables.values() if t.kind == "source"}
        asked = replace(of, name=name, sql=query, checks=[], depends_on=[], time_drift="", moved="")
        bound = bind(
            replace(self.plan, tables=sources | {name: asked}),
            self.plan.settings,
            {"severity": {}, "freshness": {}},
            self._shapes,
        )
        run = self._runs.get((of.schema, of.stored_name))
        as_of = run.as_of if run else dt.datetime.now(dt.UTC)
        return self.engine.fetch_dicts(render(str(bound.tables[name].sql), as_of, found))

    def _chosen_rows(self, of: PlanTable, chosen: list[Row]) -> str:
        """A query for the rows that are asked about, from where they are stored."""
        names = identity(of)
        values = {name: list(dict.fromkeys(row[name] for row in chosen)) for name in names}
        conditions = [self._is_in(of, name, values[name]) for name in names]
        several = [name for name in names if len(values[name]) > 1]
        if len(several) > 1:
            rows = dict.fromkeys(tuple(row[name] for name in several) for row in chosen)
            one_by_one = (
                " AND ".join(self._is_in(of, name, [value]) for name, value in zip(several, row, strict=True))
                for row in rows
            )
            conditions.append(f"(({') OR ('.join(one_by_one)}))")
        columns = ", ".join(map(self.engine.quote, names))
        stored = self.engine.name(of.schema, of.stored_name)
        return f"SELECT DISTINCT {columns} FROM {stored} WHERE {' AND '.join(conditions)}"

    def _is_in(self, of: PlanTable, name: str, values: list[Any]) -> str:
        column = self.engine.quote(name)
        native = next(one.native_type for one in of.columns if one.name == name)
        known = [
            f"CAST({quote_text(_text(value), self.plan.dialect)} AS {native})"
            for value in values
            if value is not None
        ]
        found = [f"{column} IN ({', '.join(known)})"] if known else []
        found += [f"{column} IS NULL"] if None in values else []
        return f"({' OR '.join(found)})"


def _every(layers: list[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _every(layer.made_of)


def _text(value: Any) -> str:
    """A value as the text that SQL casts to it."""
    return literal(value) if isinstance(value, dt.datetime) else str(value)


def _shown_columns(table: PlanTable) -> list[str]:
    own = [name for name in table.key if name not in NEVER] if table.kind != "source" else []
    names = {column.name for column in table.columns}
    return own or [name for name in TELLING if name in names] or [*names - NEVER]


def _arithmetic(layers: list[Layer]) -> list[str]:
    """`4 requests reported by the agent`, `1 request computed at …`: the first layers that say something."""
    while layers:
        if any(layer.says for layer in layers):
            return [f"{words.rows(layer.count, layer.table)} {layer.says}".rstrip() for layer in layers]
        if len(layers) != 1:
            return []
        layers = layers[0].made_of
    return []
