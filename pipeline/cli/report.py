"""`report`: what the audits of a run found."""

from pathlib import Path

import click

from pipeline.cli.options import Invocation, command, output_file_option, pass_invocation

FORMATS = ("text", "html", "json", "junit", "markdown")


@command()
@click.option("--run", "run_id", metavar="ID", help="Another run; the beginning of its id will do.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to write it.",
)
@output_file_option
@pass_invocation
def report(invocation: Invocation, run_id: str | None, output_format: str, output: Path | None) -> None:
    """Show the schema validation report of the last run.

    Every audit of every table, with the rows that failed and how it went in earlier runs. Where
    [privacy] sets min_group, those rows are left out.

    \b
    aa-pipeline report
    aa-pipeline report --format html -o report.html
    """
    from pipeline.cli.output import colourful, say
    from pipeline.outputs.pages.ours import check_report
    from pipeline.outputs.report import read_report, render
    from pipeline.system.files import write_whole

    if output:
        check_report(output)
    with invocation.connect(read_only=True) as engine:
        found = read_report(engine, run_id, min_group=invocation.config.privacy.min_group)
    text = render(found, output_format, colour=output is None and colourful())
    if output is None:
        click.echo(text)
    else:
        write_whole(output, text.encode())
        say(f"Wrote {output}.", err=True)
