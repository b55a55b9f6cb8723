"""A number, explained layer by layer down to raw records."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from operator import and_, or_
from typing import Any

import ibis
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
# So many rows are looked up one by one in the next table; more are joined to it.
LOOKED_UP = 60
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
        self, table: PlanTable, column: str | None, chosen: "list[Row] | ir.Table", limit: int
    ) -> list[Layer]:
        """The rows above some rows of a table; and those above these."""
        expression, tables = self._expressions.of(table.name)
        kept = {name: _kept(self.plan.tables[name]) for name in tables.values()}
        found = Tracer(tables, kept).parts(expression, column)
        layers = [self._layer(part, table, chosen, limit) for part in found]
        return sorted(
            (layer for layer in layers if layer is not None),
            key=lambda layer: (layer.amount is None, -abs(layer.amount or 0)),
        )

    def _layer(
        self, part: Parts, of: PlanTable, chosen: "list[Row] | ir.Table", limit: int
    ) -> Layer | None:
        names = _identity(of)
        rows = _of_rows(part.rows, chosen, names)
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
        fetched = self._fetch(counted.order_by(order).limit(max(limit, LOOKED_UP) + 1), of)
        if not fetched:
            return None
        count = int(fetched[0]["aa_count"])
        is_told = part.adds_up and int(fetched[0]["aa_known"]) > 0
        amount = float(fetched[0]["aa_sum"]) if is_told else None
        layer = Layer(part.table, part.column, part.measure, count, amount)
        layer.rows = [self._shown(row, upstream, is_told) for row in fetched[:limit]]
        layer.more = count - len(layer.rows)
        if layer.more and is_told:
            layer.more_amount = (amount or 0) - math.fsum(row[AMOUNT] or 0 for row in fetched[:limit])
        days = {row[FROM + name] for row in fetched for name in ("day", "date") if row.get(FROM + name)}
        layer.says = words.measured(part.measure, {day for day in days if isinstance(day, dt.date)})
        layer.left_out = self._left_out(part, of, chosen, names)
        if upstream.kind == "model":
            following: list[Row] | ir.Table
            if count <= LOOKED_UP:
                following = [
                    {name: row[FROM + name] for name in _identity(upstream)} for row in fetched
                ]
            else:
                following = rows.select(
                    **{name: rows[FROM + name] for name in _identity(upstream)}
                ).distinct()
            if isinstance(following, list) or self.plan.tables[part.table].kind == "model":
                layer.made_of = self._next(upstream, part.column, following, limit)
        return layer

    def _next(
        self, table: PlanTable, column: str | None, chosen: "list[Row] | ir.Table", limit: int
    ) -> list[Layer]:
        return self._made_of(table, column, chosen, limit)

    def _left_out(
        self, part: Parts, of: PlanTable, chosen: "list[Row] | ir.Table", names: list[str]
    ) -> list[LeftOut]:
        if part.left_out is None:
            return []
        found = part.left_out
        rows = _of_rows(found.rows, chosen, names)
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

    def _shown(self, row: Row, table: PlanTable, is_told: bool) -> Row:
        """A row as it is shown: what tells it apart, and what it brings."""
        names = [name for name in _shown_columns(table) if FROM + name in row][:MOST_SHOWN]
        made = {name: row[FROM + name] for name in names}
        made |= {name.removeprefix(WITH): value for name, value in row.items() if name.startswith(WITH) and value}
        return made | ({"amount": row[AMOUNT]} if is_told else {})

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


def _of_rows(rows: ir.Table, chosen: "list[Row] | ir.Table", names: Iterable[str]) -> ir.Table:
    """Those of some rows that have the values of the chosen ones."""
    if isinstance(chosen, list):
        return rows.filter(_is_one_of(rows, chosen))
    return rows.semi_join(chosen, [rows[name].identical_to(chosen[name]) for name in names])


def _is_one_of(rows: ir.Table, chosen: list[Row]) -> ir.BooleanValue:
    """Whether a row has the values of one of some others: each column's first, which an engine looks up."""
    names = [*chosen[0]]
    values = {name: list(dict.fromkeys(row[name] for row in chosen)) for name in names}
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
    """`4 requests reported by the agent`, `1 request computed at …`: the first layer that says something."""
    while layers:
        told = [layer for layer in layers if layer.amount]
        if len(told) > 1 or any(layer.says for layer in told):
            return [f"{words.rows(layer.count, layer.table)} {layer.says}".rstrip() for layer in told]
        following = [layer.made_of for layer in layers]
        if len(following) != 1:
            return []
        layers = following[0]
    return []
