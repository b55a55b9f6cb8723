"""How the result of a run is shown."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from pipeline.cli.output import print_json, say, say_after, warn
from pipeline.cli.tables import print_table
from pipeline.config import redact
from pipeline.errors import AuditError

if TYPE_CHECKING:
    from pipeline.config import Target
    from pipeline.plan.check_results import CheckResult
    from pipeline.run import RunResult

NOT_MADE = ("read", "dropped", "skipped", "error")  # what a run did with tables beside making them
COLOURS = {"passed": "green", "proven": "green", "warned": "yellow", "failed": "red"}
# Tables of which a profile shows the operators.
MOST_PROFILED = 10


def show_result(result: "RunResult", output_format: str, verb: str, target: "Target") -> None:
    """Print what a run did; warnings go to standard error.

    Args:
        result: what `pipeline.run` returned.
        output_format: text, json, or summary: text without the list of tables.
        verb: what has been done to the tables, such as "Published".
        target: where they are.

    Raises:
        AuditError: an audit of severity error failed; after everything is printed.
    """
    for warning in result.warnings:
        warn(warning)
    if output_format == "json":
        print_json(asdict(result))
    else:
        if output_format == "text":
            _show_tables(result)
            _show_profile(result)
        _show_audits(result)
        if result.stored:
            say(f"All failing rows are kept in {', '.join(result.stored)}.")
        if result.status == "success":
            say(_summary(result, verb, redact(target.url)))
    if result.status == "failed":
        raise AuditError(_failure(result))


def show_troubles(result: "RunResult") -> None:
    """Print what is wrong with a run, for a command that shows something else: all on standard error.

    Raises:
        AuditError: an audit of severity error failed.
    """
    for warning in result.warnings:
        warn(warning)
    for audit in result.audits:
        if audit.status == "warned":
            warn(f"{audit.table}: {audit.audit}{_counted(audit)}. {audit.description}")
    if result.status == "failed":
        raise AuditError(_failure(result))


def _show_tables(result: "RunResult") -> None:
    """What was done to each table; those that are as they were are only counted, below."""
    changed = [table for table in result.tables if not table.is_unchanged]
    if changed:
        print_table(
            ["table", "", "rows", "seconds", "why"],
            [
                (
                    table.name,
                    table.action,
                    table.row_count,
                    f"{table.seconds:.2f}",
                    table.reason,
                )
                for table in changed
            ],
        )


def _show_profile(result: "RunResult") -> None:
    """The operators that took most of the work, of the tables that took most of the time."""
    profiled = sorted((table for table in result.tables if table.steps), key=lambda table: -table.seconds)
    for table in profiled[:MOST_PROFILED]:
        read = sum(step.rows_read for step in table.steps)
        made = "" if table.row_count is None else f", {table.row_count:,} rows now"
        say(f"{table.name}: {table.seconds:.2f} s, {read:,} rows read{made}")
        work = sum(step.seconds for step in table.steps) or 1
        for step in sorted(table.steps, key=lambda step: -step.seconds)[:3]:
            detail = " ".join(step.detail.split())[:70]
            say(f"  {step.seconds / work:4.0%} {step.operator} → {step.rows:,} rows  {detail}")


def _show_audits(result: "RunResult") -> None:
    """Every audit that did not pass, with examples; then one line about all of them."""
    examples: dict[tuple[str, str], list[str]] = {}
    for row in result.failing_rows:
        examples.setdefault((row.table, row.audit), []).append(row.failing_row)
    for audit in result.audits:
        if audit.status in ("failed", "warned"):
            mark = click.style(audit.status.upper(), fg=COLOURS[audit.status], bold=True)
            say_after(mark, f"  {audit.table}: {audit.audit}{_counted(audit)}", err=False)
            say(f"  {audit.description}")
            for example in examples.get((audit.table, audit.audit), []):
                say(f"  {example}")
    if result.audits:
        counts = Counter(audit.status for audit in result.audits)
        order = ("passed", "proven", "warned", "failed", "skipped")
        parts = [
            click.style(f"{counts[status]:,} {status}", fg=COLOURS.get(status))
            for status in order
            if counts[status]
        ]
        say_after(f"{len(result.audits):,} audits: {', '.join(parts)}.", "", err=False)


def _counted(audit: "CheckResult") -> str:
    if audit.failures is None:
        return ""
    rows = "" if audit.row_count is None else f" of {audit.row_count:,} rows"
    return f" ({audit.failures:,}{rows})"


def _summary(result: "RunResult", verb: str, where: str) -> str:
    counts = Counter(table.action for table in result.tables)
    unchanged = counts["skipped"]
    made = sum(count for action, count in counts.items() if action not in NOT_MADE)
    if result.command == "test":
        made = len({audit.table for audit in result.audits})
    parts = [f"{verb} {made} table{'' if made == 1 else 's'}"]
    if unchanged:
        parts.append(f"{unchanged} unchanged")
    return f"{', '.join(parts)} in {result.seconds:.2f} s: {where}"


def _failure(result: "RunResult") -> str:
    failed = [f"{audit.table}: {audit.audit}" for audit in result.audits if audit.status == "failed"]
    some = ", ".join(failed[:5]) + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")
    count = "1 audit" if len(failed) == 1 else f"{len(failed)} audits"
    after = "" if result.command == "test" else " Nothing was published; what was there before is untouched."
    return f"{count} failed: {some}.{after}"
