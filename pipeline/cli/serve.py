"""`serve`: the pages of the latest build, in browsers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Invocation, command, pass_invocation

if TYPE_CHECKING:
    from socketserver import BaseServer

    from pipeline.outputs.live.site import Site


@command()
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; 0.0.0.0 is every network of this machine. Others than this machine need a token.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 8080, or else any free one]")
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A further name under which browsers come, such as a proxy's; may be given several times.",
)
@pass_invocation
def serve(invocation: Invocation, host: str, port: int | None, names: tuple[str, ...]) -> None:
    """Show dashboard, documentation and report of the latest build in browsers.

    Pages are made when somebody looks at them, and load themselves anew once a build has published. Nothing
    can be written, and the database is open for moments only, so that builds run beside it. Where others
    than this machine can ask, the address that is printed holds a token, which is new every time; what
    is sent is not encrypted: put a proxy with TLS before it, or an SSH tunnel. Pseudonyms and min_group of
    [privacy] hold as in the pages that are written.

    \b
    aa-pipeline serve
    aa-pipeline serve --host 0.0.0.0 --port 9000
    """
    from pipeline.cli.failure import meaning
    from pipeline.cli.output import warn
    from pipeline.outputs.live.server import Server

    _ = invocation.target  # a target that is unknown is told before anybody asks
    with Server(_site(invocation), host, port, names, lambda error: warn(meaning(error)[0])) as server:
        serve_until_stopped(server, server.url)


def serve_until_stopped(server: "BaseServer", what: str) -> None:
    """Answer until somebody presses Ctrl-C, who is told what is served, and where."""
    from pipeline.cli.output import say

    say(f"Serving {what} until Ctrl-C.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("Stopped.")


def _site(invocation: Invocation) -> "Site":
    import datetime as dt
    from functools import partial

    from pipeline.engines import stamp
    from pipeline.outputs.dashboard import render_page
    from pipeline.outputs.docs.site import site_files
    from pipeline.outputs.docs.state import read_state
    from pipeline.outputs.live.served import served
    from pipeline.outputs.live.site import Site
    from pipeline.outputs.report import read_report, render

    connect = partial(invocation.connect, read_only=True)
    settings = invocation.config.figure_settings()
    min_group: int = settings["min_group"]

    def dashboard(version: str) -> Mapping[str, bytes]:
        with connect() as engine:
            page = render_page(engine, documented=True, **settings)
        return {"index.html": served(page, "dashboard", version)}

    def site(version: str) -> Mapping[str, bytes]:
        with connect() as engine:
            plan = invocation.plan(engine)
        # Opened anew: where the plan had to be compiled, a build has waited long enough. Rows and what
        # columns hold would take longer than that: they are in the site that `docs generate` writes.
        with connect() as engine:
            state = read_state(engine, plan, profiles=False)
        files = site_files(
            plan, state, project_dir=invocation.config.project_dir, generated_at=dt.datetime.now(dt.UTC)
        )
        return {
            path: served(text.encode(), "site", version) if path.endswith(".html") else text.encode()
            for path, text in files.items()
        }

    def report(version: str) -> Mapping[str, bytes]:
        with connect() as engine:
            found = read_report(engine, None, min_group=min_group)
        return {"index.html": served(render(found, "html").encode(), "report", version)}

    url = invocation.target.url
    return Site(connect, lambda: stamp(url), {"dashboard": dashboard, "site": site, "report": report})
