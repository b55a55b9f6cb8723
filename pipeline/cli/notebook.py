"""`notebook`: a notebook to start from."""

from importlib.resources import files
from pathlib import Path

import click

from pipeline.cli.options import command

GUIDE = "aa-pipeline-guide.ipynb"


@command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    default=Path(GUIDE),
    show_default=True,
    help="Where to write it.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def notebook(output: Path, force: bool) -> None:
    """Write a notebook that shows how to work with the tables.

    It answers five questions with charts and runs from top to bottom on what `build` has made in
    the working directory.

    \b
    aa-pipeline notebook
    pip install 'aa-pipeline[notebook]' && jupyter lab aa-pipeline-guide.ipynb
    """
    from pipeline.cli.output import say
    from pipeline.errors import SetupError
    from pipeline.system.files import write_whole

    if output.exists() and not force:
        raise SetupError(
            f"{output} is there already and may hold work of yours. Name another with -o, or replace it"
            " with --force."
        )
    write_whole(output, files("pipeline").joinpath("notebook", GUIDE).read_bytes())
    say(f"Wrote {output}. Open it with: jupyter lab {output}")
