"""`seed`, `run`, `test`, `build`, `compile`: what works on the plan."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import state as states
from pipeline.cli.defer import defer_option, deferring
from pipeline.cli.options import (
    Command,
    Invocation,
    as_of_option,
    command,
    format_option,
    notify_option,
    pass_invocation,
    selection_options,
)

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.engines.base import Engine
    from pipeline.outputs.totals import Totals
    from pipeline.plan import Plan, PlanTable
    from pipeline.run import RunResult, TableResult

full_refresh_option = click.option(
    "--full-refresh", is_flag=True, help="Build everything anew, whether or not something changed."
)
fail_fast_option = click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first failing audit.")
profile_option = click.option(
    "--profile", is_flag=True, help="Show what the database spent its time on, table by table."
)
dry_run_option = click.option(
    "--dry-run",
    is_flag=True,
    help="Build nothing; print how many bytes a full build would read, where they are billed: BigQuery.",
)


notify_of_build = notify_option("Post a JSON document there if the build fails, breaks a budget or warns.")
openlineage_option = click.option(
    "--openlineage",
    is_flag=True,
    help="Tell OpenLineage what was read and made, as OPENLINEAGE_URL or openlineage.yml says where.",
)
store_failures_option = click.option(
    "--store-failures",
    is_flag=True,
    help="Keep all rows that audits fail on, unmasked, in a table per check in the schema audit.",
)


@command()
@selection_options
@format_option
@pass_invocation
def seed(
    invocation: Invocation, select: tuple[str, ...], exclude: tuple[str, ...], output_format: str
) -> None:
    """Load the CSV seeds: prices, agents, identities, budgets.

    A file of the same name in the project's own folder seeds/ adds rows or replaces them.

    \b
    aa-pipeline seed
    aa-pipeline seed --select model_prices
    """
    from pipeline.run import seed

    work_on_plan(
        invocation,
        seed,
        "Loaded",
        select=select,
        exclude=exclude,
        kinds=["seed"],
        create=True,
        output_format=output_format,
        project_dir=invocation.config.project_dir,
        pseudonyms=invocation.pseudonyms,
    )


@command()
@selection_options
@states.state_option
@defer_option
@as_of_option
@full_refresh_option
@format_option
@pass_invocation
def run(
    invocation: Invocation,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    state: Path | None,
    defer: str | None,
    as_of: "dt.datetime | None",
    full_refresh: bool,
    output_format: str,
) -> None:
    """Build the models and publish them, without audits.

    Seeds that are missing or changed are loaded first.

    \b
    aa-pipeline run
    aa-pipeline run --models staging.*
    aa-pipeline run --models +fct_daily_agent_usage
    """
    from pipeline.run import run

    work_on_plan(
        invocation,
        run,
        "Built",
        select=select,
        exclude=exclude,
        state=state,
        defer=defer,
        kinds=["model"],
        output_format=output_format,
        as_of=as_of,
        full_refresh=full_refresh,
        project_dir=invocation.config.project_dir,
        pseudonyms=invocation.pseudonyms,
    )


@command()
@selection_options
@states.state_option
@click.option(
    "--recompute",
    is_flag=True,
    help="Make every table anew as well, and name the rows that are not what is published.",
)
@fail_fast_option
@store_failures_option
@format_option
@pass_invocation
def test(
    invocation: Invocation,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    state: Path | None,
    recompute: bool,
    fail_fast: bool,
    store_failures: bool,
    output_format: str,
) -> None:
    """Audit what is published, as of the run that published it.

    Exits with 1 if an audit fails.

    \b
    aa-pipeline test
    aa-pipeline test --models fct_daily_agent_usage
    aa-pipeline test --recompute
    """
    from pipeline.run import audit

    work_on_plan(
        invocation,
        audit,
        "Audited",
        select=select,
        exclude=exclude,
        state=state,
        output_format=output_format,
        fail_fast=fail_fast,
        store_failures=store_failures,
        recompute=recompute,
        project_dir=invocation.config.project_dir,
        pseudonyms=invocation.pseudonyms,
    )


class _Build(Command):
    """Ends in its last line even where its command line is not understood."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            from pipeline.cli import ending

            error.show()
            invocation = error.ctx.ensure_object(Invocation) if error.ctx else Invocation()
            ending.last_line(None, 0, output_format="text", log_format=invocation.log_format)
            raise click.exceptions.Exit(error.exit_code) from None


