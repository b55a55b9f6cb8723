"""Build: seeds, tables and checks in one transaction; published together or not at all."""

import datetime as dt
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines import meta
from pipeline.engines.base import Engine, Step
from pipeline.errors import ModelError, NoRawDataError, QueryError
from pipeline.plan import Plan, PlanTable
from pipeline.plan.check_results import shape_problems
from pipeline.plan.layers import MARTS, RAW
from pipeline.plan.render import AS_OF, literal, render
from pipeline.privacy import database
from pipeline.run import found_rows, incremental
from pipeline.run.auditor import Auditor
from pipeline.run.defer import Deferral
from pipeline.run.failures import store
from pipeline.run.fingerprints import MISSING, Fingerprints, of_model
from pipeline.run.not_counted import not_counted
from pipeline.run.publish_checks import ChecksFailed, PublishChecks, in_order
from pipeline.run.record import record
from pipeline.run.results import NO_NEWS, Listener, RunResult, TableResult, given, silent
from pipeline.run.seed_rows import seed_fingerprint, seed_rows
from pipeline.run.state import Published, Standing, has_drifted, look_at, published, stored_kind
from pipeline.run.unmatched import unmatched
from pipeline.seeds import csv_files

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms

# Schemas that hold what we make; others are not ours to clean up.
NOT_OURS = (RAW.schema,)


def build(
    engine: Engine,
    plan: Plan,
    *,
    selected: Iterable[str] | None = None,
    as_of: dt.datetime | None = None,
    project_dir: Path = Path(),
    pseudonyms: "Pseudonyms | None" = None,
    fail_fast: bool = False,
    full_refresh: bool = False,
    store_failures: bool = False,
    profile: bool = False,
    defer: Deferral | None = None,
    on_event: Listener = silent,
) -> RunResult:
    """Load seeds, build tables, check them, and publish if no check of severity error fails.

    All of it is one transaction: readers see the old tables or the new ones. A table is skipped
    where neither its code nor anything it reads has changed since it was published.

    Args:
        engine: an open database.
        plan: compiled for the engine's dialect and the raw tables of this database.
        selected: names of the tables to build and check; all of the plan if None.
        as_of: the instant to run as; the clock if None.
        project_dir: the folder whose `seeds/*.csv` extend the packaged seeds.
        pseudonyms: what stands for people; rows that were landed without are changed first. The engine may be
            closed then: its file is compacted, so that no name is left in it.
        fail_fast: stop at the first failing check instead of looking for all of them.
        full_refresh: build everything anew, whether or not something changed.
        store_failures: keep all failing rows in tables of the schema `audit`.
        profile: find out what the engine spends its time on, where it can tell.
        defer: another target, of which tables are read that are neither selected nor built here.
        on_event: told about each table.

    Returns:
        What was done. `status` is failed if a check failed; nothing was published then.

    Raises:
        NoRawDataError: the database holds none of the raw tables.
        ModelError: a table that a selected model reads has not been built.
        TargetError: a newer release keeps the database.
        ConfigError: a seed file cannot be read.
        QueryError: the database refused a statement; nothing was published.
    """
    builder = _Builder("build", engine, plan, selected, as_of, project_dir, pseudonyms, on_event)
    builder.auditing, builder.fail_fast, builder.full_refresh = True, fail_fast, full_refresh
    builder.auditor.keep_failures = store_failures
    builder.result.arguments |= given(
        full_refresh=full_refresh, fail_fast=fail_fast, store_failures=store_failures
    )
    builder.defer_to(defer)
    if profile and not engine.start_profiling():
        builder.result.warnings.append(f"A profile is not available on {engine.dialect}.")
    return builder.go()


def run(
    engine: Engine,
    plan: Plan,
    *,
    selected: Iterable[str] | None = None,
    as_of: dt.datetime | None = None,
    project_dir: Path = Path(),
    pseudonyms: "Pseudonyms | None" = None,
    full_refresh: bool = False,
    defer: Deferral | None = None,
    on_event: Listener = silent,
) -> RunResult:
    """Like `build`, without checks."""
    builder = _Builder("run", engine, plan, selected, as_of, project_dir, pseudonyms, on_event)
    builder.full_refresh = full_refresh
    builder.result.arguments |= given(full_refresh=full_refresh)
    builder.defer_to(defer)
    return builder.go()


def seed(
    engine: Engine,
    plan: Plan,
    *,
    selected: Iterable[str] | None = None,
    project_dir: Path = Path(),
    pseudonyms: "Pseudonyms | None" = None,
    on_event: Listener = silent,
) -> RunResult:
    """Load seeds, changed or not, and nothing else."""
    chosen = plan.tables if selected is None else selected
    seeds = [name for name in chosen if plan.tables[name].kind == "seed"]
    builder = _Builder("seed", engine, plan, seeds, None, project_dir, pseudonyms, on_event)
    builder.full_refresh = True
    return builder.go()


