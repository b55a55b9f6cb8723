"""`dashboard`: the page that people look at, and the same as a document or a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import (
    Invocation,
    check_period,
    command,
    conditions_option,
    pass_invocation,
    period_options,
)
from pipeline.outputs.dashboard.views import VIEWS

if TYPE_CHECKING:
    import datetime as dt


@command()
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["html", "pdf", "png", "md"]),
    default="html",
    show_default=True,
    help="pdf and png need Chromium, Chrome or Edge on this machine.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Of html the folder, else the file or a folder for it.  [default: dashboard/, dashboard.pdf, …]",
)
@click.option(
    "--view",
    type=click.Choice([*VIEWS]),
    help="Of pdf, png and md: only this.  [default: all of them; of png return]",
)
@period_options
@conditions_option
@pass_invocation
def dashboard(
    invocation: Invocation,
    file_format: str,
    output: Path | None,
    view: str | None,
    since: "dt.date | None",
    until: "dt.date | None",
    where: dict[str, list[str]],
) -> None:
    """Write the dashboard: return, agents, team, git and cost, in one page.

    It needs a browser and nothing else: no server, no network. Filters by date, developer, agent
    and project work inside the page, and its address keeps them; pdf, png and md are of the last 30
    days, and of what is chosen here. A folder or file that holds something else stays as it is. Where
    [privacy] sets min_group, no figure is about fewer people.

    \b
    aa-pipeline dashboard
    aa-pipeline dashboard --format pdf --since 2026-11-01 -o november.pdf
    aa-pipeline dashboard --format png --view cost --where agent=codex
    """
    from pipeline.cli.output import say
    from pipeline.outputs.dashboard import write_dashboard, write_file

    check_period(since, until)
    settings = invocation.config.figure_settings()
    if file_format == "html":
        if view or since or until or where:
            raise click.UsageError(
                "In the page everybody chooses for themselves, and its address keeps it: --view, --since,"
                " --until and --where are of pdf, png and md."
            )
        with invocation.connect(read_only=True) as engine:
            written = write_dashboard(engine, output or Path("dashboard"), **settings)
        say(f"Wrote {written.file}, {written.size / 1e6:.1f} MB. Open it in a browser.")
        return

    from pipeline.outputs.dashboard.chosen import choose

    file = output or Path(f"dashboard.{file_format}")
    if file.is_dir():
        file /= f"dashboard.{file_format}"
    views = [view] if view else ["return"] if file_format == "png" else [*VIEWS]
    with invocation.connect(read_only=True) as engine:
        chosen = choose(engine, since, until, where, **settings)
        written = write_file(engine, file, file_format, views, chosen, **settings)
    say(f"Wrote {written.file}, {written.size / 1e6:.1f} MB.")