@command(cls=_Build)
@selection_options
@states.state_option
@defer_option
@as_of_option
@full_refresh_option
@fail_fast_option
@store_failures_option
@profile_option
@dry_run_option
@notify_of_build
@openlineage_option
@format_option
@pass_invocation
def build(
    invocation: Invocation,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    state: Path | None,
    defer: str | None,
    as_of: "dt.datetime | None",
    full_refresh: bool,
    fail_fast: bool,
    store_failures: bool,
    profile: bool,
    dry_run: bool,
    notify: str | None,
    openlineage: bool,
    output_format: str,
) -> None:
    """Load seeds, build models, audit them; publish if the audits pass.

    All of it is one transaction: whoever reads sees the old tables or the new ones. With
    [privacy] pseudonyms = true, rows that landed without pseudonyms get them first. The last line
    is for readers of logs: status, tables, rows, warnings, seconds.

    \b
    aa-pipeline build
    aa-pipeline build --select +fct_agent_costs --full-refresh
    aa-pipeline build -s state:modified+ --state published/
    """
    import time

    from pipeline.cli import ending
    from pipeline.cli.failure import INTERRUPTED, meaning, show_failure
    from pipeline.run import build

    if dry_run:
        _show_estimates(invocation, select, exclude, state, as_of, output_format)
        return
    events = ending.openlineage_events() if openlineage else None
    done: list[tuple[Plan, RunResult]] = []
    before: list[Totals | None] = []

    def build_and_keep(engine: "Engine", plan: "Plan", **options: Any) -> "RunResult":
        before.append(ending.totals(engine, invocation) if output_format == "text" else None)
        ages = ending.ages_of_sources(engine, plan, invocation)
        result = build(engine, plan, **options)
        done.append((plan, result))
        ending.write_artifacts(plan, result, ages, invocation)
        return result

    def show_totals(engine: "Engine") -> None:
        _, result = done[0]
        if not all(table.is_unchanged for table in result.tables):
            ending.show_totals(ending.totals(engine, invocation), before[0])

    start, code, error = time.monotonic(), 0, None
    if events:
        ending.tell_openlineage(events.start)
    try:
        work_on_plan(
            invocation,
            build_and_keep,
            "Built",
            then=show_totals,
            select=select,
            exclude=exclude,
            state=state,
            defer=defer,
            output_format=output_format,
            as_of=as_of,
            full_refresh=full_refresh,
            fail_fast=fail_fast,
            store_failures=store_failures,
            profile=profile,
            project_dir=invocation.config.project_dir,
            pseudonyms=invocation.pseudonyms,
        )
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except (Exception, KeyboardInterrupt) as failure:
        code, error = show_failure(failure, invocation), meaning(failure)[0]
    plan, result = done[0] if done else (None, None)
    seconds = time.monotonic() - start
    if events:
        ending.tell_openlineage(events.finish, plan, result, error)
    if notify and code != INTERRUPTED:
        ending.notify(notify, result, invocation, seconds, error)
    ending.last_line(result, seconds, output_format=output_format, log_format=invocation.log_format)
    click.get_current_context().exit(code)


def work_on_plan(
    invocation: Invocation,
    function: Callable[..., "RunResult"],
    verb: str,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    state: Path | None = None,
    defer: str | None = None,
    kinds: Sequence[str] = states.KINDS,
    create: bool = False,
    output_format: str = "text",
    then: Callable[["Engine"], None] | None = None,
    **options: Any,
) -> None:
    """Run a function of `pipeline.run` over the selected tables, and show what came of it.

    Args:
        invocation: says which database.
        function: build, run, seed or audit.
        verb: what it does to tables, in the past tense.
        select: expressions that select tables; everything if there are none.
        exclude: expressions that take tables away.
        state: what `state:modified` compares with.
        defer: the target of which tables are read that are not built here.
        kinds: kinds of table that the function works on.
        create: make a database file that is not there.
        output_format: text, json, or summary: text without the list of tables.
        then: what else is shown, in text, of what has succeeded.
        **options: what else the function takes.

    Raises:
        AuditError: an audit of severity error failed.
    """
    from pipeline.cli.output import progress
    from pipeline.cli.results import show_result

    with invocation.connect(create=create) as engine:
        with progress("Reading the plan") as update:
            plan = invocation.plan(engine, update)
            selected = None
            if select or exclude:
                selected = states.selected(invocation, plan, select, exclude, state, kinds)
                if not selected:
                    states.nothing_to_do(state)

            def on_event(table: "PlanTable", result: "TableResult | None") -> None:
                if result is None:
                    update(table.name)

            with deferring(invocation, engine, defer) as deferral:
                given = {"defer": deferral} if deferral else {}
                result = function(engine, plan, selected=selected, on_event=on_event, **given, **options)
        show_result(result, output_format, verb, invocation.target)
        if then and output_format == "text":
            then(engine)


def _show_estimates(
    invocation: Invocation,
    select: Sequence[str],
    exclude: Sequence[str],
    state: Path | None,
    as_of: "dt.datetime | None",
    output_format: str,
) -> None:
    """What a full build of the selected tables would read."""
    from dataclasses import asdict

    from pipeline.cli.output import print_json, progress, say
    from pipeline.cli.tables import print_table
    from pipeline.run import estimate

    with invocation.connect(read_only=True) as engine, progress("Asking for estimates"):
        plan = invocation.plan(engine)
        selected = None
        if select or exclude:
            selected = states.selected(invocation, plan, select, exclude, state)
        found = estimate(engine, plan, selected=selected, as_of=as_of)
    if output_format == "json":
        print_json([asdict(table) for table in found])
        return
    print_table(
        ["table", "bytes to build", "bytes to audit", "not known until there is"],
        [(table.name, table.to_build, table.to_audit, ", ".join(table.missing)) for table in found],
    )
    total = sum((table.to_build or 0) + (table.to_audit or 0) for table in found)
    more = " and what is not known yet" if any(table.missing for table in found) else ""
    say(f"A full build would read {total:,} bytes{more}: {invocation.target}")
