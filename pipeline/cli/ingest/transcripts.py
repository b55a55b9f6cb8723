"""`ingest transcripts`: what agents keep of their sessions on this machine."""

from typing import TYPE_CHECKING

import click

from pipeline.cli.ingest.result import show_result
from pipeline.cli.options import Invocation, command, format_option, pass_invocation

if TYPE_CHECKING:
    from pipeline.ingest.transcripts.listing import Listed


@command()
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option(
    "--developer",
    metavar="ID",
    help="Whose sessions they are.  [default: git's user.email in each session's folder]",
)
@click.option(
    "--list",
    "list_only",
    is_flag=True,
    help="Show every agent: where it is looked for, what is there, how its format is known.",
)
@format_option
@pass_invocation
def transcripts(
    invocation: Invocation,
    paths: tuple[str, ...],
    developer: str | None,
    list_only: bool,
    output_format: str,
) -> None:
    """Land the usage that agents keep on disk, one file or row per session.

    Without a path it looks where agents keep their sessions; --list shows where. Takes usage
    events that people export, too. What people and models wrote is left out.

    \b
    aa-pipeline ingest transcripts
    aa-pipeline ingest transcripts --list
    aa-pipeline ingest transcripts ~/.claude/projects --developer ada@example.com
    """
    if list_only:
        if paths or developer:
            raise click.UsageError("--list takes neither paths nor --developer.")
        _list_agents(output_format)
        return
    if output_format != "text":
        raise click.UsageError("--format goes with --list.")

    from pipeline.cli.output import progress
    from pipeline.ingest.transcripts.ingest import ingest_transcripts

    with invocation.connect(create=True) as engine:
        with progress("Reading transcripts"):
            result = ingest_transcripts(
                engine,
                paths,
                developer=developer,
                project_roots=invocation.config.project_roots,
                pseudonyms=invocation.pseudonyms,
                own_process=invocation.own_process,
            )
        show_result(engine, result)


def _list_agents(output_format: str) -> None:
    from pipeline.cli.output import print_json, progress, say, warn
    from pipeline.cli.tables import print_table
    from pipeline.ingest.transcripts.listing import list_agents

    with progress("Looking for transcripts"):
        agents = list_agents(warn)
    if output_format == "json":
        print_json([_described(agent) for agent in agents])
        return
    rows: list[tuple[object, ...]] = []
    for agent in agents:
        rows += [
            (agent.display, place.files or "nothing", ", ".join(place.variables), place.path)
            for place in agent.places
            if not place.is_foreign
        ] or [(agent.display, None, None, "files that you name")]
    print_table(["agent", "found", "moved by", "where"], rows)
    for agent in agents:
        known = agent.evidence
        say(f"\n{agent.display}{f', {known.version}' if known.version else ''}: checked {known.checked}")
        for title, told in (
            ("Known from", known.source),
            ("Told twice", known.repeats),
            ("Not told", known.undercount),
        ):
            if told:
                say(f"  {title}: {told}")


def _described(agent: "Listed") -> dict[str, object]:
    known = agent.evidence
    return {
        "agent": agent.agent,
        "display": agent.display,
        "files": agent.files,
        "places": [
            {"path": place.path, "variables": place.variables, "files": place.files} for place in agent.places
        ],
        "evidence": {
            "source": known.source,
            "version": known.version,
            "checked": known.checked,
            "repeats": known.repeats,
            "undercount": known.undercount,
        },
    }
