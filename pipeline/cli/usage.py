"""`usage`: what agents left on this machine, as a table of tokens and cost, in one command."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import (
    Invocation,
    check_period,
    command,
    format_option,
    pass_invocation,
    period_options,
)

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.engines.base import Engine
    from pipeline.outputs.usage import Usage
    from pipeline.plan import Plan

KINDS = ("day", "week", "month", "session", "project", "model", "agent", "block")
PAUSE = 5.0  # seconds between two looks
MOST_RUNS = 50  # of which our own database keeps what was made and checked
DAYS_OF_RUNS = 30  # that it keeps of what it did


@command()
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option(
    "--by",
    type=click.Choice(KINDS),
    default="day",
    show_default=True,
    help="What each row is about; a block is five hours from an agent's first request on.",
)
@period_options
@click.option("--watch", is_flag=True, help="Look again every few seconds, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@format_option
@pass_invocation
def usage(
    invocation: Invocation,
    paths: tuple[str, ...],
    by: str,
    since: "dt.date | None",
    until: "dt.date | None",
    watch: bool,
    as_json: bool,
    output_format: str,
) -> None:
    """Show what agents on this machine used, and what it cost.

    Takes in what is new of the transcripts that agents leave, and builds what the answer needs. Where no
    target is given or configured it keeps a small database of its own, which remembers what agents
    delete; with paths, only these count, and nothing is kept.

    \b
    aa-pipeline usage
    aa-pipeline usage --by month --since 2026-01-01 --json
    aa-pipeline usage --by block --watch
    """
    from pipeline.cli.output import print_json
    from pipeline.outputs.usage import read_usage

    as_json = as_json or output_format == "json"
    check_period(since, until)
    if watch and as_json:
        raise click.UsageError("--watch shows a table: leave --json out.")
    is_ours = not _is_configured(invocation)
    if is_ours:
        own = own_database(pseudonyms=invocation.config.privacy.pseudonyms)
        invocation.target_option = ":memory:" if paths else str(own)

    def look(*, quiet: bool = False) -> "Usage":
        alone = _for_the_owner_alone() if is_ours else nullcontext()
        with alone, invocation.connect(create=True) as engine:
            is_new = _take_in(invocation, engine, paths, quiet=quiet)
            _publish(invocation, engine, is_ours=is_ours, is_new=is_new, quiet=quiet)
            return read_usage(engine, by, since=since, until=until, timezone=invocation.config.timezone)

    if watch:
        _watch(look)
    elif as_json:
        print_json(look().document())
    else:
        from pipeline.cli.usage_table import show_usage

        show_usage(look())


def _is_configured(invocation: Invocation) -> bool:
    from pipeline.config import TARGET_VARIABLE

    return bool(
        invocation.target_option or os.environ.get(TARGET_VARIABLE) or invocation.config.default_target
    )


def own_database(*, pseudonyms: bool) -> Path:
    """Where usage is kept for whoever has configured nothing, in a folder for them alone.

    A database with names is never made one with pseudonyms, from which there would be no way back.

    Raises:
        SetupError: the folder cannot be made.
    """
    from platformdirs import user_data_path

    from pipeline.system.files import not_writable

    folder = user_data_path("aa-pipeline", appauthor=False)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder, error) from error
    return folder / ("usage-pseudonyms.duckdb" if pseudonyms else "usage.duckdb")


@contextmanager
def _for_the_owner_alone() -> Iterator[None]:
    """What is made meanwhile, databases and what belongs to them, nobody else can read."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _take_in(invocation: Invocation, engine: "Engine", paths: Sequence[str], *, quiet: bool) -> bool:
    """Land what is new; whether anything was."""
    from pipeline.cli.output import progress, warn
    from pipeline.engines.raw_tables import make_missing_raw_tables

    if not paths and _is_read(invocation, engine):
        return False

    from pipeline.cli.ingest.result import show_problems
    from pipeline.ingest.transcripts.ingest import NoTranscriptsError, ingest_transcripts

    make_missing_raw_tables(engine)
    try:
        with progress("Reading transcripts", quiet=quiet):
            result = ingest_transcripts(
                engine,
                paths,
                project_roots=invocation.config.project_roots,
                pseudonyms=invocation.pseudonyms,
                own_process=invocation.own_process,
            )
    except NoTranscriptsError as error:
        # What agents have deleted since is still told.
        if not engine.fetch(f"SELECT 1 FROM {engine.name('raw', 'otel_logs')} LIMIT 1"):
            raise
        for warning in error.warnings:
            warn(warning)
        return False
    show_problems(engine, result)
    engine.write_out()
    return result.landed > 0


