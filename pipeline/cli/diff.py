"""`diff`: what a change of code, prices or settings does to the data, before it is published."""

from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import state as states
from pipeline.cli.options import Invocation, as_of_option, command, pass_invocation, selection_options

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.run.data_diff import ColumnDiff, TableDiff

SAME = "Both versions make the same of the same inputs: code, settings and seeds do not differ."


@command()
@click.option("--from", "old", required=True, metavar="VERSION", help="The version to compare with.")
@click.option("--to", "new", default=".", show_default=True, metavar="VERSION", help="The other version.")
@selection_options
@states.state_option
@as_of_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Markdown is for a pull request.",
)
@pass_invocation
def diff(
    invocation: Invocation,
    old: str,
    new: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    state: Path | None,
    as_of: "dt.datetime | None",
    output_format: str,
) -> None:
    """Show what a change of code, prices or settings does to the data, before it is published.

    A version is a folder, or a revision of the git repository around the project: its aa-pipeline.toml, its
    seeds/, and its code where it holds any. The code of it is run. Both versions are built beside what is
    published, from the same raw rows, and undone. Only what can differ is built.

    \b
    aa-pipeline diff --from main
    aa-pipeline diff --from v1.0 --to v1.1 -s marts --format markdown
    """
    from pipeline.cli.output import print_json, progress, say
    from pipeline.compile.code_versions import project_version
    from pipeline.run.data_diff import data_diff
    from pipeline.run.scratch import Version

    with (
        invocation.connect() as engine,
        progress("Reading the plans") as update,
        ExitStack() as open_versions,
    ):
        shapes = engine.shapes("raw")
        versions = []
        for name in (old, new):
            update(f"Reading the plan of {name}")
            found = project_version(name, invocation.config.project_dir, engine.dialect, shapes)
            versions.append(Version(*open_versions.enter_context(found)))
        both = versions[0].plan.tables | versions[1].plan.tables
        selected = None
        if select or exclude:
            _, now = versions
            plan = replace(now.plan, tables=both)
            selected = states.selected(invocation, plan, select, exclude, state, project_dir=now.project_dir)
        found_diffs = data_diff(
            engine,
            *versions,
            selected=selected,
            as_of=as_of,
            pseudonyms=invocation.pseudonyms,
            on_table=update,
        )
    if output_format == "json":
        print_json([asdict(table) for table in found_diffs])
    elif selected == []:
        states.nothing_to_do(state)
    elif not found_diffs:
        say(SAME)
    elif output_format == "markdown":
        say(_markdown(found_diffs, old, new))
    else:
        _show(found_diffs)


def _show(diffs: "list[TableDiff]") -> None:
    from pipeline.cli.output import say
    from pipeline.cli.tables import print_table

    print_table(
        ["table", "rows", "added", "removed", "changed", "columns that differ"],
        [
            (table.table, _rows(table), table.added, table.removed, table.changed, _named(table))
            for table in diffs
        ],
    )
    for table in diffs:
        for column in table.columns:
            say(f"{table.table}.{_column(column)}")
        for example in table.examples:
            say(f"{table.table}  {_example(example)}")
    say(_summary(diffs))


def _named(table: "TableDiff") -> str:
    """What differs in a table, in a few words."""
    return ", ".join(column.name for column in table.columns) or "; ".join(_what(table))


def _rows(table: "TableDiff") -> str:
    sides = ["–" if rows is None else f"{rows:,}" for rows in (table.old_rows, table.new_rows)]
    return sides[0] if sides[0] == sides[1] else " → ".join(sides)


def _what(table: "TableDiff") -> list[str]:
    """What differs in a table's columns, a phrase each."""
    if table.old_rows is None:
        return ["a new table"]
    if table.new_rows is None:
        return ["the table is gone"]
    return [
        *(f"new column {name}" for name in table.new_columns),
        *(f"column {name} is gone" for name in table.gone_columns),
        *map(_column, table.columns),
    ] or (["the same rows"] if table.is_same else [])


def _column(column: "ColumnDiff") -> str:
    said = f"{column.name} in {column.rows:,}"
    sums = column.old_sum, column.new_sum
    if sums != (None, None):
        old, new = ("–" if value is None else _number(value) for value in sums)
        return f"{said}: {old} → {new} in all"
    return f"{said} by up to {_number(column.most)}" if column.most else said


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4f}".rstrip("0")


def _example(example: dict[str, Any]) -> str:
    """`changed: date 2026-11-01, agent_type codex; daily_cost_usd 1.0 → 2.0`."""
    key = ", ".join(f"{name} {_value(value)}" for name, value in example.items() if _is_key(name, value))
    values = ", ".join(
        f"{name} {_value(value[0])} → {_value(value[1])}"
        for name, value in example.items()
        if isinstance(value, list)
    )
    return f"{example['row']}: {key}" + (f"; {values}" if values else "")


def _is_key(name: str, value: Any) -> bool:
    return name != "row" and not isinstance(value, list)


def _value(value: Any) -> str:
    from pipeline.cli.tables import cell

    return "–" if value is None else cell(value)


def _summary(diffs: "list[TableDiff]") -> str:
    differing = [table for table in diffs if not table.is_same]
    same = len(diffs) - len(differing)
    also = (
        f"; {same:,} more {'is' if same == 1 else 'are'} made in another way, of the same rows"
        if same
        else ""
    )
    return f"{len(differing):,} table{'' if len(differing) == 1 else 's'} would differ{also}."


def _markdown(diffs: "list[TableDiff]", old: str, new: str) -> str:
    """A table per version's difference, and examples folded below it, as GitHub shows them."""
    lines = [
        f"**Data of {_safe(old)} and {_safe(new)}**: {_summary(diffs)}",
        "",
        "| table | rows | added | removed | changed | what |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for table in diffs:
        counts = f"{table.added:,} | {table.removed:,} | {table.changed:,}"
        what = _safe("; ".join(_what(table)))
        lines.append(f"| {_safe(table.table)} | {_rows(table)} | {counts} | {what} |")
    examples = [f"* {_safe(f'{table.table}  {_example(row)}')}" for table in diffs for row in table.examples]
    if examples:
        lines += ["", "<details><summary>Examples</summary>", "", *examples, "", "</details>"]
    return "\n".join(lines)


def _safe(text: str) -> str:
    """Text that Markdown shows as it is."""
    from html import escape

    flat = escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{char}" if char in "\\`*_[]|~#!@" else char for char in flat)
