"""`lineage`: what a table or a column comes from, and where it goes."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.after_tab import columns_after_tab
from pipeline.cli.options import Invocation, command, pass_invocation

if TYPE_CHECKING:
    from pipeline.plan.lineage import Column, Edge, Tables

Near = Callable[[str], list[str]]


@command()
@click.argument("name", metavar="TABLE[.COLUMN]", shell_complete=columns_after_tab)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "mermaid", "json"]),
    default="text",
    show_default=True,
    help="mermaid is a flowchart for Markdown; json holds every step with its kind.",
)
@pass_invocation
def lineage(invocation: Invocation, name: str, output_format: str) -> None:
    """Show what a table or a column comes from, and where it goes.

    Needs no database. Of a column, values are followed to the raw tables and to the marts; what decides
    which rows count (filters, join keys, group keys, order) is listed with its kind.

    \b
    aa-pipeline lineage fct_agent_costs
    aa-pipeline lineage fct_agent_costs.daily_cost_usd
    aa-pipeline lineage raw.otel_logs.timestamp --format mermaid
    """
    from pipeline.plan.lineage import find

    tables = invocation.plan_without_database().tables
    table, column = find(tables, name)
    if column is None:
        _show_table(tables, table, output_format)
    else:
        _show_column(tables, (table, column), output_format)


def _show_table(tables: "Tables", name: str, output_format: str) -> None:
    from pipeline.cli.output import print_json, say
    from pipeline.plan.lineage import mermaid_of_tables
    from pipeline.plan.selection import ancestors, descendants

    up, down = ancestors(tables, [name]), descendants(tables, [name])
    if output_format == "json":
        upstream, downstream = ([one for one in tables if one in found] for found in (up, down))
        print_json({"table": name, "upstream": upstream, "downstream": downstream})
    elif output_format == "mermaid":
        say(mermaid_of_tables(tables, up | down | {name}))
    else:
        say(name)
        readers = {one: [t.name for t in tables.values() if one in t.depends_on] for one in tables}
        _say_tree("comes from", name, lambda one: tables[one].depends_on)
        _say_tree("goes to", name, lambda one: readers[one])


def _show_column(tables: "Tables", column: "Column", output_format: str) -> None:
    from pipeline.cli.output import print_json, say
    from pipeline.plan.lineage import KINDS, ROWS, VALUE, edges_down, edges_into, edges_up, mermaid_of_columns

    if output_format == "json":
        up, down = edges_up(tables, column), edges_down(tables, column)
        steps = {"upstream": [asdict(e) for e in up], "downstream": [asdict(e) for e in down]}
        print_json({"table": column[0], "column": column[1], **steps})
        return
    up, down = edges_up(tables, column, {VALUE}), edges_down(tables, column, {VALUE})
    decided_by = [
        edge
        for name in (column[1], ROWS)
        for edge in edges_into(tables, column[0], name)
        if edge.kind != VALUE
    ]
    if output_format == "mermaid":
        say(mermaid_of_columns([*up, *decided_by, *down]))
        return
    of = next(one for one in tables[column[0]].columns if one.name == column[1])
    say(f"{_word(*column)}: {of.description}")
    _say_tree(
        "comes from", _word(*column), _by_end(up, lambda e: (e.table, e.column, e.from_table, e.from_column))
    )
    if decided_by:
        say("depends on")
    for kind in KINDS:
        words = [_word(e.from_table, e.from_column) for e in decided_by if e.kind == kind]
        for number, word in enumerate(dict.fromkeys(words)):
            say(f"  {'' if number else kind:10} {word}")
    _say_tree(
        "goes to", _word(*column), _by_end(down, lambda e: (e.from_table, e.from_column, e.table, e.column))
    )


def _word(table: str, column: str) -> str:
    return f"the rows of {table}" if column == "*" else f"{table}.{column}"


def _by_end(edges: "Iterable[Edge]", ends: Callable[[Any], tuple[str, str, str, str]]) -> Near:
    """What follows a column in a tree."""
    near: dict[str, dict[str, None]] = {}
    for edge in edges:
        one, its, other, others = ends(edge)
        near.setdefault(_word(one, its), {})[_word(other, others)] = None
    return lambda word: list(near.get(word, ()))


def _say_tree(title: str, root: str, near: Near) -> None:
    """A tree below a title; what has been shown before is not unfolded again."""
    from pipeline.cli.output import say

    seen = {root}

    def show(word: str, indent: str) -> None:
        following = near(word)
        for number, one in enumerate(following):
            last = number == len(following) - 1
            again = one in seen and bool(near(one))
            say(f"{indent}{'└─ ' if last else '├─ '}{one}{' …' if again else ''}")
            if one not in seen:
                seen.add(one)
                show(one, indent + ("   " if last else "│  "))

    if near(root):
        say(title)
        show(root, "  ")
