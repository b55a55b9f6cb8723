"""`forget`: one person, for good."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Invocation, command, pass_invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.engines.base import Engine
    from pipeline.ingest.forget.forget import Forgetting, Identity
    from pipeline.plan import Plan


@command()
@click.argument("person", metavar="PERSON")
@click.option("--drop", is_flag=True, help="Remove their rows, too; sums change.")
@click.option(
    "--dry-run", is_flag=True, help="Show the rows of each table that would change, and change nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be undone.")
@click.option(
    "--spool",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("otlp-spool"),
    show_default=True,
    help="Folder of `ingest otlp --listen`; what waits there lands first.",
)
@pass_invocation
def forget(invocation: Invocation, person: str, drop: bool, dry_run: bool, yes: bool, spool: Path) -> None:
    """Remove a person under all their names, for good; sums stay.

    PERSON is a developer_id, an address, an account, an install's id or a full name. Names, addresses,
    accounts, machines, folders and messages go from raw tables, quarantine, examples of failed audits, the
    spool and published tables; tokens, costs, sessions and commits stay, of somebody without a name, or go
    with --drop. A keyed hash of every name is kept (the key is AA_PIPELINE_PRIVACY_KEY), so that no later
    ingest or build brings them back. To finish what was interrupted, run it again.

    \b
    aa-pipeline forget ada@example.com --dry-run
    aa-pipeline forget ada@example.com
    aa-pipeline forget ada@example.com --drop --yes
    """
    from pipeline.cli.output import progress, say
    from pipeline.errors import SetupError
    from pipeline.ingest.forget.forget import forget as forget_person
    from pipeline.system.pseudonyms import privacy_key

    privacy_key()  # else nothing is read
    with invocation.connect(read_only=dry_run) as engine:
        if not engine.transactional:
            raise SetupError(
                f"{invocation.target} cannot take back half of a change: forget is for DuckDB and PostgreSQL."
                " Nothing was changed."
            )
        plan = invocation.plan(engine)

        def work(update: "Callable[[str], None]", *, only_count: bool) -> "Forgetting":
            return forget_person(
                engine,
                person,
                drop=drop,
                dry_run=only_count,
                identities=_identities(invocation, engine, plan),
                internal_domains=invocation.config.internal_domains,
                pseudonyms=invocation.pseudonyms,
                on_table=lambda table: update(f"Looking through {table}"),
            )

        if not dry_run:
            _land_spool(invocation, engine, spool)
        if not yes or dry_run:
            with progress("Looking for names") as update:
                _tell(work(update, only_count=True), "rows that would change")
            if dry_run:
                say("Nothing was changed.")
                return
            _confirm(person, drop=drop)
        with progress("Forgetting") as update:
            done = work(update, only_count=False)
            update("Building what is published")
            _publish(invocation, engine, plan)
            update("Removing the old rows from the disk")
            why_not = engine.compact(always=True)
    if yes:
        _tell(done, "rows changed")
    _report(invocation, done, why_not)


def _confirm(person: str, *, drop: bool) -> None:
    import sys

    from pipeline.errors import SetupError

    if not sys.stdin.isatty():
        raise SetupError("This cannot be undone: confirm it with --yes. Nothing was changed.")
    what = "and all their rows" if drop else "and keep their sums under no name"
    click.confirm(f"Forget {person} {what}? This cannot be undone.", abort=True)


def _identities(invocation: Invocation, engine: "Engine", plan: "Plan") -> "list[Identity]":
    """The list of identities, as its files say now and as it was loaded last."""
    from pipeline.seeds import csv_files

    seed = plan.tables.get("identities")
    if seed is None:
        return []
    columns = ("alias", "developer_id", "developer_name", "developer_email")
    at = [[column.name for column in seed.columns].index(name) for name in columns]
    rows = [[row[position] for position in at] for row in csv_files.rows(seed, invocation.config.project_dir)]
    if seed.stored_name in engine.shapes(seed.schema):
        rows += [list(row) for row in engine.fetch(f"SELECT {', '.join(columns)} FROM {seed.relation}")]
    return [*rows]


def _land_spool(invocation: Invocation, engine: "Engine", spool: Path) -> None:
    """Land what a listener has left; a running one does so itself, and lets nobody through."""
    from pipeline.cli.output import warn
    from pipeline.errors import PipelineError
    from pipeline.ingest.otlp.ingest import ingest_otlp
    from pipeline.ingest.otlp.spool import Spool

    if not spool.is_dir():
        return
    try:
        waiting = Spool(spool)
    except PipelineError as error:
        warn(f"{error} A listener that has the key lands it without the person.")
        return
    try:
        if files := waiting.complete():
            ingest_otlp(engine, files, remember=False, pseudonyms=invocation.pseudonyms)
            for file in files:
                file.unlink(missing_ok=True)
    finally:
        waiting.close()


def _publish(invocation: Invocation, engine: "Engine", plan: "Plan") -> None:
    """Make all that is published anew, as of the run that made it; audits wait for the next build."""
    from pipeline.engines import meta
    from pipeline.run import run
    from pipeline.run.state import published

    last = next(iter(published(engine, engine.shapes(meta.SCHEMA)).values()), None)
    if last is not None:
        run(
            engine,
            plan,
            as_of=last.as_of,
            full_refresh=True,
            project_dir=invocation.config.project_dir,
            pseudonyms=invocation.pseudonyms,
        )


def _tell(found: "Forgetting", what: str) -> None:
    from pipeline.cli.output import say, warn
    from pipeline.cli.tables import print_table

    print_table(
        ["table", what],
        [(".".join(key), rows) for key, rows in {**found.rows, **found.published}.items()],
    )
    if found.ids:
        say(f"Known as {', '.join(sorted(found.ids))}.")
    for name, others in found.namesakes.items():
        warn(
            f"{', '.join(sorted(others))} has the same full name ({name}). If it is the same person, say so"
            " in seeds/identities.csv, or forget them as well."
        )


def _report(invocation: Invocation, done: "Forgetting", why_not: str | None) -> None:
    from pipeline.cli.output import say, warn

    if why_not:
        warn(
            f"The file was not rewritten: {why_not}. What is gone can still be read in its bytes: run the"
            " same command again."
        )
    left = (
        "Nothing is left of them." if done.stand_in.is_dropped else f"Their sums stay, as {done.stand_in.id}."
    )
    say(f"Forgotten in {invocation.target}. {left}")
    say(
        "Not in this database, and still there: repositories, files that were ingested, backups, pages and"
        " exports that were written before, and lines of seeds/, which builds now leave out."
    )
