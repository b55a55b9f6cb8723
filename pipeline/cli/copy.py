"""`copy`: from the laptop's database to a bigger one."""

import click

from pipeline.cli.options import Invocation, command, pass_invocation


@command()
@click.option("--from", "source", metavar="NAME|URL", required=True, help="Database that has the rows.")
@click.option("--to", "destination", metavar="NAME|URL", required=True, help="Database that gets them.")
@pass_invocation
def copy(invocation: Invocation, source: str, destination: str) -> None:
    """Copy raw tables and run metadata to another database.

    In batches: an interrupted copy goes on where it stopped. Counts and checksums of every
    column are compared at the end. What is built is built anew there.

    \b
    aa-pipeline copy --from agent_analytics.duckdb --to prod
    aa-pipeline build --target prod
    """
    from dataclasses import replace

    from pipeline.cli.output import progress, say
    from pipeline.cli.tables import cell, print_table
    from pipeline.config import redact
    from pipeline.ingest.forget.rewrite import refuse_forgotten
    from pipeline.outputs.copy import copy_database

    one = replace(invocation, target_option=source)
    other = replace(invocation, target_option=destination)
    if one.target.url == other.target.url:
        raise click.UsageError("--from and --to are the same database.")
    with (
        one.connect(read_only=True) as old,
        other.connect(create=True) as new,
        progress("Copying") as update,
    ):
        refuse_forgotten(old, new)
        done = copy_database(
            old,
            new,
            one.plan(old),
            lambda: other.plan(new),
            on_rows=lambda table, rows: update(f"{table}: {cell(rows)} rows"),
        )
    print_table(
        ["table", "copied", "rows there", "compared"],
        [
            (table.name, table.copied, table.rows, "count and checksums" if table.checked else "count")
            for table in done
        ],
    )
    shown = redact(destination)
    say(f"{other.target} holds what {one.target} holds. Next: aa-pipeline build --target {shown}")
