"""`catalog.json`: tables as they stand, with columns and types; rows where a run has counted them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pipeline.outputs.artifacts.ids import database_of, metadata, table_id
from pipeline.plan import Plan, PlanTable

VERSION = 1


def catalog(
    plan: Plan, rows: Mapping[str, int | None], *, url: str, now: dt.datetime, invocation_id: str
) -> dict[str, Any]:
    """The whole document; of the tables that `rows` names."""
    database = database_of(url, plan)
    entries = [
        (table, _entry(table, database, rows[table.name]))
        for table in plan.tables.values()
        if table.name in rows and not table.missing
    ]
    return {
        "metadata": metadata("catalog", VERSION, plan, now, invocation_id),
        "nodes": {table_id(table): entry for table, entry in entries if table.kind != "source"},
        "sources": {table_id(table): entry for table, entry in entries if table.kind == "source"},
        "errors": None,
    }


def _entry(table: PlanTable, database: str | None, row_count: int | None) -> dict[str, Any]:
    return {
        "unique_id": table_id(table),
        "metadata": {
            "type": "VIEW" if table.materialized == "view" else "BASE TABLE",
            "schema": table.schema,
            "name": table.stored_name,
            "database": database,
            "comment": table.description,
            "owner": None,
        },
        "columns": {
            column.name: {
                "name": column.name,
                "type": column.native_type,
                "index": number,
                "comment": column.description,
            }
            for number, column in enumerate(table.columns, start=1)
        },
        "stats": _stats(row_count),
    }


def _stats(row_count: int | None) -> dict[str, Any]:
    has_stats = {
        "id": "has_stats",
        "label": "Has Stats?",
        "value": row_count is not None,
        "include": False,
        "description": "Whether a run has counted the rows.",
    }
    if row_count is None:
        return {"has_stats": has_stats}
    rows = {
        "id": "row_count",
        "label": "Rows",
        "value": row_count,
        "include": True,
        "description": "As the last run counted them.",
    }
    return {"has_stats": has_stats, "row_count": rows}
