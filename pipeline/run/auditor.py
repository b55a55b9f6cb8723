"""From the audits of a plan to results: a few queries, and examples only where something failed."""

from collections.abc import Collection, Sequence

from pipeline.engines.base import Engine
from pipeline.errors import QueryError
from pipeline.plan import AS_OF, Check, PlanTable
from pipeline.plan.check_results import (
    CheckResult,
    all_failures_query,
    audit_query,
    example_json,
    results_of,
    skipped,
)
from pipeline.run.failures import Failures
from pipeline.run.results import FailingRow


class Auditor:
    """Runs audits on one engine at one instant, and keeps what they found."""

    def __init__(self, engine: Engine, as_of: str, *, keep_failures: bool = False) -> None:
        self.engine = engine
        self.as_of = as_of
        self.keep_failures = keep_failures
        self.failures: list[Failures] = []
        self.results: list[CheckResult] = []
        self.failing_rows: list[FailingRow] = []

    def within(self, table: PlanTable, audits: Sequence[Check]) -> list[CheckResult]:
        """Run the audits of one table that look at nothing else, all in one query."""
        return self._run(table, table.audit_from, [audit for audit in audits if not audit.needs])

    def across(self, table: PlanTable, audits: Sequence[Check], exist: Collection[str]) -> None:
        """Run the audits of one table that look at several; skip where not all of them `exist`."""
        across = [audit for audit in audits if audit.needs]
        possible = [audit for audit in across if {*audit.needs} <= {*exist}]
        # References are about the table's own rows; a limit may be a share of them.
        references = [audit for audit in possible if audit.kind == "reference"]
        self._run(table, table.audit_from, references)
        self._run(table, None, [audit for audit in possible if audit not in references])
        self.add(skipped(table.name, [audit for audit in across if audit not in possible]))

    def add(self, results: Sequence[CheckResult]) -> None:
        """Keep results that needed no query."""
        self.results += results

    def _run(self, table: PlanTable, audit_from: str | None, audits: Sequence[Check]) -> list[CheckResult]:
        if not audits:
            return []
        by_name = {audit.name: audit for audit in audits}
        query = audit_query(audit_from, audits).replace(AS_OF, self.as_of)
        try:
            results = results_of(table.name, audits, self.engine.fetch(query)[0])
            for result in results:
                if result.status in ("failed", "warned"):
                    self._read_examples(by_name[result.audit], result)
        except QueryError as error:
            raise QueryError(f"Auditing {table.name}: {error}") from error
        self.results += results
        return results

    def _read_examples(self, audit: Check, result: CheckResult) -> None:
        if audit.examples_sql:
            rows = self.engine.fetch_dicts(audit.examples_sql.replace(AS_OF, self.as_of))
            self.failing_rows += [
                FailingRow(result.table, result.audit, number, example_json(row))
                for number, row in enumerate(rows, start=1)
            ]
        everything = all_failures_query(audit)
        if self.keep_failures and everything:
            found = self.engine.fetch_result(everything.replace(AS_OF, self.as_of))
            self.failures.append(Failures(result.table, result.audit, *found))
