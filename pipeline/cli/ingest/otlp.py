"""`ingest otlp`: telemetry out of files, or as it is sent."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.ingest.collector import include_option
from pipeline.cli.ingest.result import account, import_arrow, show_result
from pipeline.cli.options import Invocation, command, pass_invocation

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms

TOKEN = "AA_PIPELINE_TOKEN"  # the environment variable that holds the receiver's secret


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

    import_arrow(invocation)
    with invocation.connect(create=True) as engine:
        with progress("Reading telemetry"):
            result = ingest_otlp(engine, paths, include=include, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)


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
