"""`ls`, `show`, `compile`: what there is, what is in it, and the SQL that makes it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import state as states
from pipeline.cli.after_tab import tables_after_tab
from pipeline.cli.options import (
    Invocation,
    as_of_option,
    command,
    format_option,
    pass_invocation,
    selection_options,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from pipeline.engines.base import Engine
    from pipeline.plan import Plan, PlanTable


@command()
@selection_options
@states.state_option
@format_option
@pass_invocation
def ls(
    invocation: Invocation,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    state: Path | None,
    output_format: str,
) -> None:
    """List models, seeds and sources.

    Needs no database. Without a terminal it prints one name per line.

    \b
    aa-pipeline ls
    aa-pipeline ls --select +fct_agent_costs
    aa-pipeline ls -s marts --format json
    aa-pipeline ls -s state:modified+ --state published/
    """
    from pipeline.cli.output import is_terminal, print_json, say
    from pipeline.cli.tables import print_table

    plan = invocation.plan_without_database()
    names = states.selected(invocation, plan, select, exclude, state)
    tables = [plan.tables[name] for name in names]
    if not tables:
        states.nothing_to_do(state)
    if output_format == "json":
        print_json([_described(table) for table in tables])
    elif tables and is_terminal():
        print_table(
            ["name", "layer", "stored as", "description"],
            [
                (
                    table.name,
                    table.layer,
                    table.kind if table.kind != "model" else table.materialized,
                    table.description.partition("\n")[0],
                )
                for table in tables
            ],
        )
    else:
        for table in tables:
            say(table.name)


def _described(table: "PlanTable") -> dict[str, Any]:
    return {
        "name": table.name,
        "resource_type": table.kind,
        "layer": table.layer,
        "schema": table.schema,
        "materialized": table.materialized if table.kind == "model" else None,
        "description": table.description,
        "key": table.key,
        "columns": [column.name for column in table.columns],
        "depends_on": table.depends_on,
        "path": table.path,
        "tags": table.tags,
    }


@command()
@click.argument("model", shell_complete=tables_after_tab)
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Rows to show."
)
@format_option
@pass_invocation
def show(invocation: Invocation, model: str, limit: int, output_format: str) -> None:
    """Show rows of a model, a seed or a raw table, in the order of its key.

    A model that is not published yet is computed from what is. Of run metadata, such as
    meta.quarantine or meta.runs, the newest rows come first.

    \b
    aa-pipeline show fct_agent_costs
    aa-pipeline show dim_agents --limit 100 --format json
    """
    from pipeline.cli.output import print_json, say
    from pipeline.cli.tables import print_table
    from pipeline.engines import meta
    from pipeline.plan.lineage import find_table

    with invocation.connect(read_only=True) as engine:
        schema, _, stored = model.rpartition(".")
        is_metadata = schema == meta.SCHEMA and stored in meta.TABLES
        if is_metadata and (shape := (there := engine.shapes(schema)).get(stored)):
            name, names, published = model, [*shape], True
            relation, key = _newest_first(engine, stored, there)
            columns = ", ".join(f"shown.{engine.quote(column)}" for column in names)
        else:
            plan = invocation.plan(engine)
            metadata = [f"{meta.SCHEMA}.{stored}" for stored in meta.TABLES]
            table = find_table(plan.tables, model, metadata)
            relation, published = _relation(engine, plan, table)
            name, names = table.name, [column.name for column in table.columns]
            key = ", ".join(engine.quote(column) for column in table.key)
            columns = ", ".join(engine.quote(column) for column in names)
        order = f" ORDER BY {key}" if key else ""
        rows = engine.fetch(f"SELECT {columns} FROM {relation}{order} LIMIT {limit}")
    if not published:
        say(f"{name} is not published; this is what it would hold.", err=True)
    if output_format == "json":
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        print_table(names, rows)
    else:
        say(f"{name} has no rows.")


def _newest_first(engine: "Engine", table: str, there: "Mapping[str, Mapping[str, str]]") -> tuple[str, str]:
    """A table of run metadata, called `shown`, and what to sort it by: the last run or ingest first."""
    from pipeline.engines import meta

    relation = f"{engine.name(meta.SCHEMA, table)} AS shown"
    if table in meta.IN_ORDER:
        return relation, meta.newest_first(table, there[table], "shown")
    for log, by in (("runs", "run_id"), ("ingests", "ingest_id")):
        if by in there[table] and log in there:
            joined = f"LEFT JOIN {engine.name(meta.SCHEMA, log)} AS made ON shown.{by} = made.{by}"
            return f"{relation} {joined}", meta.newest_first(log, there[log], "made")
    return relation, "shown.updated_at DESC" if "updated_at" in there[table] else ""


def _relation(engine: "Engine", plan: "Plan", table: "PlanTable") -> tuple[str, bool]:
    """What to select a table's rows from, and whether that is the published table."""
    from pipeline.errors import ModelError

    if table.kind == "source":
        return str(table.relation), True
    there = engine.kinds()
    if (table.schema, table.stored_name) in there:
        return engine.name(table.schema, table.stored_name), True
    upstreams = [plan.tables[name] for name in table.depends_on]
    missing = [
        upstream.name
        for upstream in upstreams
        if upstream.kind != "source" and (upstream.schema, upstream.stored_name) not in there
    ]
    if table.sql is None or missing:
        raise ModelError(
            f"{table.name} is not published"
            f"{f', and neither is {missing[0]}, which it reads' if missing else ''}. "
            f"`aa-pipeline build -s +{table.name}` makes it."
        )
    return f"({_runnable(table.sql, None)}) AS t0", False


