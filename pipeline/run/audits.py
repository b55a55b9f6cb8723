"""Audit what is published now: the command `test`."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.plan import Plan, PlanTable
from pipeline.plan.check_results import example_json, shape_result, stops, without_query
from pipeline.run.auditor import Auditor
from pipeline.run.failures import Failures, store
from pipeline.run.recompute import Recomputation
from pipeline.run.record import record
from pipeline.run.results import FailingRow, Listener, RunResult, given, silent
from pipeline.run.state import Standing, published

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms


def audit(
    engine: Engine,
    plan: Plan,
    *,
    selected: Iterable[str] | None = None,
    fail_fast: bool = False,
    store_failures: bool = False,
    recompute: bool = False,
    project_dir: Path = Path(),
    pseudonyms: "Pseudonyms | None" = None,
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
        recompute: make every model and seed anew as well, and compare it with what is published.
        project_dir: the folder whose `seeds/*.csv` extend the packaged seeds; as in `build`.
        pseudonyms: what stands for people; as in `build`.
        on_event: told about each table; the result is None.

    Returns:
        The results; `status` is failed if a check of severity error did.

    Raises:
        TargetError: a newer release keeps the database.
        QueryError: the database refused a statement.
    """
    selected = None if selected is None else [*selected]
    chosen = set(plan.tables if selected is None else selected)
    tables = [table for table in plan.tables.values() if table.name in chosen]
    there = meta.ensure(engine)
    before = published(engine, there)
    shapes = {schema: engine.shapes(schema) for schema in {table.schema for table in plan.tables.values()}}
    exist = {name for name, table in plan.tables.items() if table.stored_name in shapes[table.schema]}
    result = RunResult(
        command="test",
        as_of=next((left.as_of for left in before.values()), dt.datetime.now(dt.UTC)),
        target=engine.url,
        plan_fingerprint=plan.fingerprint,
        version=plan.version,
        layers={table.name: table.layer for table in plan.tables.values()},
        arguments=given(
            selected=selected, fail_fast=fail_fast, store_failures=store_failures, recompute=recompute
        ),
    )
    results = result.audits
    failures: list[Failures] = []
    recomputation = None
    if recompute:
        standing = Standing(engine.kinds(), before)
        recomputation = Recomputation(
            engine, plan, standing, project_dir=project_dir, pseudonyms=pseudonyms, there=there
        )
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
            if recomputation and table.kind != "source":
                result.warnings += _recompute(auditor, recomputation, table)
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


def _recompute(auditor: Auditor, recomputation: Recomputation, table: PlanTable) -> list[str]:
    """Compare a table with what the plan makes of its inputs, as one more check; why it cannot be done."""
    found = recomputation.compare(table, keep_failures=auditor.keep_failures)
    auditor.add([found.result])
    auditor.failing_rows += [
        FailingRow(table.name, found.result.audit, number, example_json(row))
        for number, row in enumerate(found.examples, start=1)
    ]
    if found.failures:
        auditor.failures.append(found.failures)
    skipped = found.result.status == "skipped"
    return [f"{table.schema}.{table.name}: {found.result.description}"] if skipped else []


def _has_its_shape(auditor: Auditor, table: PlanTable, actual: Mapping[str, str] | None) -> bool:
    """Whether a published table is as planned; of a source, the plan has adapted to its shape."""
    if table.kind == "source":
        return True
    result = shape_result(table, actual)
    auditor.add([result])
    return result.status == "passed"
