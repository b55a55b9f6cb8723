"""`--store-failures`: all rows that checks failed on, in a table per check, in the schema `audit`.

They are read inside the transaction that holds them and written after it is rolled back.
Unlike the examples in `meta.audit_failures` they are kept whole, and nothing in them is masked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.plan import PlanTable

# PostgreSQL's longest name.
LONGEST = 63


@dataclass(frozen=True)
class Failures:
    """All rows that one check failed on."""

    table: str
    audit: str
    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]

    @property
    def name(self) -> str:
        """The table that they are kept in: `<table>__<audit>`, letters and digits only."""
        words = re.sub(r"\W+", "_", self.audit).strip("_").lower()
        return f"{self.table}__{words}"[:LONGEST]


def store(engine: Engine, tables: Mapping[str, PlanTable], found: Sequence[Failures]) -> list[str]:
    """Replace what earlier runs stored; the names of the tables, with their schema.

    Args:
        engine: an open database.
        tables: the plan's tables, which know the types of columns.
        found: what to store.
    """
    engine.create_schema(meta.FAILING_ROWS)
    kept = engine.shapes(meta.FAILING_ROWS)
    by_name = {failures.name: failures for failures in found}
    for name in kept.keys() - by_name.keys():
        engine.drop(meta.FAILING_ROWS, name, "table")
    for name, failures in by_name.items():
        native = {column.name: column.native_type for column in tables[failures.table].columns}
        types = {
            column: native.get(column) or _type(engine, failures.rows, at)
            for at, column in enumerate(failures.columns)
        }
        engine.create_empty(meta.FAILING_ROWS, name, types, "table" if name in kept else None)
        engine.append(meta.FAILING_ROWS, name, failures.columns, failures.rows)
    return sorted({f"{meta.FAILING_ROWS}.{failures.name}" for failures in found})


def _type(engine: Engine, rows: Sequence[tuple[Any, ...]], at: int) -> str:
    """The engine's type for a column that the check made, such as a count of rows."""
    value = next((row[at] for row in rows if row[at] is not None), None)
    kinds = {bool: "text", int: "integer", float: "float"}
    return meta.NATIVE[engine.dialect][kinds.get(type(value), "text")]
