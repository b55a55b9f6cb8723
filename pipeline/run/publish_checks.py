"""The checks before publishing: which a build runs, and which results it reuses from an earlier one."""

from collections.abc import Iterable, Sequence

from pipeline.plan import Check, Plan, PlanTable
from pipeline.plan.check_results import CheckResult, pending, results_of, stops, volume, without_query
from pipeline.plan.render import AS_OF
from pipeline.plan.selection import ancestors
from pipeline.run.auditor import Auditor
from pipeline.run.state import EarlierResults, Published, Standing, has_drifted


class ChecksFailed(Exception):
    """A check of severity error has failed: the transaction must be rolled back."""


class PublishChecks:
    """The checks of one build."""

    def __init__(self, auditor: Auditor, plan: Plan, selected: set[str], standing: Standing) -> None:
        self.auditor = auditor
        self.plan = plan
        self.selected = selected
        self.standing = standing
        self.earlier = EarlierResults(auditor.engine)
        self.passed: set[str] = set()

    def close(self) -> None:
        """Let nothing through if a check has failed.

        Raises:
            ChecksFailed: one has.
        """
        if stops(self.auditor.results):
            raise ChecksFailed

    def within(self, table: PlanTable, row_count: int | None, only_new: str | None = None) -> int | None:
        """Check one table by itself; its number of rows, if that is known now.

        Args:
            table: the table.
            row_count: how many rows it has, as far as is known.
            only_new: a relation of the rows that this run has brought, if it has only removed others.
        """
        within = [check for check in table.checks if not check.needs]
        reused = self._reuse(table, within)
        fresh = [check for check in within if check.name not in reused]
        to_run = pending(fresh, self.passed)
        counted = self._only_new(table, to_run, row_count, only_new) if only_new and row_count else []
        done = {result.audit for result in counted}
        counted += self.auditor.within(table, [check for check in to_run if check.name not in done])
        if counted:
            row_count = counted[-1].row_count
        self._add_proven(table, fresh, to_run, row_count)
        # Proofs rest on what stops a build, never on what only warns.
        if not stops([*reused.values(), *counted]):
            self.passed.add(table.name)
        if table.kind != "source":
            before = self.standing.published.get((table.schema, table.stored_name))
            self.auditor.add(volume(table.name, row_count, before.row_count if before else None))
        return row_count

    def across(self, fail_fast: bool) -> None:
        """Check what several tables must agree on, now that all of them are built.

        Where only a part was selected, checks that look beyond it and what it reads are skipped:
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
            across = [check for check in table.checks if check.needs]
            reused = self._reuse(table, across)
            fresh = [check for check in across if check.name not in reused]
            to_run = pending(fresh, self.passed)
            self.auditor.across(table, to_run, built & exist)
            self._add_proven(table, fresh, to_run, None)
            if fail_fast:
                self.close()

    def _only_new(
        self, table: PlanTable, checks: Sequence[Check], row_count: int, rows: str
    ) -> list[CheckResult]:
        """Results of the checks that no row of before has failed, nor any that is new.

        Where a row is judged by itself, the others need not be looked at again; where one fails, all are.
        """
        before = self.standing.published.get((table.schema, table.stored_name))
        if before is None or not self._made_by_this_plan(before):
            return []
        earlier = self.earlier.results(before.run_id)
        held = [
            check
            for check in checks
            if check.by_row
            and (found := earlier.get((table.name, check.name)))
            and found.status == "passed"
            and found.failures == 0
        ]
        failing = self.auditor.failing(table, held, rows)
        results = results_of(
            table.name,
            [check for check in held if check.name not in failing],
            [row_count, *[0] * (len(held) - len(failing))],
        )
        self.auditor.add(results)
        return results

    def _made_by_this_plan(self, before: Published) -> bool:
        """Whether checks that a run has made are those of this one."""
        return (before.command, before.plan_fingerprint) == ("build", self.plan.fingerprint)

    def _add_proven(
        self, table: PlanTable, fresh: Sequence[Check], run: Sequence[Check], row_count: int | None
    ) -> None:
        proven = [check for check in fresh if check not in run]
        self.auditor.add(without_query(table.name, proven, "proven", row_count))

    def _reuse(self, table: PlanTable, checks: Sequence[Check]) -> dict[str, CheckResult]:
        """Results of the build that left a table as it is, where nothing they look at has changed."""
        before = self.standing.before(table)
        if before is None or table.name not in self.standing.unchanged or not self._made_by_this_plan(before):
            return {}
        results = self.earlier.results(before.run_id)
        reused = {
            check.name: results[table.name, check.name]
            for check in checks
            if (table.name, check.name) in results
            and results[table.name, check.name].status != "skipped"
            and all(self._left_by(before.run_id, name) for name in check.needs)
            and self._timeless(table, check, before)
        }
        self.auditor.add([*reused.values()])
        self.auditor.failing_rows += self.earlier.failing_rows(before.run_id, reused.values())
        return reused

    def _timeless(self, table: PlanTable, check: Check, before: Published) -> bool:
        """Whether a check finds now what it found then, if what it looks at is the same."""
        if AS_OF not in (check.sql or ""):
            return True
        behind = ancestors(self.plan.tables, [table.name])
        raw = {name for name in behind if self.plan.tables[name].kind == "source"}
        return (
            bool(check.time_drift)
            and behind <= self.standing.unchanged
            and raw <= self.standing.reliably_unchanged
            and not has_drifted(self.auditor.engine, check.time_drift, before, self.auditor.as_of)
        )

    def _left_by(self, run_id: str, name: str) -> bool:
        """Whether a table is as that run left it."""
        before = self.standing.before(self.plan.tables[name])
        return before is not None and before.run_id == run_id and name in self.standing.unchanged


def in_order(plan: Plan, results: Iterable[CheckResult]) -> list[CheckResult]:
    """Results as planned: those of one table together, however a build came by them."""
    nth = {name: at for at, name in enumerate(plan.tables)}
    named = {
        (table.name, check.name): at
        for table in plan.tables.values()
        for at, check in enumerate(table.checks)
    }
    return sorted(
        results,
        key=lambda result: (nth[result.table], named.get((result.table, result.audit), len(named))),
    )
