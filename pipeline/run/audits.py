"""Audit what is published now: the command `test`."""

import datetime as dt
from collections.abc import Iterable, Mapping

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.plan import Plan, PlanTable
from pipeline.plan.check_results import shape_result, stops, without_query
from pipeline.run.auditor import Auditor
from pipeline.run.failures import Failures, store
from pipeline.run.record import record
from pipeline.run.results import Listener, RunResult, silent
from pipeline.run.state import published


def audit(
    engine: Engine,
    plan: Plan,
    *,
    selected: Iterable[str] | None = None,
    fail_fast: bool = False,
    store_failures: bool = False,
    on_event: Listener = silent,
) -> RunResult:
    """Run the checks of published tables, as of the instant at which they were published.

    Nothing is taken as proven: what is published may have been made by other code,
    or altered since. A table that is missing or has wrong columns has failed.

    Args:
        engine: an open database.
        plan: compiled for the engine's dialect and the raw tables of this database.
        selected: names of the tables to audit; all of the plan if None.
        fail_fast: stop after the first table with a failing check.
        store_failures: keep all failing rows in tables of the schema `audit`.
        on_event: told about each table; the result is None.

    Returns:
        The results; `status` is failed if a check of severity error did.

    Raises:
        TargetError: a newer release keeps the database.
        QueryError: the database refused a statement.
    """
    chosen = set(plan.tables if selected is None else selected)
    tables = [table for table in plan.tables.values() if table.name in chosen]
    before = published(engine, meta.ensure(engine))
    shapes = {schema: engine.shapes(schema) for schema in {table.schema for table in plan.tables.values()}}
    exist = {name for name, table in plan.tables.items() if table.stored_name in shapes[table.schema]}
    result = RunResult(
        command="test",
        as_of=next((left.as_of for left in before.values()), dt.datetime.now(dt.UTC)),
        target=engine.url,
        plan_fingerprint=plan.fingerprint,
        version=plan.version,
        layers={table.name: table.layer for table in plan.tables.values()},
    )
    results = result.audits
    failures: list[Failures] = []
    for table in tables:
        on_event(table, None)
        left = before.get((table.schema, table.stored_name))
        as_of = left.as_of if left else result.as_of
        auditor = Auditor(engine, as_of, keep_failures=store_failures)
        checks = [check for check in table.checks if check.sql]
        if table.missing:
            auditor.add(without_query(table.name, checks, "skipped"))
        elif _has_its_shape(auditor, table, shapes[table.schema].get(table.stored_name)):
            auditor.within(table, checks)
            auditor.across(table, checks, exist)
        else:
            auditor.add(without_query(table.name, checks, "skipped"))
        results += auditor.results
        result.failing_rows += auditor.failing_rows
        failures += auditor.failures
        if fail_fast and stops(results):
            break
    result.status = "failed" if stops(results) else "success"
    result.finish()
    with engine.transaction():
        if store_failures:
            result.stored = store(engine, plan.tables, failures)
        record(engine, result)
    return result


def _has_its_shape(auditor: Auditor, table: PlanTable, actual: Mapping[str, str] | None) -> bool:
    """Whether a published table is as planned; of a source, the plan has adapted to its shape."""
    if table.kind == "source":
        return True
    result = shape_result(table, actual)
    auditor.add([result])
    return result.status == "passed"
