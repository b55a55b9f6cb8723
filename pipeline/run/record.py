"""The books of a run, in the schema `meta`."""

import datetime as dt
from dataclasses import asdict

from pipeline import meta
from pipeline.engines.base import Engine
from pipeline.run.results import RunResult


def record(engine: Engine, result: RunResult) -> None:
    """Write what a run did. Belongs into the transaction that publishes it, if it does."""
    meta.ensure(engine)
    run = asdict(result) | {
        "finished_at": result.started_at + dt.timedelta(seconds=result.seconds),
    }
    _write(engine, "runs", [run])
    by_run = {"run_id": result.run_id}
    _write(
        engine,
        "run_tables",
        [
            by_run | asdict(table) | {"table_schema": table.schema, "table_name": table.stored_name}
            for table in result.tables
        ],
    )
    _write(
        engine,
        "audit_results",
        [
            by_run | asdict(audit) | {"table_name": audit.table, "columns": ", ".join(audit.columns)}
            for audit in result.audits
        ],
    )
    _write(
        engine,
        "audit_failures",
        [by_run | asdict(row) | {"table_name": row.table} for row in result.failing_rows],
    )


def _write(engine: Engine, table: str, rows: list[dict[str, object]]) -> None:
    columns = list(meta.TABLES[table])
    engine.append(meta.SCHEMA, table, columns, [tuple(row[column] for column in columns) for row in rows])
