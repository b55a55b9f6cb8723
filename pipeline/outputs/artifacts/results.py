"""`run_results.json`: what a run did with each table, and what each check found."""

import datetime as dt
from typing import Any

from pipeline.outputs.artifacts.ids import check_id, metadata, table_id
from pipeline.outputs.docs.state import State
from pipeline.plan import Plan
from pipeline.plan.check_results import CheckResult
from pipeline.run.results import RunResult, TableResult

VERSION = 6
STATUSES = {"failed": "fail", "warned": "warn", "passed": "pass", "proven": "pass", "skipped": "skipped"}


def run_results(plan: Plan, result: RunResult, now: dt.datetime) -> dict[str, Any]:
    """The whole document.

    Tables that the plan has no more, and what a run counted beside the checks of the plan, are left out.
    """
    tables = plan.tables
    checks = {
        (table.name, check.name): check_id(table, check)
        for table in tables.values()
        for check in table.checks
    }
    made = [
        _table(table_id(tables[table.name]), table)
        for table in result.tables
        if table.name in tables and tables[table.name].kind != "source"
    ]
    tested = [
        _check(checks[audit.table, audit.audit], audit)
        for audit in result.audits
        if (audit.table, audit.audit) in checks
    ]
    return {
        "metadata": metadata("run-results", VERSION, plan, now, result.run_id),
        "results": [*made, *tested],
        "elapsed_time": result.seconds,
        "args": {"which": result.command},
    }


def last_results(plan: Plan, state: State, now: dt.datetime) -> dict[str, Any]:
    """The whole document, of all runs: tables that were built, and the last result of each check."""
    last = state.last_run or {}
    result = RunResult(
        command=last.get("command", "build"),
        as_of=now,
        target=state.target or "",
        plan_fingerprint=plan.fingerprint,
        version=plan.version,
        seconds=last.get("seconds", 0.0),
        audits=[*state.results.values()],
    )
    result.tables = [
        TableResult(
            name, plan.tables[name].schema, plan.tables[name].stored_name, "built", "", table.row_count
        )
        for name, table in state.tables.items()
        if table.built_at is not None
    ]
    return run_results(plan, result, now)


def _result(unique_id: str, status: str, seconds: float, message: str | None) -> dict[str, Any]:
    return {
        "unique_id": unique_id,
        "status": status,
        "execution_time": seconds,
        "message": message,
        "timing": [],
        "thread_id": "main",
        "adapter_response": {},
        "failures": None,
        "compiled": None,
        "compiled_code": None,
        "relation_name": None,
    }


def _table(unique_id: str, table: TableResult) -> dict[str, Any]:
    status = {"error": "error", "skipped": "skipped"}.get(table.action, "success")
    message = f"{table.action}: {table.reason}" if table.reason else table.action
    rows = {} if table.row_count is None else {"rows_affected": table.row_count}
    return _result(unique_id, status, table.seconds, message) | {"adapter_response": rows}


def _check(unique_id: str, audit: CheckResult) -> dict[str, Any]:
    message = f"proven: {audit.proven}" if audit.status == "proven" else None
    if audit.status in ("failed", "warned"):
        message = f"{audit.description} ({audit.counted})"
    return _result(unique_id, STATUSES[audit.status], 0.0, message) | {"failures": audit.failures or 0}
