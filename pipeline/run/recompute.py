"""`test --recompute`: whether published tables are what the plan makes of the published tables they read.

What was altered by hand in any of them is found, whatever its checks promise: a table is compared with its
query, or a seed with its files, first by a hash of all rows, then row by row.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.plan import Plan, PlanTable
from pipeline.plan.check_results import EXAMPLES, CheckResult
from pipeline.plan.render import render
from pipeline.run.failures import Failures
from pipeline.run.fingerprints import MISSING
from pipeline.run.seed_rows import seed_fingerprint, seed_rows
from pipeline.run.state import Published, Standing, look_at

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms

NAME = "recompute"
# How many more copies of a row stand in the table than were made anew; below zero, how many are missing.
COPIES = "copies_too_many"
ONLY_STORED, ONLY_MADE, CHANGED = "only in the table", "missing in the table", "changed"


@dataclass(frozen=True)
class Recomputed:
    """What became of one table.

    Attributes:
        result: passed, failed, or skipped where what it was made of is no longer there.
        examples: a few of the rows that differ, by column.
        failures: all of them, if they are asked for.
    """

    result: CheckResult
    examples: list[dict[str, Any]]
    failures: Failures | None = None


class Recomputation:
    """Makes the tables of one database anew, to compare."""

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        standing: Standing,
        *,
        project_dir: Path,
        pseudonyms: "Pseudonyms | None",
        there: meta.Shapes,
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.standing = standing
        self.project_dir = project_dir
        self.pseudonyms = pseudonyms
        self.there = there
        self.wrong: set[str] = set()
        self._changed: dict[str, bool] = {}

    def compare(self, table: PlanTable, *, keep_failures: bool = False) -> Recomputed:
        """One model or seed that stands in its place with the columns of its contract.

        Args:
            table: as planned; upstreams come before what reads them.
            keep_failures: whether all rows that differ are returned.
        """
        before = self.standing.before(table)
        if lacking := [name for name in table.depends_on if not self._is_there(self.plan.tables[name])]:
            why = f"{', '.join(lacking)} was never built here; it was made of another target's"
            return Recomputed(self._result(table, "skipped", None, f"Not made anew: {why}."), [])
        gone = self._no_longer_there(table, before)
        if before is None or gone:
            why = f"{', '.join(gone)} changed since it was built" if gone else "no run has left it"
            return Recomputed(self._result(table, "skipped", None, f"Not made anew: {why}. Build first."), [])
        if table.kind == "seed":
            return self._compare_seed(table, keep_failures)
        return self._compare_model(table, before, keep_failures)

    def _no_longer_there(self, table: PlanTable, before: Published | None) -> list[str]:
        """Raw tables, or the seed's own files, that are not what the table was made of."""
        if table.kind == "seed":
            now = seed_fingerprint(table, self.project_dir, self.pseudonyms)
            return [f"its file {table.name}.csv"] if before and before.fingerprint != now else []
        upstreams = (self.plan.tables[name] for name in table.depends_on)
        return [
            f"{source.schema}.{source.stored_name}"
            for source in upstreams
            if source.kind == "source" and self._has_changed(source)
        ]

    def _is_there(self, table: PlanTable) -> bool:
        return table.kind == "source" or (table.schema, table.name) in self.standing.kinds

    def _has_changed(self, source: PlanTable) -> bool:
        if source.name not in self._changed:
            key = source.schema, source.stored_name
            left = self.standing.published.get(key)
            if source.missing:
                now = MISSING
            else:
                is_table = self.standing.kinds.get(key) == "table"
                now = look_at(self.engine, source, is_table, left.fingerprint if left else None).fingerprint
            self._changed[source.name] = now != (left.fingerprint if left else MISSING)
        return self._changed[source.name]

    def _compare_model(self, table: PlanTable, before: Published, keep_failures: bool) -> Recomputed:
        columns = ", ".join(self.engine.quote(column.name) for column in table.columns)
        stored = self.engine.name(table.schema, table.name)
        made = f"({render(str(table.sql), before.as_of)}) AS made"
        hashed = self.engine.content_hash(f"SELECT {columns} FROM {stored}")
        if hashed is not None and hashed == self.engine.content_hash(f"SELECT {columns} FROM {made}"):
            return Recomputed(self._result(table, "passed", 0), [])
        signed = (
            f"SELECT {columns}, 1 AS {COPIES} FROM {stored}"
            f" UNION ALL SELECT {columns}, -1 AS {COPIES} FROM {made}"
        )
        differing = (
            f"SELECT {columns}, SUM({COPIES}) AS {COPIES} FROM ({signed}) AS both_sides"
            f" GROUP BY {columns} HAVING SUM({COPIES}) <> 0"
        )
        key = ", ".join(map(self.engine.quote, table.key or [column.name for column in table.columns]))
        count = f"SELECT COUNT(*) FROM (SELECT {key} FROM ({differing}) AS differing GROUP BY {key}) AS keys"
        ((failures,),) = self.engine.fetch(count)
        if not failures:
            return Recomputed(self._result(table, "passed", 0), [])
        in_order = f"{differing} ORDER BY {key}, {COPIES} DESC"
        # Two rows of each key at most, unless somebody has repeated it.
        found = self.engine.fetch_dicts(f"{in_order} LIMIT {2 * EXAMPLES}")
        kept = self.engine.fetch_result(in_order) if keep_failures else None
        return self._differing(table, failures, found, kept)

    def _compare_seed(self, table: PlanTable, keep_failures: bool) -> Recomputed:
        names = [column.name for column in table.columns]
        columns = ", ".join(map(self.engine.quote, names))
        stored = self.engine.fetch(f"SELECT {columns} FROM {self.engine.name(table.schema, table.name)}")
        copies = Counter(stored)
        copies.subtract(seed_rows(self.engine, table, self.project_dir, self.pseudonyms, self.there))
        rows = [(*row, number) for row, number in copies.items() if number]
        if not rows:
            return Recomputed(self._result(table, "passed", 0), [])
        at = [names.index(name) for name in table.key or names]
        rows.sort(key=lambda row: (*(repr(row[n]) for n in at), -row[-1]))
        failures = len({tuple(row[n] for n in at) for row in rows})
        named = [*names, COPIES]
        found = [dict(zip(named, row, strict=True)) for row in rows]
        return self._differing(table, failures, found, (named, rows) if keep_failures else None)

    def _differing(
        self,
        table: PlanTable,
        failures: int,
        found: Iterable[Mapping[str, Any]],
        kept: tuple[list[str], list[tuple[Any, ...]]] | None,
    ) -> Recomputed:
        self.wrong.add(table.name)
        return Recomputed(
            self._result(table, "failed", failures),
            [*_examples(found, table.key)][:EXAMPLES],
            Failures(table.name, NAME, *kept) if kept else None,
        )

    def _result(
        self, table: PlanTable, status: str, failures: int | None, said: str | None = None
    ) -> CheckResult:
        wrong = [name for name in table.depends_on if name in self.wrong]
        made_of = "its files" if table.kind == "seed" else "what is published of the tables that it reads"
        sentence = f"{table.schema}.{table.name} is what the plan makes of {made_of}."
        if status == "failed" and wrong:
            sentence += f" Look at {', '.join(wrong)} first: the same is wrong there, and it is read here."
        elif status == "failed" and self._is_of_other_code(table):
            sentence += " It was built by other code or with other settings: build it, and ask again."
        return CheckResult(
            table=table.name,
            audit=NAME,
            kind=NAME,
            columns=[],
            severity="error",
            status=status,
            failures=failures,
            row_count=None,
            tolerance=None,
            description=said or sentence,
        )

    def _is_of_other_code(self, table: PlanTable) -> bool:
        before = self.standing.before(table)
        return before is not None and before.plan_fingerprint != self.plan.fingerprint


def _examples(rows: Iterable[Mapping[str, Any]], key: list[str]) -> Iterator[dict[str, Any]]:
    """Rows that stand in the table only or were made anew only; two of one key as what changed in it."""

    def of_key(row: Mapping[str, Any]) -> list[Any]:
        return [row[name] for name in key or row]

    for _, alike in groupby(rows, of_key):
        pair = [*alike]
        if [row[COPIES] for row in pair] == [1, -1]:
            stored, made = pair
            changed = [name for name in stored if name != COPIES and stored[name] != made[name]]
            values = {name: f"{stored[name]}, made anew {made[name]}" for name in changed}
            yield {"difference": CHANGED, **{name: stored[name] for name in key}, **values}
            continue
        for row in pair:
            difference = ONLY_STORED if row[COPIES] > 0 else ONLY_MADE
            yield {"difference": difference} | {name: row[name] for name in row if name != COPIES}
