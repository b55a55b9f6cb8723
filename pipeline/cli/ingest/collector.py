"""`ingest clickhouse`, `ingest parquet`: telemetry where an OpenTelemetry Collector has put it."""

import click

from pipeline.cli.ingest.result import import_arrow, show_result
from pipeline.cli.options import Invocation, command, pass_invocation

include_option = click.option(
    "--include",
    multiple=True,
    metavar="ATTRIBUTE",
    help="Land this attribute though it holds content, such as prompt. May be repeated.",
)


@command()
@click.argument("url", metavar="URL")
@include_option
@pass_invocation
def clickhouse(invocation: Invocation, url: str, include: tuple[str, ...]) -> None:
    """Land what an OpenTelemetry Collector has written into ClickHouse.

    Reads the tables of the Collector's exporter for ClickHouse, whatever they are called, over HTTP. The
    next time it goes on where it stopped, and a day before that for what has come late; to have all of it
    read again: DELETE FROM meta.ingest_files. User and password are in CLICKHOUSE_USER and
    CLICKHOUSE_PASSWORD, or in the URL. The exporter keeps attributes as text: take telemetry from there or
    from files, as the same record from both may not be known again.

    \b
    aa-pipeline ingest clickhouse http://localhost:8123/otel
    aa-pipeline ingest clickhouse https://reader@clickhouse.example.com:8443/otel
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.collector.clickhouse import ingest_clickhouse

    import_arrow(invocation)
    with invocation.connect(create=True) as engine:
        with progress("Reading ClickHouse"):
            result = ingest_clickhouse(engine, url, include=include, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)


@command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@include_option
@pass_invocation
def parquet(invocation: Invocation, paths: tuple[str, ...], include: tuple[str, ...]) -> None:
    """Land Parquet files with the columns of the Collector's tables in ClickHouse.

    Files, folders of *.parquet, globs: as ClickHouse writes with INTO OUTFILE. Each file holds logs, spans,
    or metrics of one kind, which its columns tell. Buckets of S3 are read with the credentials of the
    environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, a role); AWS_ENDPOINT_URL leads to MinIO and others like it.

    \b
    aa-pipeline ingest parquet otel_logs.parquet
    aa-pipeline ingest parquet archive/ '2026-11/*.parquet'
    aa-pipeline ingest parquet s3://telemetry/agents/
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.collector.parquet import ingest_parquet

    import_arrow(invocation)
    with invocation.connect(create=True) as engine:
        with progress("Reading Parquet"):
            result = ingest_parquet(engine, paths, include=include, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)