def _runnable(sql: str, as_of: "dt.datetime | None") -> str:
    """A plan's SQL with the instant filled in; the clock's, if none is given."""
    import datetime as dt

    from pipeline.plan.render import render

    return render(sql, as_of or dt.datetime.now(dt.UTC))


@command("compile")
@selection_options
@as_of_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write one file per model, FOLDER/<layer>/<model>.sql, instead of printing.",
)
@format_option
@pass_invocation
def compile_(
    invocation: Invocation,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    as_of: "dt.datetime | None",
    output: Path | None,
    output_format: str,
) -> None:
    """Show the SQL of the models, in the order in which they are built.

    Raw tables are taken as the database has them; without a database, as their contracts
    describe them. Says what has changed since the last plan. json prints the plan itself,
    with columns and audits.

    \b
    aa-pipeline compile --select fct_agent_costs
    aa-pipeline compile -t postgres://db.example.com/analytics -o sql/
    """
    from pipeline.cli.output import print_json, say
    from pipeline.compile import plan_cache
    from pipeline.engines import dialect_of
    from pipeline.plan.selection import select as selected
    from pipeline.system.files import write_whole
    from pipeline.system.hidden import visible_lines

    last = plan_cache.last(dialect_of(invocation.target.url), invocation.config)
    plan = _plan(invocation)
    if last:
        _say_changes(plan_cache.changes(last, plan))
    names = selected(plan.tables, select, exclude, kinds=["model"])
    if output_format == "json":
        print_json([_planned(plan.tables[name]) for name in names])
        return
    for name in names:
        table = plan.tables[name]
        text = f"-- {table.schema}.{table.stored_name}\n{_runnable(table.sql or '', as_of)};\n"
        if output is None:
            click.echo(visible_lines(text))
        else:
            write_whole(output / table.layer / f"{name}.sql", text.encode())
    if output is not None:
        say(f"Wrote {len(names)} files to {output}.")


def _planned(table: "PlanTable") -> dict[str, Any]:
    """A table as planned, by the keys that this document has always had."""
    from dataclasses import asdict

    from pipeline.plan.check_results import EXAMPLES

    document = asdict(table)
    document["audits"], document["audit_from"] = document.pop("checks"), document.pop("relation")
    for check in document["audits"]:
        rows = check.pop("failing_rows_sql")
        check["examples_sql"] = rows and f"{rows} LIMIT {EXAMPLES}"
        check["limit"] = check.pop("tolerance")
    return document


def _say_changes(changes: dict[str, str]) -> None:
    from pipeline.cli.output import say

    for change in ("added", "changed", "removed"):
        names = [name for name, found in changes.items() if found == change]
        if names:
            say(f"{change.capitalize()} since the last plan: {', '.join(names)}.", err=True)


def _plan(invocation: Invocation) -> "Plan":
    """The plan for the database as it is, or else for one that is like the contracts."""
    from pipeline.cli.output import say
    from pipeline.errors import TargetError

    try:
        with invocation.connect(read_only=True) as engine:
            return invocation.plan(engine)
    except TargetError as error:
        plan = invocation.plan_without_database()
        say(f"{error} Compiled for raw tables as their contracts describe them.", err=True)
        return plan