# The schema that BI tools look at, comments included.
BI_SCHEMA = MARTS.schema

# Action, reason and number of rows.
_Done = tuple[str, str, int | None]


class _Builder:
    """One build: what it knows while it walks the plan."""

    auditing = False
    fail_fast = False
    full_refresh = False
    deferral: Deferral | None = None

    def __init__(
        self,
        command: str,
        engine: Engine,
        plan: Plan,
        selected: Iterable[str] | None,
        as_of: dt.datetime | None,
        project_dir: Path,
        pseudonyms: "Pseudonyms | None",
        on_event: Listener,
    ) -> None:
        self.engine = engine
        self.plan = plan
        selected = None if selected is None else [*selected]
        self.selected = set(plan.tables if selected is None else selected)
        self.project_dir = project_dir
        self.pseudonyms = pseudonyms
        self.on_event = on_event
        self.result = RunResult(
            command=command,
            as_of=(as_of or dt.datetime.now(dt.UTC)).astimezone(dt.UTC),
            target=engine.url,
            plan_fingerprint=plan.fingerprint,
            version=plan.version,
            layers={table.name: table.layer for table in plan.tables.values()},
            arguments=given(selected=selected, as_of=as_of),
        )
        self.as_of = self.result.as_of
        self.auditor = Auditor(engine, self.as_of)
        models = [table for table in plan.tables.values() if table.kind == "model"]
        self.models = [table for table in models if table.name in self.selected]
        self.everything = len(self.models) == len(models)
        self.reads = {name for table in self.models for name in table.depends_on}
        self.steps: list[Step] = []

    def defer_to(self, deferral: Deferral | None) -> None:
        """Read from another target what is neither selected nor built here."""
        if deferral:
            deferral.refuse_other_people(self.pseudonyms)
            self.deferral = deferral
            self.result.arguments["defer"] = deferral.target

    def go(self) -> RunResult:
        self._check_sources()
        if self.result.command != "seed":
            csv_files.check_names(self.plan, self.project_dir)
        self.engine.tune()
        self.meta = meta.ensure(self.engine)
        is_clean = self._hide()
        try:
            with self.engine.transaction():
                self._build()
                self.engine.publish()
                self._close()
        except ChecksFailed:
            self.result.status = "failed"
            with self.engine.transaction():
                self._close()
        except QueryError:
            self.result.status = "error"
            with self.engine.transaction():
                self._close()
            raise
        if not is_clean and self.result.status == "success":
            self._forget_bytes()
        return self.result

    def _hide(self) -> bool:
        """Give people pseudonyms; whether there is nothing left of them that a build should remove."""
        database.refuse_other_key(self.engine, self.pseudonyms, self.meta)
        if self.pseudonyms is None:
            return True
        with self.engine.transaction():
            database.hide(self.engine, self.pseudonyms)
        if self.models and not database.is_published(self.engine):
            if not self.everything:
                raise ModelError(
                    f"{self.engine.url} has published names of people, and pseudonyms are asked for now."
                    " Build everything once: `aa-pipeline build`."
                )
            self.full_refresh = True
        return not self.everything or database.is_clean(self.engine)

    def _forget_bytes(self) -> None:
        """Leave nothing in the file of what was there before."""
        if why_not := self.engine.compact(always=True):
            self.result.warnings.append(
                f"Free space of the database may still hold names: it was not rewritten ({why_not})."
                " Run `aa-pipeline maintain`."
            )

    def _close(self) -> None:
        self.result.audits = in_order(self.plan, self.auditor.results)
        self.result.failing_rows = self.auditor.failing_rows
        if self.auditor.keep_failures:
            self.result.stored = store(self.engine, self.plan.tables, self.auditor.failures)
        self.result.finish()
        record(self.engine, self.result)

    def _check_sources(self) -> None:
        """Without any raw table there is nothing to build from; without some there is less."""
        sources = [table for table in self.plan.tables.values() if table.kind == "source"]
        if self.models and sources and all(table.missing for table in sources):
            names = ", ".join(f"{table.schema}.{table.stored_name}" for table in sources)
            raise NoRawDataError(
                f"{self.engine.url} holds no raw data: there is none of the tables {names}."
                " Bring some in with `aa-pipeline ingest otlp PATH`, `ingest git REPO`,"
                " `ingest copilot PATH` or `ingest transcripts`;"
                " `aa-pipeline demo` shows how it looks with made-up data."
            )
        if self.models:
            self.result.warnings += self.plan.warnings

    def _build(self) -> None:
        """Make all tables and check them."""
        if self.models:
            self.result.warnings += not_counted(self.engine, self.meta)
        self.standing = Standing(self.engine.kinds(), published(self.engine, self.meta))
        self.fingerprints = Fingerprints(self.plan, self.standing, self.full_refresh)
        self.changes = self._changes()
        self.checks = PublishChecks(self.auditor, self.plan, self.selected, self.standing)
        for schema in sorted({table.schema for table in self.plan.tables.values()} - {*NOT_OURS}):
            self.engine.create_schema(schema)
        self._read_sources()
        for table in self.plan.tables.values():
            if table.kind == "seed" and table.name in self.selected | self.reads:
                self._time(table, self._load_seed)
        self._check_upstreams()
        for table in self.models:
            self._time(table, self._build_model)
        if self.models:
            self.result.warnings += unmatched(self.engine, self.standing.kinds)
        if self.auditing:
            self.checks.across(self.fail_fast)
        if self.models and self.everything:
            self._drop_leftovers()
            if self.pseudonyms:
                database.note_published(self.engine, self.pseudonyms)
        self.checks.close()
        self.changes.close()

    def _changes(self) -> incremental.Changes:
        """What may be rebuilt in part, and what is too large to be read whole for that."""
        models = [table for table in self.models if self._size(table) >= incremental.SMALL]
        left = {table: self.standing.before(self.plan.tables[table]) for table in self.plan.tables}
        most = incremental.LARGE * incremental.SMALL
        large = [name for name, before in left.items() if before and (before.row_count or 0) >= most]
        numbered = found_rows.numbered(self.engine, self.plan, self.standing.kinds, large)
        return incremental.Changes(self.engine, self.plan, models, numbered)

    def _time(self, table: PlanTable, work: Callable[[PlanTable], _Done]) -> None:
        """Do the work on one table, tell the listener, and check what came of it."""
        self.on_event(table, None)
        self.engine.take_profile()
        start = time.perf_counter()
        try:
            action, reason, row_count = work(table)
        except QueryError as error:
            self._done(table, "error", str(error), None, start)
            raise QueryError(f"{table.schema}.{table.name} could not be built. {error}") from error
        self.steps = self.engine.take_profile()
        if action == "skipped":
            self.standing.unchanged.add(table.name)
        else:
            self.standing.kinds[table.schema, table.name] = stored_kind(table)
        if self.auditing and table.name in self.selected:
            row_count = self.checks.within(table, row_count, self.changes.only_new.get(table.name))
        self._done(table, action, reason, row_count, start)
        if self.fail_fast:
            self.checks.close()

    def _done(self, table: PlanTable, action: str, reason: str, row_count: int | None, start: float) -> None:
        result = TableResult(
            name=table.name,
            schema=table.schema,
            stored_name=table.stored_name,
            action=action,
            reason=reason,
            row_count=row_count,
            seconds=time.perf_counter() - start,
            fingerprint=self.fingerprints.get(table.name),
            steps=self.steps,
        )
        self.steps = []
        self.result.tables.append(result)
        self.on_event(table, result)

    # Sources

    def _read_sources(self) -> None:
        sources = [
            table
            for table in self.plan.tables.values()
            if table.kind == "source" and table.name in self.selected | self.reads
        ]
        for table in sources:
            if table.missing:
                self.fingerprints[table.name] = MISSING
                self.standing.unchanged.add(table.name)  # what was made while it was there says so
                self.standing.reliably_unchanged.add(table.name)
                continue
            start = time.perf_counter()
            is_table = self.standing.kinds.get((table.schema, table.stored_name)) == "table"
            before = self.standing.before(table)
            raw = look_at(self.engine, table, is_table, before.fingerprint if before else None)
            self.fingerprints[table.name] = raw.fingerprint
            if before is None:
                reason = "first time"
            elif before.fingerprint == raw.fingerprint:
                reason = NO_NEWS
                self.standing.unchanged.add(table.name)
                if raw.reliably_unchanged:
                    self.standing.reliably_unchanged.add(table.name)
            elif raw.grown_after is not None:
                self.changes.appended(table, raw.grown_after)
                new = raw.row_count - (before.row_count or 0)
                reason = f"{new:,} new row{'' if new == 1 else 's'}"
            else:
                reason = "its rows changed"
            if self.auditing and table.name in self.selected:
                self.checks.within(table, raw.row_count, self.changes.only_new.get(table.name))
            self._done(table, "read", reason, raw.row_count, start)

    # Seeds

    def _load_seed(self, table: PlanTable) -> _Done:
        fingerprint = seed_fingerprint(table, self.project_dir, self.pseudonyms)
        self.fingerprints[table.name] = fingerprint
        before = self.standing.before(table)
        if self.full_refresh:
            reason = "asked for"
        elif before is None:
            reason = "first time"
        elif before.fingerprint != fingerprint:
            reason = "its file changed"
        else:
            return "skipped", "its file has not changed", before.row_count
        rows = seed_rows(self.engine, table, self.project_dir, self.pseudonyms, self.meta)
        types = {column.name: column.native_type for column in table.columns}
        replacing = self.standing.kinds.get((table.schema, table.name))
        self.engine.create_empty(table.schema, table.name, types, replacing)
        return "loaded", reason, self.engine.append(table.schema, table.name, [*types], rows)

    # Models

    def _check_upstreams(self) -> None:
        """What is read but not selected must have been published, here or elsewhere, by code like this."""
        made = self.selected | {name for name in self.reads if self.plan.tables[name].kind != "model"}
        shapes: dict[str, dict[str, dict[str, str]]] = {}
        for table in self.models:
            for name in table.depends_on:
                if name in made:
                    continue
                upstream = self.plan.tables[name]
                if self.deferral and (upstream.schema, name) not in self.standing.kinds:
                    self.deferral.borrow(self.engine, upstream, table)
                    continue
                if upstream.schema not in shapes:
                    shapes[upstream.schema] = self.engine.shapes(upstream.schema)
                problems = shape_problems(upstream, shapes[upstream.schema].get(name))
                if problems:
                    raise ModelError(
                        f"{table.name} reads {name}, which is not selected. {problems[0]}"
                        f" `aa-pipeline build -s +{table.name}` builds both."
                    )

    def _build_model(self, table: PlanTable) -> _Done:
        assert table.sql is not None
        borrowed = self.deferral.of(table) if self.deferral else []
        sql = render(table.sql, self.as_of, self.deferral.relations if self.deferral else {})
        before = self.standing.before(table)
        inputs = self.fingerprints.inputs(table)
        reason = self.fingerprints.why(table, before, inputs)
        if self.deferral and borrowed:
            reason = f"reads {', '.join(borrowed)} of {self.deferral.target}"
        if reason is None and AS_OF in table.sql:
            # Time has passed; has that changed any row?
            assert before is not None
            if self._has_drifted(table, sql, before, of_model(table, inputs)):
                reason = "the window moved"
        if reason is None:
            assert before is not None
            self.fingerprints[table.name] = before.fingerprint
            return "skipped", "nothing that it reads has changed", before.row_count
        old = None
        is_known = before is not None and self.fingerprints.was_made_of_the_old(table, before)
        if before is not None and is_known and self.engine.transactional:
            assert before.row_count is not None
            is_table = stored_kind(table) == "table"
            if is_table and table.partitions and self._size(table) >= incremental.SMALL:
                done = self.changes.rebuild(
                    table, self.as_of, before.row_count, self.standing.unchanged, before.as_of
                )
                if not isinstance(done, str):
                    as_of = literal(self.as_of) if table.moved else ""
                    self.fingerprints[table.name] = of_model(table, inputs, as_of)
                    return done.action, done.reason, before.row_count - done.removed + done.inserted
                reason = "; ".join(filter(None, [reason, done]))
            if is_table:
                old = self.changes.remember(table)
        kind = stored_kind(table)
        replacing = self.standing.kinds.get((table.schema, table.name))
        row_count = self.engine.create(table.schema, table.name, sql, kind, replacing)
        if old:
            self.changes.compare(table, old)
        if table.schema == BI_SCHEMA:
            columns = {column.name: column.description for column in table.columns}
            self.engine.describe(table.schema, table.name, kind, table.description, columns)
        content = ""
        if AS_OF in table.sql:
            stored = f"SELECT * FROM {self.engine.name(table.schema, table.name)}"
            content = (None if table.time_drift else self.engine.content_hash(stored)) or literal(self.as_of)
        # What was made of something unknown is like nothing that was made before.
        self.fingerprints[table.name] = of_model(table, inputs or self.result.run_id, content)
        return "full", reason, row_count

    def _has_drifted(self, table: PlanTable, sql: str, before: Published, made_from: str) -> bool:
        """Whether time alone has changed rows of a model."""
        if table.time_drift:
            return has_drifted(self.engine, table.time_drift, before, self.as_of)
        content = self.engine.content_hash(sql)
        return content is None or before.fingerprint != f"{made_from}:{content}"

    def _size(self, table: PlanTable) -> int:
        """How many rows the largest table had that a model is made of."""
        found = [self.standing.before(self.plan.tables[name]) for name in table.depends_on]
        return max((before.row_count or 0 for before in found if before), default=0)

    def _drop_leftovers(self) -> None:
        """Remove what earlier releases of the models published and this one does not."""
        planned = {(table.schema, table.stored_name) for table in self.plan.tables.values()}
        for key, before in self.standing.published.items():
            if key in planned or key not in self.standing.kinds or before.schema in NOT_OURS:
                continue
            self.engine.drop(*key, self.standing.kinds[key])
            self.result.tables.append(
                TableResult(key[1], *key, action="dropped", reason="no model makes it any more")
            )
