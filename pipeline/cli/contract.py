"""`contract`: what a table promises, and what a change of the code breaks."""

from typing import Any

import click

from pipeline.cli.after_tab import tables_after_tab
from pipeline.cli.options import (
    Group,
    Invocation,
    command,
    common_options,
    format_option,
    pass_invocation,
)


@click.group(cls=Group)
@common_options
def contract() -> None:
    """Show what a table promises, and what a change breaks.

    \b
    aa-pipeline contract show fct_agent_costs
    aa-pipeline contract diff main .
    """


@command()
@click.argument("table", shell_complete=tables_after_tab)
@format_option
@pass_invocation
def show(invocation: Invocation, table: str, output_format: str) -> None:
    """Show a table's columns, and everything that is promised of its rows.

    \b
    aa-pipeline contract show fct_agent_costs
    aa-pipeline contract show dim_agents --format json
    """
    from pipeline.cli.output import print_json, say
    from pipeline.cli.tables import print_table
    from pipeline.errors import SelectionError, did_you_mean
    from pipeline.plan.contract_diff import contract as told

    tables = invocation.plan_without_database().tables
    if table not in tables:
        raise SelectionError(
            f"There is no table {table}.{did_you_mean(table, tables)} `aa-pipeline ls` lists them."
        )
    found = told(tables[table])
    if output_format == "json":
        print_json(found)
        return
    say(f"{found['table']}\n{found['description']}\n")
    print_table(
        ["column", "type", "may be missing", "description"],
        [
            (column["name"], column["type"], column["nullable"], column["description"])
            for column in found["columns"]
        ],
    )
    say()
    print_table(
        ["check", "severity", "limit", "what holds", "proven"],
        [
            (check["name"], check["severity"], check["limit"], check["description"], check["proven"])
            for check in found["checks"]
        ],
    )


@command()
@click.argument("old")
@click.argument("new", default=".")
@format_option
def diff(old: str, new: str, output_format: str) -> None:
    """Show what differs between two versions, column by column, and whether it breaks a promise.

    A version is a plan (a JSON file), a folder with the code, or a revision of the git repository
    here; NEW is the folder here if nothing is said. Exits with 1 if something breaks.

    \b
    aa-pipeline contract diff main
    aa-pipeline contract diff v1.0 v1.1 --format json
    """
    from pipeline.cli.output import print_json, say
    from pipeline.cli.tables import print_table
    from pipeline.compile.code_versions import plan_of
    from pipeline.plan.contract_diff import diff as differences
    from pipeline.plan.contract_diff import is_breaking

    changes = differences(plan_of(old).tables, plan_of(new).tables)
    breaking = is_breaking(changes)
    if output_format == "json":
        print_json({"breaking": breaking, "changes": [_plain(change) for change in changes]})
    elif not changes:
        say("The contracts are the same.")
    else:
        print_table(
            ["", "table", "column", "what"],
            [
                ("breaking" if change.breaking else "fine", change.table, change.column, change.what)
                for change in changes
            ],
        )
    if breaking:
        raise click.exceptions.Exit(1)


def _plain(change: Any) -> dict[str, Any]:
    return dict(vars(change))


contract.add_command(show)
contract.add_command(diff)
