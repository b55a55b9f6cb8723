"""What became of what was read, said in the same words by every source."""

from typing import TYPE_CHECKING

from pipeline.cli.options import Invocation

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.ingest.landing.landing import IngestResult

EXAMPLES = 5  # records put aside that are named at once


def import_arrow(invocation: Invocation) -> None:
    """Import what large batches land with, as this process does nothing else."""
    from pipeline.ingest.landing.arrow import import_arrow_alone

    if invocation.own_process:
        import_arrow_alone()


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
