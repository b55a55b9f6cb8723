"""The gate before publishing: which audits a build runs, and which it takes over from an earlier one."""

from collections.abc import Iterable, Sequence

from pipeline.plan import AS_OF, Check, Plan, PlanTable
from pipeline.plan.check_results import CheckResult, pending, proven, stops, volume
from pipeline.plan.selection import ancestors
from pipeline.run.auditor import Auditor
from pipeline.run.state import EarlierResults, Published, Standing, has_drifted


class AuditsFailed(Exception):
    """An audit of severity error has failed: the transaction must be rolled back."""


class PublishChecks:
    """The audits of one build."""

    def __init__(self, auditor: Auditor, plan: Plan, selected: set[str], standing: Standing) -> None:
        self.auditor = auditor
        self.plan = plan
        self.selected = selected
        self.standing = standing
        self.earlier = EarlierResults(auditor.engine)
        self.passed: set[str] = set()

    def close(self) -> None:
        """Let nothing through if an audit has failed.

        Raises:
            AuditsFailed: one has.
        """
        if stops(self.auditor.results):
            raise AuditsFailed

    def within(self, table: PlanTable, row_count: int | None) -> int | None:
        """Audit one table by itself; its number of rows, if that is known now."""
        within = [audit for audit in table.audits if not audit.needs]
        carried = self._carry(table, within)
        open_audits = [audit for audit in within if audit.name not in carried]
        to_run = pending(open_audits, self.passed)
        counted = self.auditor.within(table, to_run)
        if counted:
            row_count = counted[0].row_count
        by_proof = [audit for audit in open_audits if audit not in to_run]
        self.auditor.add(proven(table.name, by_proof, row_count))
        # Proofs rest on what stops a build, never on what only warns.
        if not stops([*carried.values(), *counted]):
            self.passed.add(table.name)
        if table.kind != "source":
            before = self.standing.published.get((table.schema, table.stored_name))
            self.auditor.add(volume(table.name, row_count, before.row_count if before else None))
        return row_count

    def across(self, fail_fast: bool) -> None:
        """Audit what several tables must agree on, now that all of them are built.

        Where only a part was selected, audits that look beyond it and what it reads are skipped:
        there the tables need not agree.
        """
        built = self.selected | ancestors(self.plan.tables, self.selected)
        exist = {
            name
            for name, table in self.plan.tables.items()
            if (table.schema, table.stored_name) in self.standing.kinds
        }
        for name, table in self.plan.tables.items():
            if name not in self.selected:
                continue
            across = [audit for audit in table.audits if audit.needs]
            carried = self._carry(table, across)
            to_run = [audit for audit in across if audit.name not in carried]
            open_audits = pending(to_run, self.passed)
            self.auditor.across(table, open_audits, built & exist)
            self.auditor.add(proven(table.name, [audit for audit in to_run if audit not in open_audits]))
            if fail_fast:
                self.close()

    def _carry(self, table: PlanTable, audits: Sequence[Check]) -> dict[str, CheckResult]:
        """Results of the build that left a table as it is, where nothing they look at has changed."""
        before = self.standing.before(table)
        if (
            before is None
            or table.name not in self.standing.unchanged
            or (before.command, before.plan_fingerprint) != ("build", self.plan.fingerprint)
        ):
            return {}
        results = self.earlier.results(before.run_id)
        carried = {
            audit.name: results[table.name, audit.name]
            for audit in audits
            if (table.name, audit.name) in results
            and results[table.name, audit.name].status != "skipped"
            and all(self._left_by(before.run_id, name) for name in audit.needs)
            and self._timeless(table, audit, before)
        }
        self.auditor.add([*carried.values()])
        self.auditor.failing_rows += self.earlier.failing_rows(before.run_id, carried.values())
        return carried

    def _timeless(self, table: PlanTable, audit: Check, before: Published) -> bool:
        """Whether an audit finds now what it found then, if what it looks at is the same."""
        if AS_OF not in (audit.sql or ""):
            return True
        behind = ancestors(self.plan.tables, [table.name])
        raw = {name for name in behind if self.plan.tables[name].kind == "source"}
        return (
            bool(audit.time_drift)
            and behind <= self.standing.unchanged
            and raw <= self.standing.reliably_unchanged
            and not has_drifted(self.auditor.engine, audit.time_drift, before, self.auditor.as_of)
        )

    def _left_by(self, run_id: str, name: str) -> bool:
        """Whether a table is as that run left it."""
        before = self.standing.before(self.plan.tables[name])
        return before is not None and before.run_id == run_id and name in self.standing.unchanged


def in_order(plan: Plan, results: Iterable[CheckResult]) -> list[CheckResult]:
    """Results as planned: those of one table together, however a build came by them."""
    nth = {name: at for at, name in enumerate(plan.tables)}
    named = {
        (table.name, audit.name): at
        for table in plan.tables.values()
        for at, audit in enumerate(table.audits)
    }
    return sorted(
        results,
        key=lambda result: (nth[result.table], named.get((result.table, result.audit), len(named))),
    )
