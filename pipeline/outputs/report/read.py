"""A run and its past, read from the schema `meta`."""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.errors import SelectionError, SetupError, did_you_mean
from pipeline.plan.check_results import STATUSES, CheckResult
from pipeline.plan.layers import LAYERS, ORDER, SEEDS
from pipeline.run.retention import WHOLE_RUNS

# How many runs a trend shows, the reported one included.
TREND = WHOLE_RUNS


@dataclass(frozen=True)
class PastResult:
    """What a check said in one run; status and failures are None where it did not run."""

    run_id: str
    started_at: dt.datetime
    status: str | None
    failures: int | None


@dataclass(frozen=True)
class ReportedCheck(CheckResult):
    """The result of a check, and what the report tells besides.

    Attributes:
        examples: at most five failing rows.
        history: what it said in this run and those before, oldest first.
        failing_since: start of the first of the runs in a row, up to this one, that it failed in.
    """

    examples: list[dict[str, Any]] = field(default_factory=list)
    history: list[PastResult] = field(default_factory=list)
    failing_since: dt.datetime | None = None


@dataclass(frozen=True)
class TableReport:
    """One table of the run, worst checks first."""

    name: str
    layer: str
    action: str | None
    reason: str | None
    row_count: int | None
    seconds: float | None
    checks: list[ReportedCheck]

    @property
    def status(self) -> str:
        """The worst status of its checks; passed if it has none."""
        found = {check.status for check in self.checks}
        return next((status for status in STATUSES if status in found), "passed")

    @property
    def counts(self) -> dict[str, int]:
        """Checks by status."""
        return _counts(self.checks)


@dataclass(frozen=True)
class PastRun:
    """A run of the trend: how many of its checks ended how."""

    run_id: str
    started_at: dt.datetime
    command: str
    status: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Report:
    """One run: its tables by layer, their checks, and the runs before it."""

    run_id: str
    command: str
    status: str
    started_at: dt.datetime
    finished_at: dt.datetime
    as_of: dt.datetime
    target: str
    version: str
    plan_fingerprint: str
    seconds: float
    tables: list[TableReport]
    trend: list[PastRun]

    @property
    def counts(self) -> dict[str, int]:
        """Checks by status."""
        return _counts(check for table in self.tables for check in table.checks)

    @property
    def layers(self) -> dict[str, list[TableReport]]:
        """Tables by layer, in the order of the pipeline."""
        return {
            layer: tables
            for layer in ORDER
            if (tables := [table for table in self.tables if table.layer == layer])
        }

    @property
    def headline(self) -> str:
        """The run in one sentence."""
        counts = self.counts
        total = sum(counts.values()) - counts["skipped"]
        skipped = f" {counts['skipped']} could not be run." if counts["skipped"] else ""
        if counts["failed"]:
            warned = f", {counts['warned']} warned" if counts["warned"] else ""
            return f"{counts['failed']} of {total} checks failed{warned}.{skipped}"
        if self.status == "error":
            return f"The run ended in an error before all checks were made.{skipped}"
        if counts["warned"]:
            return f"No check failed, {counts['warned']} of {total} warned.{skipped}"
        return (f"All {total} checks passed." if total else "No check was run.") + skipped


def read_report(engine: Engine, run_id: str | None = None) -> Report:
    """The report of one run.

    Args:
        engine: an open database.
        run_id: the run; the last one that audited anything if None. The beginning of an id will do.

    Raises:
        SetupError: no run of this database has audited anything.
        SelectionError: there is no such run.
    """
    runs = _runs(engine)
    if not runs:
        raise SetupError(
            f"{engine.url} has no audited run to report on. `aa-pipeline build` makes one, "
            "`aa-pipeline test` audits what is there."
        )
    run = _chosen(runs, run_id)
    past = runs[: runs.index(run) + 1][-TREND:]
    results = _results(engine, [other["run_id"] for other in past])
    examples = _examples(engine, run["run_id"])
    return Report(
        run_id=run["run_id"],
        command=run["command"],
        status=run["status"],
        started_at=run["started_at"],
        finished_at=run["finished_at"],
        as_of=run["as_of"],
        target=run["target"],
        version=run["version"],
        plan_fingerprint=run["plan_fingerprint"],
        seconds=run["seconds"],
        tables=_tables(engine, run, past, results, examples),
        trend=[_past_run(other, results[other["run_id"]].values()) for other in past],
    )


def _runs(engine: Engine) -> list[dict[str, Any]]:
    """Every run that audited something and of which all results are there, oldest first."""
    there = engine.shapes(meta.SCHEMA)
    if "audit_results" not in there:
        return []
    totals = f"SELECT run_id FROM {engine.name('meta', 'audit_totals')}"
    whole = f" AND run_id NOT IN ({totals})" if "audit_totals" in there else ""
    newest_first = engine.fetch_dicts(
        f"SELECT * FROM {engine.name('meta', 'runs')} AS r WHERE run_id IN "
        f"(SELECT run_id FROM {engine.name('meta', 'audit_results')}){whole}"
        f" ORDER BY {meta.newest_first('runs', there['runs'], 'r')}"
    )
    return newest_first[::-1]


