"""`deploy-files`: what runs the listener and builds as services."""

from importlib.resources import files
from pathlib import Path

import click

from pipeline.cli.options import command


@command("deploy-files")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
def deploy_files(folder: Path) -> None:
    """Write files that run the listener and builds as services.

    Units of systemd, a Dockerfile with a compose file (listener, a build every hour, PostgreSQL), and a
    configuration of the OpenTelemetry Collector. Each says at its top how it is used. They are yours to
    edit: a file that is there is not replaced.

    \b
    aa-pipeline deploy-files deploy
    """
    from pipeline.cli.output import say
    from pipeline.errors import SetupError
    from pipeline.system.files import write_whole

    sources = sorted(files("pipeline").joinpath("deploy").iterdir(), key=lambda file: file.name)
    for source in sources:
        if (folder / source.name).exists():
            raise SetupError(
                f"{folder / source.name} is there already and may hold work of yours. Name another folder."
            )
    for source in sources:
        write_whole(folder / source.name, source.read_bytes())
        say(f"Wrote {folder / source.name}")
