"""When two engines have the same rows: floats to 1e-9 relative, timestamps as instants."""

import datetime as dt
import math
from decimal import Decimal
from typing import Any

from pipeline.engines.base import Engine
from pipeline.plan import Plan, PlanTable

RELATIVE = 1e-9


def rows_of(engine: Engine, table: PlanTable) -> list[tuple[Any, ...]]:
    """All rows of a published table in an order that every engine gives."""
    columns = ", ".join(engine.quote(column.name) for column in table.columns)
    name = engine.name(table.schema, table.stored_name)
    rows = [tuple(map(plain, row)) for row in engine.fetch(f"SELECT {columns} FROM {name}")]
    exact = [number for number, column in enumerate(table.columns) if not column.type.startswith("float")]
    return sorted(rows, key=lambda row: ([repr(row[number]) for number in exact], list(map(repr, row))))


def plain(value: Any) -> Any:
    """A value as plain Python, instants in UTC."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=value.tzinfo or dt.UTC).astimezone(dt.UTC)
    if isinstance(value, Decimal):
        return value.normalize()
    return value


def differences(expected: Engine, actual: Engine, plan: Plan) -> dict[str, str]:
    """By table that the plan makes: the first thing that is not the same."""
    found = {}
    for table in plan.tables.values():
        if table.kind != "source" and (problem := difference(expected, actual, table)):
            found[table.name] = problem
    return found


def difference(expected: Engine, actual: Engine, table: PlanTable) -> str | None:
    """The first thing in which a table differs, for people; None if it does not."""
    left, right = rows_of(expected, table), rows_of(actual, table)
    if len(left) != len(right):
        some = [row for row in left + right if row not in left or row not in right][:3]
        return f"{len(left)} rows and {len(right)} rows: {some}"
    for one, other in zip(left, right, strict=True):
        for column, a, b in zip(table.columns, one, other, strict=True):
            if not same(a, b):
                key = [one[n] for n, c in enumerate(table.columns) if c.name in table.key]
                return f"{column.name} of {key}: {a!r} and {b!r}"
    return None


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal by the rules of the laws."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=RELATIVE)
    return a == b and type(a) is type(b)
