"""`ingest`: raw records, each once."""

from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Group, Invocation, command, common_options, pass_invocation

if TYPE_CHECKING:
    from pipeline.ingest.landing import IngestResult


@click.group(cls=Group)
@common_options
def ingest() -> None:
    """Land raw records; the same input twice lands once.

    Records that cannot be read are put aside in meta.quarantine with file, line and reason,
    and the rest lands.

    \b
    aa-pipeline ingest git ~/code/app ~/code/site
    """


@command()
@click.argument("repositories", nargs=-1, required=True, metavar="REPO...")
@click.option(
    "--branch", metavar="NAME", help="Branch to read.  [default: each one's default branch]"
)
@click.option("--all-branches", is_flag=True, help="Read every branch, here and at the remotes.")
@pass_invocation
def git(
    invocation: Invocation, repositories: tuple[str, ...], branch: str | None, all_branches: bool
) -> None:
    """Land the commits of git repositories: folders, work trees or bare.

    \b
    aa-pipeline ingest git .
    aa-pipeline ingest git ~/code/* --all-branches
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.git import ingest_git

    if branch and all_branches:
        raise click.UsageError("Give either --branch or --all-branches.")
    with invocation.connect() as engine, progress("Reading commits"):
        result = ingest_git(engine, repositories, branch=branch, all_branches=all_branches)
    report(result)


ingest.add_command(git)


def report(result: "IngestResult") -> None:
    """Say what became of the input; the last line is the account."""
    from pipeline.cli.output import say, warn

    for warning in result.warnings:
        warn(warning)
    if result.dropped:
        say(f"Left out, because they hold content: {', '.join(result.dropped)}.", err=True)
    if result.quarantined:
        warn(
            f"{_records(result.quarantined)} could not be read; meta.quarantine has file, line "
            "and reason of each."
        )
    for table, landed in result.landed_by_table.items():
        if landed:
            say(f"raw.{table}: {landed:,} new rows")
    say(
        f"{_records(result.rows_in)} in = {result.landed:,} landed + {result.duplicates:,} "
        f"duplicates + {result.quarantined:,} quarantined"
    )


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"
