"""`docs generate`, `docs serve`: the documentation site."""

from pathlib import Path

import click

from pipeline.cli.options import Group, Invocation, command, common_options, pass_invocation

folder_option = click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    default=Path("site"),
    show_default=True,
    help="Where the site is.",
)


@click.group(cls=Group)
@common_options
def docs() -> None:
    """The documentation site: every table and column, checks, code, and lineage.

    \b
    aa-pipeline docs generate
    aa-pipeline docs serve
    """


@command()
@folder_option
@pass_invocation
def generate(invocation: Invocation, folder: Path) -> None:
    """Write the documentation site.

    Static pages that open from the folder too and load nothing from anywhere. Row counts, builds
    and check results are those of the last runs; five rows of each table, with people's names and
    words masked, and what its columns hold are of now. Without a database they are left out; where
    [privacy] sets min_group, so are rows and what columns hold. A folder that
    holds something else stays as it is. Beside aa-pipeline.toml, the folder target/ gets dbt's artifacts
    (manifest.json, catalog.json, sources.json, and run_results.json where no build has written it), for
    catalogues that read them.

    \b
    aa-pipeline docs generate
    aa-pipeline docs generate -o public/
    """
    import datetime as dt

    from pipeline.cli.ending import ages_of_sources
    from pipeline.cli.output import say, warn
    from pipeline.errors import TargetError
    from pipeline.outputs.artifacts.folder import write_of_docs
    from pipeline.outputs.docs.folder import write_site
    from pipeline.outputs.docs.site import site_files
    from pipeline.outputs.docs.state import State, read_state

    try:
        with invocation.connect(read_only=True) as engine:
            plan = invocation.plan(engine)
            # A row or a range may be of one person alone.
            min_group = invocation.config.privacy.min_group
            state = read_state(engine, plan, profiles=min_group == 1)
            if min_group > 1:
                say(f"No rows or profiles are shown: groups have at least {min_group} people.", err=True)
            ages = ages_of_sources(engine, plan, invocation)
    except TargetError as error:
        plan, state, ages = invocation.plan_without_database(), State(), []
        say(f"{error} The pages say nothing of rows, builds and check results.", err=True)
    project = invocation.project
    if project and (problem := write_of_docs(project, plan, state, ages, state.target or "")):
        warn(problem)
    files = site_files(
        plan, state, project_dir=invocation.config.project_dir, generated_at=dt.datetime.now(dt.UTC)
    )
    write_site(folder, files)
    size = sum(len(text.encode()) for text in files.values())
    say(f"Wrote {len(plan.tables)} tables to {folder / 'index.html'}, {size / 1e6:.1f} MB.")
    say("Open it, or `aa-pipeline docs serve`.")


@command()
@folder_option
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of 127.0.0.1.  [default: 8080, or else any free one]"
)
@pass_invocation
def serve(invocation: Invocation, folder: Path, port: int | None) -> None:
    """Show the written site to browsers of this machine.

    \b
    aa-pipeline docs serve
    aa-pipeline docs serve --port 9000
    """
    from pipeline.cli.serve import serve_until_stopped
    from pipeline.outputs.docs.server import make_server

    with make_server(folder, port) as server:
        host, bound = server.server_address[:2]
        serve_until_stopped(server, f"{folder} at http://{host!s}:{bound}/")


docs.add_command(generate)
docs.add_command(serve)
