"""`backup` and `restore`: a database in one file, and back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Invocation, command, pass_invocation

if TYPE_CHECKING:
    from pipeline.outputs.backup.archive import StoredTable

FILE = click.Path(path_type=Path)


@command()
@click.argument("file", type=FILE)
@pass_invocation
def backup(invocation: Invocation, file: Path) -> None:
    """Write a whole database into one file, beside running ingests.

    Run metadata and counters are in it, so that builds of what is restored go on where they were; seeds and
    configuration are not. On PostgreSQL it is one snapshot of the tables in the pipeline's schemas, and
    nobody waits. A DuckDB file is copied while nobody writes: an ingest that runs is waited for (--wait), and
    the next one waits. A backup of that name is replaced; any other file is not. Only its owner can read it.

    \b
    aa-pipeline backup analytics-2026-11-29.zip --wait 600
    """
    from pipeline.cli.output import progress, say
    from pipeline.outputs.backup import back_up

    with invocation.connect(read_only=True) as engine, progress("Backing up"):
        tables = back_up(engine, file)
    _show(tables)
    say(f"Wrote {file}: {invocation.target}")


@command()
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Also into a database that holds something: it is replaced.")
@pass_invocation
def restore(invocation: Invocation, file: Path, replace: bool) -> None:
    """Bring back a database from a backup; all of it, or nothing.

    Counts and checksums of every table are compared before anybody sees it. With --replace, everything in a
    DuckDB file goes; on PostgreSQL the tables in the pipeline's schemas do, in one transaction.

    \b
    aa-pipeline restore analytics-2026-11-29.zip --target new.duckdb
    """
    from pipeline.cli.output import progress, say
    from pipeline.engines import exists
    from pipeline.outputs.backup import restore

    url = invocation.target.url
    is_new = not exists(url)
    with invocation.connect(create=True) as engine, progress("Restoring"):
        try:
            tables = restore(engine, file, replace=replace)
        except BaseException:
            if is_new and not engine.kinds():
                Path(url.removeprefix("duckdb://")).unlink(missing_ok=True)
            raise
    _show(tables)
    say(f"Restored {file}: {invocation.target}")


def _show(tables: "list[StoredTable]") -> None:
    from pipeline.cli.tables import print_table

    print_table(
        ["table", "rows", "compared"],
        [(f"{table.schema}.{table.name}", table.rows, "count and checksum") for table in tables],
    )
