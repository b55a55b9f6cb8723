"""`ingest`: raw records, each once."""

import click

from pipeline.cli.ingest import billing, collector, copilot, forges, git, otlp, transcripts
from pipeline.cli.options import Group, common_options


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


for source in (
    *(otlp.otlp, collector.clickhouse, collector.parquet, git.git, copilot.copilot),
    *(forges.github, forges.gitlab, transcripts.transcripts, billing.billing),
):
    ingest.add_command(source)
