"""`digest`: a week in one message."""

import datetime as dt
from pathlib import Path

import click

from pipeline.cli.options import Invocation, command, output_file_option, pass_invocation


def _monday(ctx: click.Context, param: click.Parameter, value: str | None) -> dt.date | None:
    """`2026-W48`, or a day of that week, as its Monday."""
    if value is None:
        return None
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no week, such as 2026-W48, and no day of one, such as 2026-11-23.", ctx, param
        ) from None
    return day - dt.timedelta(days=day.weekday())


@command()
@click.option(
    "--week",
    "monday",
    metavar="WEEK",
    callback=_monday,
    help="As 2026-W48, or any day of it.  [default: the last whole week, Monday to Sunday]",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["html", "markdown", "json"]),
    default="html",
    show_default=True,
    help="html is for mail programs.",
)
@output_file_option
@pass_invocation
def digest(invocation: Invocation, monday: dt.date | None, output_format: str, output: Path | None) -> None:
    """Sum up a week for a mail or a chat, beside the week before.

    The dashboard's figures, by agent, model and project; it names no person. Where [privacy] sets
    min_group, what would be of fewer people is left out. A file that holds something else stays as it is.

    \b
    aa-pipeline digest -o week.html
    aa-pipeline digest --week 2026-W48 --format markdown
    """
    from zoneinfo import ZoneInfo

    from pipeline.cli.output import say
    from pipeline.outputs.digest import read_digest, render
    from pipeline.outputs.pages.ours import check_ours
    from pipeline.system.files import write_whole

    if output:
        check_ours(output, "digest")
    config = invocation.config
    if monday is None:
        today = dt.datetime.now(ZoneInfo(config.timezone)).date()
        monday = today - dt.timedelta(days=today.weekday() + 7)
    with invocation.connect(read_only=True) as engine:
        found = read_digest(engine, monday, **config.figure_settings())
    text = render(found, output_format)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode())
        say(f"Wrote {output}.", err=True)