def _is_read(invocation: Invocation, engine: "Engine") -> bool:
    """Whether this version has read the transcripts as they are."""
    from pipeline.ingest.transcripts.files import homes
    from pipeline.ingest.transcripts.memory import is_unchanged

    # Places have pseudonyms too.
    return not invocation.config.privacy.pseudonyms and is_unchanged(engine, homes())


def _publish(invocation: Invocation, engine: "Engine", *, is_ours: bool, is_new: bool, quiet: bool) -> None:
    """Build what the answer is read from, where it is not as it would be.

    Args:
        invocation: what was asked for.
        engine: the database.
        is_ours: whether only this command uses it.
        is_new: whether rows have just landed.
        quiet: show no progress.

    Raises:
        AuditError: an audit of severity error failed.
    """
    from pipeline.cli.output import progress, warn
    from pipeline.engines import meta
    from pipeline.outputs.usage import TABLES
    from pipeline.plan.selection import ancestors
    from pipeline.run import is_up_to_date
    from pipeline.run.not_counted import not_counted

    plan = invocation.plan(engine)
    selected = {*TABLES, *ancestors(plan.tables, TABLES)}
    project_dir, pseudonyms = invocation.config.project_dir, invocation.pseudonyms
    if not is_new and pseudonyms is None and is_up_to_date(engine, plan, selected, project_dir):
        for warning in not_counted(engine, engine.shapes(meta.SCHEMA)):
            warn(warning)
        return

    from pipeline.cli.results import show_troubles
    from pipeline.run import build

    with progress("Adding up", quiet=quiet):
        result = build(engine, plan, selected=selected, project_dir=project_dir, pseudonyms=pseudonyms)
    show_troubles(result)
    if is_ours:
        _remove_old_runs(engine, plan)


def _remove_old_runs(engine: "Engine", plan: "Plan") -> None:
    """Nobody runs `maintain` on a database that they have not made."""
    import datetime as dt

    from pipeline.engines import meta
    from pipeline.run.retention import Retention

    ((runs,),) = engine.fetch(f"SELECT COUNT(DISTINCT run_id) FROM {engine.name(meta.SCHEMA, 'run_tables')}")
    if runs > MOST_RUNS:
        days = {"runs": DAYS_OF_RUNS, "ingests": DAYS_OF_RUNS}
        Retention(engine, plan, days, "UTC", dt.datetime.now(dt.UTC)).apply()


def _watch(look: Callable[..., "Usage"]) -> None:
    """Show the table again whenever it is another one, until Ctrl-C."""
    import datetime as dt
    import time

    from pipeline.cli.failure import INTERRUPTED
    from pipeline.cli.interrupt import Terminated
    from pipeline.cli.output import is_terminal, say, warn
    from pipeline.cli.usage_table import show_usage
    from pipeline.errors import DatabaseLockedError

    shown, is_held = None, False
    try:
        while True:
            begun = time.monotonic()
            try:
                found = look(quiet=shown is not None)
            except DatabaseLockedError as error:
                if not is_held:
                    warn(f"{error} Until then it is looked at again and again.")
                is_held = True
            else:
                is_held = False
                if is_terminal() and shown:  # what the first look warned of stays for a while
                    click.clear()
                if is_terminal() or found != shown:
                    show_usage(found)
                    say(f"Looked at {dt.datetime.now():%H:%M:%S}. Ctrl-C ends.")
                shown = found
            # Whoever has much to read is not kept reading all the time.
            time.sleep(max(PAUSE, time.monotonic() - begun))
    except Terminated:
        raise
    except KeyboardInterrupt:
        say()
        click.get_current_context().exit(INTERRUPTED)
