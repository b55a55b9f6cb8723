"""A database with the metadata of three runs: all well, a check broken, and broken still."""

import datetime as dt

import pytest

from pipeline.engines import connect, meta
from pipeline.plan.check_results import CheckResult, example_json
from pipeline.run.record import record
from pipeline.run.results import FailingRow, RunResult, TableResult

# What somebody may have written into a commit, a branch name or an attribute.
HOSTILE = "<script>alert(1)</script>\x1b[31m\x00|\u202e\u061c & \"quoted\" 'x' **bold** @everyone ]]>"

DAYS = [dt.datetime(2026, 3, day, 12, tzinfo=dt.UTC) for day in (1, 2, 3)]


def result(table, audit, status, failures=None, **more):
    known = {
        "kind": "custom",
        "columns": ["commit_hash"],
        "severity": "warn" if status == "warned" else "error",
        "row_count": 1200,
        "tolerance": None,
        "description": f"{audit} holds.",
        "proven": "grouped by commit_hash" if status == "proven" else None,
    }
    return CheckResult(table=table, audit=audit, status=status, failures=failures, **(known | more))


def a_run(at, broken):
    run = RunResult("build", at, "duckdb://shop.duckdb", "f1", "0.1.0", started_at=at)
    run.seconds = 1.25
    run.status = "failed" if broken else "success"
    run.tables = [
        TableResult("raw_git_commits", "raw", "git_commits", "read", "no new rows", 1300, 0.01),
        TableResult("agents", "staging", "agents", "skipped", "its file has not changed", 9, 0.0),
        TableResult("stg_git_commits", "staging", "stg_git_commits", "full", "first build", 1200, 0.2),
        TableResult("fct_git_commits", "mart", "fct_git_commits", "full", "first build", 1200, 0.3),
    ]
    run.audits = [
        result("raw_git_commits", "not_null(id)", "warned" if broken else "passed", 3 * broken),
        result("agents", "unique(agent_type)", "passed", 0, row_count=9),
        result("stg_git_commits", "unique(commit_hash)", "proven"),
        result("stg_git_commits", "references(developer_id)", "skipped", row_count=None),
        result(
            "fct_git_commits",
            "isin(commit_size)",
            "failed" if broken else "passed",
            2 * broken,
            kind="isin",
            description=f"commit_size is one of small, {HOSTILE}.",
        ),
        result("fct_git_commits", "not_null(author_name)", "passed", 1, tolerance="1%"),
    ]
    if broken:
        rows = [
            {"commit_hash": "c0ffee", "commit_message": "private words", "commit_size": HOSTILE},
            {"commit_hash": "beef", "commit_size": None, "author_email": "ada@example.com"},
        ]
        run.failing_rows = [
            FailingRow("fct_git_commits", "isin(commit_size)", at, example_json(row))
            for at, row in enumerate(rows, start=1)
        ]
    return run


@pytest.fixture(scope="session")
def audited():
    with connect(":memory:") as engine:
        meta.ensure(engine)
        for at, broken in zip(DAYS, (False, True, True), strict=True):
            with engine.transaction():
                record(engine, a_run(at, broken))
        yield engine
