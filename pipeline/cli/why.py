"""`why`: why a number is what it is."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.after_tab import columns_of_table_after_tab, tables_after_tab, values_after_tab
from pipeline.cli.options import Invocation, command, format_option, pass_invocation

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.outputs.why.answer import Answer, Layer
    from pipeline.outputs.why.explain import Explainer, FindOrigins
    from pipeline.plan import Plan


@command()
@click.argument("table", shell_complete=tables_after_tab)
@click.argument("column", shell_complete=columns_of_table_after_tab)
@click.argument("key", nargs=-1, metavar="[COLUMN=VALUE]...", shell_complete=values_after_tab)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1, max=200),
    default=5,
    show_default=True,
    help="Rows to list of a layer.",
)
@format_option
@pass_invocation
def why(
    invocation: Invocation, table: str, column: str, key: tuple[str, ...], limit: int, output_format: str
) -> None:
    """Show why a number is what it is, down to the raw records.

    COLUMN=VALUE names the row, by columns of its key; not all of them as long as one row is meant. Below the
    number stand the rows that it adds up from, layer by layer, with what does not count and why. What is not
    listed is summed up, so that each layer adds up to the one above. Raw records are found again in the files
    that were ingested, if these are still there, and named by file and line.

    \b
    aa-pipeline why fct_agent_costs daily_cost_usd date=2026-11-03 agent_type=codex
    aa-pipeline why fct_git_commits cost_usd commit_hash=4f2a91c… --format json
    """
    from pipeline.cli.output import print_json, progress
    from pipeline.ingest.origins.origins import find_origins

    values = dict(_pair(word) for word in key)
    with invocation.connect(read_only=True) as engine, progress("Following it down") as tell:
        made = explainer(invocation, engine, invocation.plan(engine, tell), partial(find_origins, engine))
        answer = made.why(table, column, values, limit=limit)
    if output_format == "json":
        print_json(answer.to_dict())
    else:
        _show(answer)


def explainer(
    invocation: Invocation, engine: "Engine", plan: "Plan", find_origins: "FindOrigins | None" = None
) -> "Explainer":
    """What explains cells of an open database; arguments as of `Explainer`."""
    from pipeline.outputs.why.explain import Explainer

    return Explainer(
        engine,
        plan,
        models=invocation.models,
        schemas=invocation.schemas,
        project_dir=invocation.config.project_dir,
        find_origins=find_origins,
    )


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise click.UsageError(f"{word} names no value: write COLUMN=VALUE, such as date=2026-11-03.")
    return name, value


def _show(answer: "Answer") -> None:
    from pipeline.cli.output import say
    from pipeline.cli.tables import cell
    from pipeline.outputs.why import words

    is_number = isinstance(answer.value, int | float) or answer.adds_up is not None or answer.value is None
    value = words.amount(answer.value, answer.column) if is_number else cell(answer.value)
    if answer.value is None:
        value = "NULL"
    say(f"{answer.table}.{answer.column} = {value}")
    say("  " + ", ".join(f"{name} {cell(part) or 'NULL'}" for name, part in answer.key.items()))
    say(f"  {answer.description}")
    if answer.says:
        say(f"  {answer.says}")
    if answer.comes_from:
        say(f"  It is made of {', '.join(answer.comes_from)}.")
    if answer.adds_up is False:
        say(
            "  What is shown adds up to another number: the table was built by other code, or its rows have"
            " changed since. `aa-pipeline build` makes it anew."
        )
    for layer in answer.made_of:
        _show_layer(layer, depth=1)


def _show_layer(layer: "Layer", depth: int) -> None:
    from pipeline.cli.output import say
    from pipeline.outputs.why import words

    margin = "  " * depth
    name = f"{layer.table}.{layer.column}" if layer.column else layer.table
    told = f", {words.amount(layer.amount, layer.unit)}" if layer.amount is not None else ""
    said = f" {layer.says}" if layer.says else ""
    say()
    say(f"{margin}{name}: {words.rows(layer.count, layer.table)}{said}{told}")
    for line in _lines(layer):
        say(f"{margin}  {line}")
    for left_out in layer.left_out:
        reasons = ", ".join(str(value) for value in left_out.why.values())
        say(f"{margin}  left out: {words.rows(left_out.rows, layer.table)}: {reasons}")
    for ingest in layer.landed_by:
        lost = "" if all("origin" in row for row in layer.rows) else "; not found there again"
        say(f"{margin}  landed by the ingest {ingest}{lost}")
    if layer.ends:
        say(f"{margin}  {layer.ends}")
    for below in layer.made_of:
        _show_layer(below, depth + 1)


def _lines(layer: "Layer") -> list[str]:
    """The listed rows, their columns below each other, and what the others bring."""
    from pipeline.outputs.why import words

    names = [*dict.fromkeys(name for row in layer.rows for name in row)]
    cells = [
        [
            words.amount(row[name], layer.unit) if name == "amount" else _short(name, row.get(name))
            for name in names
        ]
        for row in layer.rows
    ]
    table = [names, *cells]
    widths = [max(len(row[index]) for row in table) for index in range(len(names))]
    lines = [
        "  ".join(
            text.rjust(width) if name == "amount" else text.ljust(width)
            for name, text, width in zip(names, row, widths, strict=True)
        ).rstrip()
        for row in table
    ]
    if layer.more:
        rest = "" if layer.more_amount is None else f": {words.amount(layer.more_amount, layer.unit)}"
        lines.append(f"and {layer.more:,} more{rest}")
    return lines


def _short(name: str, value: Any) -> str:
    """A value in few characters: of an id its beginning, which `show` and SQL's LIKE find again."""
    from pipeline.cli.tables import cell

    if name == "id":
        return str(value)
    text = cell(value)
    is_id = name.endswith(("_id", "_hash")) and "@" not in text
    return text[:8] if is_id and len(text) > 12 else text
