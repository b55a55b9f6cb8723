"""A number, explained layer by layer down to raw records."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from operator import and_, or_
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from pipeline.compile.compiler import Expressions, expressions
from pipeline.engines.base import Engine
from pipeline.outputs.why import words
from pipeline.outputs.why.answer import Answer, Layer, LeftOut, Row
from pipeline.outputs.why.cell import Cell, find
from pipeline.outputs.why.parts import AMOUNT, FROM, WITH, Parts, Tracer
from pipeline.plan import Plan, PlanTable
from pipeline.plan.bind import bind, unbound_settings
from pipeline.plan.lineage import VALUE
from pipeline.plan.render import render
from pipeline.run.state import published

LIMIT = 10
# Of more rows of one table nothing is looked up any more.
LOOKED_UP = 200
ALIKE = 1e-6
# Prompts, commit messages and what else is text of people stays out, as do whole JSON documents.
NEVER = {"body", "commit_message", "notes", "author_name", "author_email", "committer_name"}
NEVER |= {"committer_email", "developer_email", "text"}
# What a row is shown by where its table has no key, or a long one.
TELLING = (
    *("id", "timestamp", "recorded_at", "first_at", "date", "day", "hour", "session_id", "commit_hash"),
    *("event", "event_name", "metric_name", "measure", "model_name", "usage_source", "source", "request_id"),
)
MOST_SHOWN = 5
# Columns that models pass on as they are.
EARLY = {"recorded_at", "first_at", "timestamp", "date", "day", "commit_hash", "developer_id", "session_id"}
EARLY |= {"agent_type"}


class Explainer:
    """Explains cells of the tables of one database.

    Args:
        engine: an open database.
        plan: of that database.
        models: the package of the models.
        schemas: the package of the contracts.
    """

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        *,
        models: str = "pipeline.models",
        schemas: str = "schemas",
    ) -> None:
        self.engine = engine
        self.plan = plan
        self._shapes = engine.shapes("raw")
        self._rows: dict[str, bool] = {}
        self._chosen: dict[int, list[Row]] = {}
        self._runs = published(engine, engine.shapes("meta"))
        settings = unbound_settings(plan.settings, plan.dialect)
        self._expressions: Expressions = expressions(plan.dialect, settings, models=models, schemas=schemas)

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
        answer = Answer(
            cell.table.name, cell.column.name, cell.key, cell.value, cell.column.description
        )
        if cell.table.kind != "model":
            answer.says = f"It stands so in {cell.table.schema}.{cell.table.stored_name}: nothing is computed."
            return answer
        is_number = cell.column.type.partition("(")[0] in ("int64", "int32", "float64", "decimal")
        lineage = cell.table.lineage.get(column, [])
        answer.comes_from = [f"{of}.{name}" for of, name, kind in lineage if kind == VALUE and name != "*"]
        chosen = [cell.key]
        answer.made_of = self._made_of(cell.table, cell.column.name if is_number else None, chosen, limit)
        if is_number:
            self._add_up(answer, cell)
        return answer

    def _add_up(self, answer: Answer, cell: Cell) -> None:
        layers = answer.made_of
        if layers and all(layer.amount is not None for layer in layers):
            total = math.fsum(layer.amount or 0 for layer in layers)
            value = float(cell.value or 0)
            answer.adds_up = abs(total - value) <= ALIKE * max(abs(value), abs(total)) + 1e-9
        said = _arithmetic(layers)
        if said:
            answer.says = words.total(cell.value, cell.column.name, said)

    def _made_of(
        self, table: PlanTable, column: str | None, chosen: list[Row], limit: int
    ) -> list[Layer]:
        """The rows above some rows of a table; and those above these."""
        expression, tables = self._expressions.of(table.name)
        kept = {name: _kept(self.plan.tables[name]) for name in tables.values()}
        found = [
            (part, layer)
            for part in Tracer(tables, kept).parts(expression, column)
            if self._has_rows(self.plan.tables[part.table])
            and (layer := self._layer(part, table, column, chosen, limit)) is not None
        ]
        if any(layer.amount for _, layer in found):
            # Beside what brings something, what brings nothing explains nothing.
            found = [(part, layer) for part, layer in found if layer.amount or not part.adds_up]
        for part, layer in found:
            upstream = self.plan.tables[part.table]
            if upstream.kind != "model" or any(
                other.table == layer.table and other.made_of and other.amount is None for _, other in found
            ):
                continue  # the same rows are followed already, for another value that they do not have
            if layer.count > LOOKED_UP:
                layer.ends = f"These are more than {LOOKED_UP} rows: ask for a cell of one of them."
            else:
                layer.made_of = self._made_of(upstream, part.column, self._chosen.pop(id(layer)), limit)
        return sorted(
            (layer for _, layer in found), key=lambda one: (one.amount is None, -abs(one.amount or 0))
        )

    def _has_rows(self, table: PlanTable) -> bool:
        if table.missing:
            return False
        if table.name not in self._rows:
            there = self.engine.fetch(f"SELECT 1 FROM {self._relation(table)} LIMIT 1")
            self._rows[table.name] = bool(there)
        return self._rows[table.name]

    def _relation(self, table: PlanTable) -> str:
        if table.kind == "source":
            return str(table.relation)
        return self.engine.name(table.schema, table.stored_name)

    def _layer(
        self, part: Parts, of: PlanTable, asked: str | None, chosen: list[Row], limit: int
    ) -> Layer | None:
        rows = self._of_rows(part.rows, of, chosen)
        upstream = self.plan.tables[part.table]
        own = [name for name in rows.columns if name.startswith((FROM, WITH))]
        counted = rows.select(
            *own,
            AMOUNT,
            aa_count=rows.count().over(),
            aa_sum=rows[AMOUNT].sum().over(),
            aa_known=rows[AMOUNT].count().over(),
        )
        order = [counted[AMOUNT].desc(nulls_first=False), *(counted[name] for name in own[:6])]
        fetched = self._fetch(counted.order_by(order).limit(max(limit, LOOKED_UP)), of)
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
        if upstream.kind == "model":
            names = _identity(upstream)
            self._chosen[id(layer)] = [{name: row[FROM + name] for name in names} for row in fetched]
        return layer

    def _landed_by(self, rows: list[Row]) -> list[str]:
        """The ingests that brought raw rows, with what they read: rows themselves keep no file and line."""
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

    def _left_out(self, part: Parts, of: PlanTable, chosen: list[Row]) -> list[LeftOut]:
        if part.left_out is None:
            return []
        found = part.left_out
        rows = self._of_rows(found.rows, of, chosen)
        columns = {
            name: rows[FROM + name]
            for name in found.columns
            if FROM + name in rows.columns
            and (rows[FROM + name].type().is_string() or rows[FROM + name].type().is_boolean())
        }
        if not columns:
            return []
        counted = rows.group_by(**columns).agg(aa_count=rows.count())
        told = self._fetch(counted.order_by(ibis.desc("aa_count")).limit(LIMIT), of)
        return [LeftOut({name: row[name] for name in columns}, int(row["aa_count"])) for row in told]

    def _of_rows(self, rows: ir.Table, of: PlanTable, chosen: list[Row]) -> ir.Table:
        """Those of some rows of a model that are the chosen ones of its table.

        Of a few columns an engine can tell early which rows are needed; that it are exactly the chosen ones
        is asked of the table, where columns are stored and need not be computed.
        """
        names = [*chosen[0]]
        early = [name for name in names if name in EARLY] or names[:1]
        rows = rows.filter(*(_in(rows[name], _values(chosen, name)) for name in early))
        kinds = {name: rows[name].type() for name in names}
        stored = ibis.table(kinds, name=of.stored_name, database=of.schema)
        exact = stored.filter(_is_one_of(stored, chosen)).distinct()
        same = [rows[name].identical_to(exact[name]) for name in names]
        joined = rows.semi_join(exact, same).op()
        found: ir.Table = ops.Project(joined, {name: ops.Field(joined, name) for name in rows.columns}).to_expr()
        return found

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

    def _fetch(self, expression: ir.Table, of: PlanTable) -> list[Row]:
        """Rows of an expression over the tables that a model reads, as of the run that made it."""
        query = self._expressions.query(expression)
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
        return self.engine.fetch_dicts(render(str(bound.tables[name].sql), as_of))


def _identity(table: PlanTable) -> list[str]:
    """The columns that tell rows of a table apart; of one without a key all but fractions, which differ."""
    return table.key or [column.name for column in table.columns if column.type != "float64"]


def _kept(table: PlanTable) -> list[str]:
    """The columns of a table that its rows are told apart and shown by."""
    if table.kind == "source":
        return [
            column.name
            for column in table.columns
            if column.name not in NEVER and column.name not in table.json_columns
        ]
    never = set() if not table.key else NEVER
    return [column.name for column in table.columns if column.name not in never]


def _shown_columns(table: PlanTable) -> list[str]:
    own = [name for name in table.key if name not in NEVER] if table.kind != "source" else []
    names = {column.name for column in table.columns}
    return own or [name for name in TELLING if name in names] or [*names - NEVER]


def _is_one_of(rows: ir.Table, chosen: list[Row]) -> ir.BooleanValue:
    """Whether a row has the values of one of some others: each column's first, which an engine looks up."""
    names = [*chosen[0]]
    values = {name: _values(chosen, name) for name in names}
    conditions = [_in(rows[name], values[name]) for name in names]
    several = [name for name in names if len(values[name]) > 1]
    if len(several) > 1:
        alternatives = {tuple(row[name] for name in several) for row in chosen}
        conditions.append(
            reduce(
                or_,
                (
                    reduce(and_, (_in(rows[n], [v]) for n, v in zip(several, one, strict=True)))
                    for one in sorted(alternatives, key=repr)
                ),
            )
        )
    return reduce(and_, conditions)


def _values(chosen: list[Row], name: str) -> list[Any]:
    return list(dict.fromkeys(row[name] for row in chosen))


def _in(column: ir.Column, values: list[Any]) -> ir.BooleanValue:
    known = [_literal(value, column) for value in values if value is not None]
    is_null = None if None not in values else column.isnull()
    if not known:
        return column.isnull()
    found = column == known[0] if len(known) == 1 else column.isin(known)
    return found if is_null is None else found | is_null


def _literal(value: Any, column: ir.Column) -> ir.Scalar:
    kind = column.type()
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC)
    return ibis.literal(value, kind)


def _arithmetic(layers: list[Layer]) -> list[str]:
    """`4 requests reported by the agent`, `1 request computed at …`: the first layers that say something."""
    while layers:
        if any(layer.says for layer in layers):
            return [f"{words.rows(layer.count, layer.table)} {layer.says}".rstrip() for layer in layers]
        if len(layers) != 1:
            return []
        layers = layers[0].made_of
    return []
