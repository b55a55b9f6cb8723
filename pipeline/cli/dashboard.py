"""`dashboard`: the page that people look at."""

from pathlib import Path

import click

from pipeline.cli.options import Invocation, command, pass_invocation


@command()
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    default=Path("dashboard"),
    show_default=True,
    help="Where to write it.",
)
@pass_invocation
def dashboard(invocation: Invocation, folder: Path) -> None:
    """Write the dashboard: return, agents, team, git and cost, in one page.

    It needs a browser and nothing else: no server, no network. Filters by date, developer, agent
    and project work inside the page, and its address keeps them. A folder that holds something else
    stays as it is. Where [privacy] sets min_group, the page shows no figure about fewer people.

    \b
    aa-pipeline dashboard
    aa-pipeline dashboard -o public/
    """
    from pipeline.cli.output import say
    from pipeline.outputs.dashboard import write_dashboard

    with invocation.connect(read_only=True) as engine:
        written = write_dashboard(engine, folder, **invocation.config.figure_settings())
    say(f"Wrote {written.file}, {written.size / 1e6:.1f} MB. Open it in a browser.")
