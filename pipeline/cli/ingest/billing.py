"""`ingest billing`: what providers charge."""

import click

from pipeline.cli.ingest.result import show_result
from pipeline.cli.options import Invocation, command, pass_invocation


@command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--account",
    metavar="NAME",
    help="Whose bills these are, where several of your organisations have one with a provider.",
)
@pass_invocation
def billing(invocation: Invocation, paths: tuple[str, ...], account: str | None) -> None:
    """Land bills: files, folders, globs, - for standard input.

    Reads Anthropic's cost and usage reports and Claude Code's, OpenAI's costs and usage of completions,
    GitHub's AI usage report, Cursor's usage events, AWS' Cost and Usage Report 2.0, Google Cloud's usage cost
    export, and FOCUS 1.x. A later bill of a day takes the place of an earlier one. Bills are compared with
    what usage costs; they never add to it.

    \b
    aa-pipeline ingest billing cost_report.json ai_usage_report.csv
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.billing.ingest import ingest_billing

    with invocation.connect(create=True) as engine:
        with progress("Reading bills"):
            result = ingest_billing(engine, paths, account=account, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)
