"""The cell that is asked about: a table, a column, and the row that a few values name."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.engines.base import Engine
from pipeline.errors import ModelError, SelectionError, did_you_mean
from pipeline.plan import Plan, PlanColumn, PlanTable
from pipeline.plan.lineage import find_table

CANDIDATES = 10


@dataclass(frozen=True)
class Cell:
    """One value of a published table, with the key of its row."""

    table: PlanTable
    column: PlanColumn
    key: dict[str, Any]
    value: Any


def find(engine: Engine, plan: Plan, table: str, column: str, key: Mapping[str, Any]) -> Cell:
    """The cell of the one row that has some values.

    Args:
        engine: an open database.
        plan: of that database.
        table: its name, as models or as SQL have it.
        column: the column's name.
        key: values of columns of the key, as texts or as they are; others need not be named as long as one
            row is meant.

    Raises:
        SelectionError: there is no such table, column or row, or there are several.
        ModelError: the table is not published.
    """
    found = find_table(plan.tables, table)
    columns = {one.name: one for one in found.columns}
    of = columns.get(column)
    if of is None:
        raise SelectionError(
            f"{found.name} has no column {column}.{did_you_mean(column, columns)}"
            f" Its columns are {', '.join(columns)}."
        )
    if (found.schema, found.stored_name) not in engine.kinds():
        raise ModelError(f"{found.name} is not published. `aa-pipeline build -s +{found.name}` makes it.")
    names = found.key or [*columns]
    values = {}
    for name, text in key.items():
        if name not in names:
            raise SelectionError(
                f"{name} is no column of the key of {found.name}.{did_you_mean(name, names)}"
                f" Its rows are named by {', '.join(names)}."
            )
        values[name] = _value(text, columns[name])
    return _cell(engine, found, of, names, values)


def _cell(
    engine: Engine, table: PlanTable, column: PlanColumn, names: list[str], values: dict[str, Any]
) -> Cell:
    wanted = list(dict.fromkeys([*names, column.name]))
    conditions = [
        f"{engine.quote(name)} IS NULL" if value is None else f"{engine.quote(name)} = ?"
        for name, value in values.items()
    ]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    relation = engine.name(table.schema, table.stored_name)
    rows = engine.fetch_dicts(
        f"SELECT {', '.join(map(engine.quote, wanted))} FROM {relation}{where}"
        f" ORDER BY {', '.join(map(engine.quote, names))} LIMIT {CANDIDATES + 1}",
        [value for value in values.values() if value is not None],
    )
    if len(rows) == 1:
        key = {name: rows[0][name] for name in names}
        return Cell(table, column, key, rows[0][column.name])
    said = ", ".join(f"{name}={_shown(value)}" for name, value in values.items()) or "nothing"
    if not rows:
        raise SelectionError(
            f"{table.name} has no row with {said}. Its rows are named by {', '.join(names)};"
            f" `aa-pipeline show {table.name}` shows some."
        )
    missing = [name for name in names if name not in values]
    told = [" ".join(f"{name}={_shown(row[name])}" for name in missing) for row in rows[:CANDIDATES]]
    more = ["  and more"] if len(rows) > CANDIDATES else []
    which = "\n".join([*(f"  {one}" for one in told), *more])
    raise SelectionError(f"Several rows of {table.name} have {said}. Say which:\n{which}")


def _value(text: Any, column: PlanColumn) -> Any:
    """A value of a key, read as its column's type; an empty text is NULL."""
    if not isinstance(text, str):
        return text
    if text == "" and column.nullable:
        return None
    kind = column.type.partition("(")[0]
    try:
        match kind:
            case "date":
                return dt.date.fromisoformat(text)
            case "timestamp":
                instant = dt.datetime.fromisoformat(text)
                return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
            case "int64" | "int32":
                return int(text)
            case "float64":
                return float(text)
            case "decimal":
                return Decimal(text)
            case "boolean":
                return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
    except (ValueError, KeyError, InvalidOperation):
        raise SelectionError(
            f"{column.name}={text} cannot be read: {column.name} is of the type {kind}{_such_as(kind)}."
        ) from None
    return text


def _such_as(kind: str) -> str:
    examples = {
        "date": "2026-11-03",
        "timestamp": "2026-11-03T12:00Z",
        "int64": "12",
        "float64": "1.5",
        "boolean": "true",
    }
    return f", such as {examples[kind]}" if kind in examples else ""


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
