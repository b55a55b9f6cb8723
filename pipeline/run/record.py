"""Run metadata: what a run did and found, in the schema `meta`."""

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.run.results import RunResult


def record(engine: Engine, result: RunResult) -> None:
    """Write what a run did. Belongs into the transaction that publishes it, if it does.

    Args:
        engine: the database that it was done to, with all tables of `meta`.
        result: what was done.
    """
    finished_at = result.started_at + dt.timedelta(seconds=result.seconds)
    run_id = result.run_id
    number = meta.next_number(engine, "runs")
    arguments = json.dumps(result.arguments, default=str)
    _write(engine, "runs", [result], run_number=number, finished_at=finished_at, arguments=arguments)
    _write(
        engine,
        "run_tables",
        result.tables,
        run_id=run_id,
        table_schema=lambda table: table.schema,
        table_name=lambda table: table.stored_name,
    )
    _write(
        engine,
        "audit_results",
        result.audits,
        run_id=run_id,
        table_name=lambda check: check.table,
        columns=lambda check: ", ".join(check.columns),
        layer=lambda check: result.layers.get(check.table),
    )
    _write(
        engine,
        "audit_failures",
        result.failing_rows,
        run_id=run_id,
        table_name=lambda row: row.table,
    )


def _write(engine: Engine, table: str, things: Iterable[Any], **given: Any) -> None:
    """One row per thing: each column is what is given for it, else the attribute of its name."""
    columns = list(meta.TABLES[table])

    def value(thing: Any, column: str) -> Any:
        if column not in given:
            return getattr(thing, column)
        return given[column](thing) if callable(given[column]) else given[column]

    rows = [tuple(value(thing, column) for column in columns) for thing in things]
    if rows:
        engine.append(meta.SCHEMA, table, columns, rows)
