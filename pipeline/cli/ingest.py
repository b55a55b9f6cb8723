"""`ingest`: raw records, each once."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.collector import clickhouse, include_option, parquet
from pipeline.cli.options import (
    Group,
    Invocation,
    command,
    common_options,
    format_option,
    pass_invocation,
)

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.ingest.landing.landing import IngestResult
    from pipeline.ingest.transcripts.listing import Listed
    from pipeline.privacy.pseudonyms import Pseudonyms

TOKEN = "AA_PIPELINE_TOKEN"  # the environment variable that holds the receiver's secret
EXAMPLES = 5  # records put aside that are named at once


@click.group(cls=Group)
@common_options
def ingest() -> None:
    """Land raw records; the same input twice lands once.

    Records that cannot be read are put aside in meta.quarantine with file, line and reason,
    and the rest lands. With [privacy] pseudonyms = true in aa-pipeline.toml a keyed hash lands in
    place of everything that tells of a person; the key is in AA_PIPELINE_PRIVACY_KEY.

    \b
    aa-pipeline ingest transcripts
    aa-pipeline ingest otlp ~/telemetry
    aa-pipeline ingest clickhouse https://reader@clickhouse.example.com:8443/otel
    aa-pipeline ingest git ~/code/app ~/code/site
    aa-pipeline ingest copilot users-28-day.ndjson
    aa-pipeline ingest github pulls.json
    aa-pipeline ingest gitlab merges.json
    aa-pipeline ingest billing cost_report.json
    """


@command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@include_option
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="Receive OTLP/HTTP there until Ctrl-C, instead of reading files.",
)
@click.option(
    "--listen-anywhere",
    is_flag=True,
    help="Allow an address that other machines reach; needs --tokens.",
)
@click.option(
    "--tokens",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=f"What `listener-token` writes: senders must show a token of a team, or that in {TOKEN}.",
)
@click.option(
    "--tls-cert",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Encrypt with this certificate and those between it and the root, in PEM.",
)
@click.option(
    "--tls-key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The certificate's key, in PEM, without a password.",
)
@click.option(
    "--spool",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("otlp-spool"),
    show_default=True,
    help="Folder for what was received and has not landed yet.",
)
@pass_invocation
def otlp(
    invocation: Invocation,
    paths: tuple[str, ...],
    include: tuple[str, ...],
    listen: str | None,
    listen_anywhere: bool,
    tokens: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    spool: Path,
) -> None:
    """Land OpenTelemetry logs and metrics: files, folders, globs, - for standard input.

    Reads what the Collector's file exporter writes (JSON or protobuf, plain or compressed,
    still growing or rotated) and saved OTLP/HTTP bodies. Prompts, responses and what tools
    were given and gave back are left out.

    \b
    aa-pipeline ingest otlp telemetry.jsonl
    aa-pipeline ingest otlp ~/telemetry 'archive/*.gz'
    aa-pipeline ingest otlp --listen 127.0.0.1:4318
    """
    from pipeline.cli.output import progress

    if bool(paths) == bool(listen):
        raise click.UsageError("Give either paths or --listen.")
    if paths and (tokens or tls_cert or tls_key):
        raise click.UsageError("--tokens, --tls-cert and --tls-key go with --listen.")
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("Give both --tls-cert and --tls-key.")
    if listen:
        tls = (tls_cert, tls_key) if tls_cert and tls_key else None
        _listen(invocation, listen, spool, include, anywhere=listen_anywhere, teams=tokens, tls=tls)
        return

    from pipeline.ingest.otlp.ingest import ingest_otlp

    _import_arrow(invocation)
    with invocation.connect(create=True) as engine:
        with progress("Reading telemetry"):
            result = ingest_otlp(engine, paths, include=include, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)


def _import_arrow(invocation: Invocation) -> None:
    from pipeline.ingest.landing.arrow import import_arrow_alone

    if invocation.own_process:
        import_arrow_alone()


def _listen(
    invocation: Invocation,
    address: str,
    spool: Path,
    include: Sequence[str],
    *,
    anywhere: bool,
    teams: Path | None,
    tls: tuple[Path, Path] | None,
) -> None:
    """Receive until Ctrl-C; the database is open only for moments."""
    from pipeline.cli.output import say
    from pipeline.engines import connect
    from pipeline.ingest.otlp.receiver import listen

    url, wait, limit = invocation.target.url, invocation.wait, invocation.config.memory_limit
    pseudonyms = invocation.pseudonyms
    _refuse(url, pseudonyms)
    result = listen(
        lambda: connect(url, wait=wait, memory_limit=limit),
        address,
        spool,
        token=os.environ.get(TOKEN) or None,
        teams=teams,
        tls=tls,
        anywhere=anywhere,
        include=include,
        pseudonyms=pseudonyms,
        say=say,
    )
    say(account(result))


def _refuse(url: str, pseudonyms: "Pseudonyms | None") -> None:
    """Stop at once where nothing could ever land.

    A database that is not there, or cannot be had now, stops no listener: the spool waits for it.
    """
    from pipeline.engines import connect, exists, meta
    from pipeline.errors import DatabaseLockedError, TargetError
    from pipeline.privacy import database

    if not exists(url):
        return
    try:
        engine = connect(url, read_only=True, wait=0)
    except (TargetError, DatabaseLockedError):
        return
    with engine:
        meta.refuse_newer(engine, engine.shapes(meta.SCHEMA))
        database.refuse_other_key(engine, pseudonyms)


@command()
@click.argument("repositories", nargs=-1, required=True, metavar="REPO...")
@click.option("--branch", metavar="NAME", help="Branch to read.  [default: each one's default]")
@click.option("--all-branches", is_flag=True, help="Read every branch, here and at the remotes.")
@click.option("--survival", is_flag=True, help="Also land what became of the lines that commits added.")
@pass_invocation
def git(
    invocation: Invocation,
    repositories: tuple[str, ...],
    branch: str | None,
    all_branches: bool,
    survival: bool,
) -> None:
    """Land the commits of git repositories: folders, work trees or bare.

    With --survival also, of each commit of the branch, how many of its lines are alive after 7, 30 and
    90 days and today, and how many were deleted or rewritten within 21 days.

    \b
    aa-pipeline ingest git .
    aa-pipeline ingest git ~/code/* --all-branches
    aa-pipeline ingest git ~/code/app --survival
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.git.ingest import ingest_git

    if branch and all_branches:
        raise click.UsageError("Give either --branch or --all-branches.")
    if survival and all_branches:
        raise click.UsageError("--survival looks at one branch: give --branch, or leave --all-branches out.")
    _import_arrow(invocation)
    with invocation.connect(create=True) as engine:
        with progress("Reading commits"):
            result = ingest_git(
                engine,
                repositories,
                branch=branch,
                all_branches=all_branches,
                survival=survival,
                pseudonyms=invocation.pseudonyms,
            )
        show_result(engine, result)


@command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--account",
    metavar="NAME",
    help="Whose seats these are, where several of your organisations have some.",
)
@pass_invocation
def copilot(invocation: Invocation, paths: tuple[str, ...], account: str | None) -> None:
    """Land GitHub Copilot's usage reports and seats: files, folders, globs, - for standard input.

    Reads the usage metrics reports and both older generations of the API's answers, and lists of seats,
    with all their pages in one file.

    \b
    aa-pipeline ingest copilot users-28-day.ndjson seats.json
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.copilot.ingest import ingest_copilot

    with invocation.connect(create=True) as engine:
        with progress("Reading Copilot reports"):
            result = ingest_copilot(engine, paths, account=account, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)


@command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option(
    "--print-query",
    type=click.Choice(["pulls", "team"]),
    is_flag=False,
    flag_value="pulls",
    help="Print what `gh api graphql` is to ask, for pull requests or for a team, and do nothing.",
)
@pass_invocation
def github(invocation: Invocation, paths: tuple[str, ...], print_query: str | None) -> None:
    """Land pull requests: files that GitHub's gh has written, folders, globs, - for standard input.

    Reads what `gh api graphql --paginate` (with --slurp or not) and `gh pr list --json` write. Titles
    and bodies are left out, and so is who reviewed.

    \b
    gh api graphql --paginate -F owner=OWNER -F name=REPO
      -f query="$(aa-pipeline ingest github --print-query)" > pulls.json
    aa-pipeline ingest github pulls.json
    """
    from pipeline.cli.output import progress, say
    from pipeline.ingest.github.query import QUERIES

    if bool(print_query) == bool(paths):
        raise click.UsageError("Give either paths or --print-query.")
    if print_query:
        say(QUERIES[print_query].rstrip())
        return

    from pipeline.ingest.github.ingest import ingest_github

    with invocation.connect(create=True) as engine:
        with progress("Reading pull requests"):
            result = ingest_github(engine, paths, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)


@command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--print-query", is_flag=True, help="Print what `glab api graphql` is to ask, and do nothing.")
@pass_invocation
def gitlab(invocation: Invocation, paths: tuple[str, ...], print_query: bool) -> None:
    """Land merge requests: files that GitLab's glab has written, folders, globs, - for standard input.

    Reads what `glab api graphql --paginate`, `glab mr list --output json` and the REST API write.
    They stand beside pull requests. Titles, descriptions and who reviewed are left out.

    \b
    glab api graphql --paginate -f fullPath=GROUP/PROJECT
      -f query="$(aa-pipeline ingest gitlab --print-query)" > merges.json
    aa-pipeline ingest gitlab merges.json
    """
    from pipeline.cli.output import progress, say
    from pipeline.ingest.gitlab.query import QUERY

    if print_query == bool(paths):
        raise click.UsageError("Give either paths or --print-query.")
    if print_query:
        say(QUERY.rstrip())
        return

    from pipeline.ingest.gitlab.ingest import ingest_gitlab

    with invocation.connect(create=True) as engine:
        with progress("Reading merge requests"):
            result = ingest_gitlab(engine, paths, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)


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


for source in (otlp, clickhouse, parquet, git, copilot, github, gitlab, transcripts, billing):
    ingest.add_command(source)


def show_result(engine: "Engine", result: "IngestResult") -> None:
    """Say what became of the input; the last line is the account.

    Raises:
        IngestError: there was something, and all of it was put aside.
    """
    from pipeline.cli.output import say
    from pipeline.errors import IngestError

    show_problems(engine, result)
    if result.empty and not result.rows_in:
        say("Nothing new: it was read before, or holds no records for these tables.")
    for table, landed in result.landed_by_table.items():
        if landed:
            say(f"raw.{table}: {landed:,} new row{'' if landed == 1 else 's'}")
    say(account(result))
    if result.quarantined and not (result.landed or result.duplicates or result.empty):
        raise IngestError(
            "Nothing landed: all that was read was put aside. `aa-pipeline show meta.quarantine` says why."
        )


def show_problems(engine: "Engine", result: "IngestResult") -> None:
    """Say what was left out, put aside or otherwise remarkable, on standard error."""
    from pipeline.cli.output import say, warn
    from pipeline.ingest.values import records

    for warning in result.warnings:
        warn(warning)
    if result.dropped:
        say(f"Left out, because they hold content: {', '.join(result.dropped)}.", err=True)
    if result.quarantined:
        for file, line, reason in _put_aside(engine, result.ingest_id):
            warn(f"{file}{f', line {line}' if line else ''}: {reason}.")
        warn(f"{records(result.quarantined)} put aside: `aa-pipeline show meta.quarantine` lists them.")


def account(result: "IngestResult") -> str:
    """What came in and what became of it; the numbers add up."""
    from pipeline.ingest.values import records

    not_counted = f"; {records(result.not_counted)} with usage not counted" if result.not_counted else ""
    return (
        f"{records(result.rows_in)} in = {result.landed:,} landed + {result.duplicates:,} "
        f"duplicates + {result.quarantined:,} quarantined{not_counted}"
    )


def _put_aside(engine: "Engine", ingest_id: str) -> list[tuple[str, int | None, str]]:
    """Some of what an ingest put aside."""
    rows = engine.fetch(
        "SELECT DISTINCT file, line, reason FROM meta.quarantine WHERE ingest_id = ?"
        f" ORDER BY file, line LIMIT {EXAMPLES}",
        [ingest_id],
    )
    return [(file, line, reason.rstrip(".")) for file, line, reason in rows]
