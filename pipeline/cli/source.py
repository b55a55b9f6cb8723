"""`source freshness`: how old the newest raw rows are."""

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import (
    Group,
    Invocation,
    as_of_option,
    command,
    common_options,
    format_option,
    pass_invocation,
    selection_options,
)

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.outputs.artifacts.freshness import SourceAge


@click.group(cls=Group)
@common_options
def source() -> None:
    """Look at the raw tables.

    \b
    aa-pipeline source freshness
    """


@command()
@selection_options
@as_of_option
@format_option
@pass_invocation
def freshness(
    invocation: Invocation,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    as_of: "dt.datetime | None",
    output_format: str,
) -> None:
    """Show the age of the newest row of each raw table.

    Exits with 1 if a table is older than its error_after in aa-pipeline.toml. Beside that file,
    target/sources.json tells the same of tables with a limit to tools that read dbt's artifacts.

    \b
    aa-pipeline source freshness
    aa-pipeline source freshness --select source:raw.otel_logs --format json
    """
    import datetime as dt

    from pipeline.cli.output import print_json, warn
    from pipeline.cli.tables import print_table
    from pipeline.errors import AuditError
    from pipeline.outputs.artifacts.folder import write_of_freshness
    from pipeline.outputs.artifacts.freshness import source_ages
    from pipeline.plan.selection import select as selected

    now = as_of or dt.datetime.now(dt.UTC)
    with invocation.connect(read_only=True) as engine:
        plan = invocation.plan(engine)
        names = selected(plan.tables, select, exclude, kinds=["source"])
        ages = source_ages(engine, [plan.tables[name] for name in names], invocation.config.freshness, now)
    if (project := invocation.project) and (problem := write_of_freshness(project, plan, ages, now)):
        warn(problem)
    found = [_shown(age, now) for age in ages]
    if output_format == "json":
        print_json(found)
    else:
        print_table(
            ["source", "newest row", "age", "warn after", "error after", "state"],
            [list(row.values()) for row in found],
        )
    late = [row["source"] for row in found if row["state"] == "error"]
    if late:
        raise AuditError(
            f"Too old: {', '.join(late)}. Ingest what is new, or change error_after in aa-pipeline.toml."
        )


source.add_command(freshness)


def _shown(age: "SourceAge", now: "dt.datetime") -> dict[str, Any]:
    return {
        "source": f"{age.table.schema}.{age.table.stored_name}",
        "newest": age.newest,
        "age_seconds": None if age.newest is None else max(now - age.newest, now - now),
        "warn_after_seconds": age.limit.warn_after,
        "error_after_seconds": age.limit.error_after,
        "state": age.state,
    }
