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
    from collections.abc import Mapping

    from pipeline.config import Freshness
    from pipeline.engines.base import Engine
    from pipeline.plan import PlanTable


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

    Exits with 1 if a table is older than its error_after in aa-pipeline.toml.

    \b
    aa-pipeline source freshness
    aa-pipeline source freshness --select source:raw.otel_logs --format json
    """
    import datetime as dt

    from pipeline.cli.output import print_json
    from pipeline.cli.tables import print_table
    from pipeline.errors import AuditError
    from pipeline.plan.selection import select as selected

    now = as_of or dt.datetime.now(dt.UTC)
    with invocation.connect(read_only=True) as engine:
        plan = invocation.plan(engine)
        names = selected(plan.tables, select, exclude, kinds=["source"])
        found = [_state(engine, plan.tables[name], invocation.config.freshness, now) for name in names]
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

# Columns that say when a row arrived or, where none does, when its record happened.
ARRIVED = ("created_at",)
OCCURRED = ("timestamp", "commit_timestamp", "date")


def _state(
    engine: "Engine",
    table: "PlanTable",
    limits: "Mapping[str, Freshness]",
    now: "dt.datetime",
) -> dict[str, Any]:
    from pipeline.config import Freshness

    columns = [name.name for name in table.columns if name.name in ARRIVED + OCCURRED]
    columns.sort(key=(ARRIVED + OCCURRED).index)
    newest = None
    if columns and not table.missing:
        newest_of = ", ".join(f"max({engine.quote(name)})" for name in columns)
        found = engine.fetch(f"SELECT {newest_of} FROM {table.relation}")[0]
        newest = _instant(next((value for value in found if value is not None), None))
    age = None if newest is None else max(now - newest, now - now)
    limit = limits.get(table.stored_name, Freshness())
    if age is None:
        state = "missing" if table.missing else "empty"
    elif limit.error_after and age > limit.error_after:
        state = "error"
    elif limit.warn_after and age > limit.warn_after:
        state = "warn"
    else:
        state = "pass"
    return {
        "source": f"{table.schema}.{table.stored_name}",
        "newest": newest,
        "age_seconds": age,
        "warn_after_seconds": limit.warn_after,
        "error_after_seconds": limit.error_after,
        "state": state,
    }


def _instant(value: "dt.datetime | dt.date | None") -> "dt.datetime | None":
    """An instant in UTC; of a day, its first."""
    import datetime as dt

    if value is None or isinstance(value, dt.datetime):
        return value if value is None or value.tzinfo else value.replace(tzinfo=dt.UTC)
    return dt.datetime.combine(value, dt.time(), dt.UTC)