def _chosen(runs: list[dict[str, Any]], run_id: str | None) -> dict[str, Any]:
    if run_id is None:
        return runs[-1]
    found = [run for run in runs if run["run_id"].startswith(run_id)] if run_id else []
    if len(found) == 1:
        return found[0]
    known = [run["run_id"] for run in runs]
    if found:
        raise SelectionError(f"{len(found)} runs begin with {run_id}; give more of the id.")
    raise SelectionError(
        f"There is no audited run {run_id}.{did_you_mean(run_id, known)} "
        f"The last ones are {', '.join(known[-3:])}."
    )


Results = dict[str, dict[tuple[str, str], dict[str, Any]]]


def _results(engine: Engine, run_ids: list[str]) -> Results:
    """Rows of results by run, and by table and check."""
    marks = ", ".join("?" * len(run_ids))
    rows = engine.fetch_dicts(
        f"SELECT * FROM {engine.name('meta', 'audit_results')} WHERE run_id IN ({marks})", run_ids
    )
    found: Results = {run_id: {} for run_id in run_ids}
    for row in rows:
        found[row["run_id"]][row["table_name"], row["audit"]] = row
    return found


def _examples(engine: Engine, run_id: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    rows = engine.fetch(
        f"SELECT table_name, audit, failing_row FROM {engine.name('meta', 'audit_failures')} "
        "WHERE run_id = ? ORDER BY table_name, audit, example",
        [run_id],
    )
    found = defaultdict(list)
    for table, audit, row in rows:
        found[table, audit].append(json.loads(row))
    return found


def _tables(
    engine: Engine,
    run: dict[str, Any],
    past: list[dict[str, Any]],
    results: Results,
    examples: dict[tuple[str, str], list[dict[str, Any]]],
) -> list[TableReport]:
    done = engine.fetch_dicts(
        f"SELECT * FROM {engine.name('meta', 'run_tables')} WHERE run_id = ?", [run["run_id"]]
    )
    # Checks name a raw table as models do: raw.otel_logs is raw_otel_logs.
    by_name = {
        f"raw_{row['table_name']}" if row["table_schema"] == "raw" else row["table_name"]: row for row in done
    }
    now = results[run["run_id"]]
    names = dict.fromkeys([*by_name, *(table for table, _ in now)])
    tables = []
    for name in names:
        row = by_name.get(name, {})
        layers = [found.get("layer") for key, found in now.items() if key[0] == name]
        checks = [
            _check(found, past, results, examples.get(key, []))
            for key, found in now.items()
            if key[0] == name
        ]
        checks.sort(key=lambda check: STATUSES.index(check.status))
        counted = [check.row_count for check in checks if check.row_count is not None]
        rows = row.get("row_count")
        tables.append(
            TableReport(
                name=name,
                layer=_layer(name, next(filter(None, layers), None), row.get("table_schema")),
                action=row.get("action"),
                reason=row.get("reason"),
                row_count=rows if rows is not None else next(iter(counted), None),
                seconds=row.get("seconds"),
                checks=checks,
            )
        )
    return sorted(tables, key=lambda table: ORDER.index(table.layer))


def _layer(name: str, recorded: str | None, schema: str | None) -> str:
    """The layer of a table; its schema and its name tell of runs that did not record layers."""
    if recorded in LAYERS:
        return recorded
    by_schema = [layer.name for layer in LAYERS.values() if layer.schema == schema]
    by_name = [layer.name for layer in LAYERS.values() if name.startswith(layer.prefixes)]
    return by_schema[0] if len(by_schema) == 1 else (*by_name, SEEDS.name)[0]


def _check(
    row: dict[str, Any],
    past: list[dict[str, Any]],
    results: Results,
    examples: list[dict[str, Any]],
) -> ReportedCheck:
    key = row["table_name"], row["audit"]
    history = []
    for run in past:
        then = results[run["run_id"]].get(key, {})
        history.append(PastResult(run["run_id"], run["started_at"], then.get("status"), then.get("failures")))
    return ReportedCheck.of_row(
        row, examples=examples, history=history, failing_since=_failing_since(history)
    )


def _failing_since(history: list[PastResult]) -> dt.datetime | None:
    since = None
    for result in reversed([result for result in history if result.status]):
        if result.status not in ("failed", "warned"):
            break
        since = result.started_at
    return since


def _past_run(run: dict[str, Any], rows: Iterable[dict[str, Any]]) -> PastRun:
    counts = Counter(row["status"] for row in rows)
    return PastRun(
        run_id=run["run_id"],
        started_at=run["started_at"],
        command=run["command"],
        status=run["status"],
        counts={status: counts[status] for status in STATUSES},
    )


def _counts(checks: Iterable[CheckResult]) -> dict[str, int]:
    counts = Counter(check.status for check in checks)
    return {status: counts[status] for status in STATUSES}
