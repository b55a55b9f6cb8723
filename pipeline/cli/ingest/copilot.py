"""`ingest copilot`: GitHub Copilot's reports and seats."""

import click

from pipeline.cli.ingest.result import show_result
from pipeline.cli.options import Invocation, command, pass_invocation


@command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--account",
    metavar="NAME",
    help="Whose seats these are, where several of your organisations have some.",
)
@pass_invocation
def copilot(invocation: Invocation, paths: tuple[str, ...], account: str | None) -> None:
    """Land GitHub Copilot's usage reports and seats: files, folders, globs, - for standard input.

    Reads the usage metrics reports and both older generations of the API's answers, and lists of seats,
    with all their pages in one file.

    \b
    aa-pipeline ingest copilot users-28-day.ndjson seats.json
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.copilot.ingest import ingest_copilot

    with invocation.connect(create=True) as engine:
        with progress("Reading Copilot reports"):
            result = ingest_copilot(engine, paths, account=account, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)
