"""From the checks of a plan to results: a few queries, and failing rows only where something failed."""

import datetime as dt
from collections.abc import Collection, Sequence

from pipeline.engines.base import Engine
from pipeline.errors import QueryError
from pipeline.plan import Check, PlanTable
from pipeline.plan.bind import ALIAS
from pipeline.plan.check_results import (
    EXAMPLES,
    CheckResult,
    count_query,
    example_json,
    results_of,
    without_query,
)
from pipeline.plan.render import render
from pipeline.run.failures import Failures
from pipeline.run.results import FailingRow


class Auditor:
    """Runs checks on one engine at one instant, and keeps what they found."""

    def __init__(self, engine: Engine, as_of: dt.datetime, *, keep_failures: bool = False) -> None:
        self.engine = engine
        self.as_of = as_of
        self.keep_failures = keep_failures
        self.failures: list[Failures] = []
        self.results: list[CheckResult] = []
        self.failing_rows: list[FailingRow] = []

    def within(self, table: PlanTable, checks: Sequence[Check]) -> list[CheckResult]:
        """Run the checks of one table that look at nothing else, all in one query."""
        return self._run(table, table.relation, [check for check in checks if not check.needs])

    def failing(self, table: PlanTable, checks: Sequence[Check], rows: str) -> set[str]:
        """Names of the checks that some of a table's rows fail.

        Args:
            table: the table.
            checks: of it, where each row is judged by itself.
            rows: a relation of the rows.
        """
        if not checks:
            return set()
        query = render(count_query(f"{rows} AS {ALIAS}", checks), self.as_of)
        try:
            _, *counts = self.engine.fetch(query)[0]
        except QueryError as error:
            raise QueryError(f"Auditing {table.name}: {error}") from error
        return {check.name for check, count in zip(checks, counts, strict=True) if count}

    def across(self, table: PlanTable, checks: Sequence[Check], exist: Collection[str]) -> None:
        """Run the checks of one table that look at several; skip where not all of them `exist`."""
        across = [check for check in checks if check.needs]
        possible = [check for check in across if {*check.needs} <= {*exist}]
        # References are about the table's own rows; a tolerance may be a share of them.
        references = [check for check in possible if check.kind == "reference"]
        self._run(table, table.relation, references)
        self._run(table, None, [check for check in possible if check not in references])
        self.add(without_query(table.name, [check for check in across if check not in possible], "skipped"))

    def add(self, results: Sequence[CheckResult]) -> None:
        """Keep results that needed no query."""
        self.results += results

    def _run(self, table: PlanTable, relation: str | None, checks: Sequence[Check]) -> list[CheckResult]:
        if not checks:
            return []
        query = render(count_query(relation, checks), self.as_of)
        try:
            results = results_of(table.name, checks, self.engine.fetch(query)[0])
            for check, result in zip(checks, results, strict=True):
                if result.status in ("failed", "warned") and check.failing_rows_sql:
                    self._read_failing_rows(render(check.failing_rows_sql, self.as_of), result)
        except QueryError as error:
            raise QueryError(f"Auditing {table.name}: {error}") from error
        self.results += results
        return results

    def _read_failing_rows(self, query: str, result: CheckResult) -> None:
        rows = self.engine.fetch_dicts(f"{query} LIMIT {EXAMPLES}")
        self.failing_rows += [
            FailingRow(result.table, result.audit, number, example_json(row))
            for number, row in enumerate(rows, start=1)
        ]
        if self.keep_failures:
            found = self.engine.fetch_result(query)
            self.failures.append(Failures(result.table, result.audit, *found))
