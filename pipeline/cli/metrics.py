"""`metrics`: numbers that are declared once, and their values by whatever they can be told apart by."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.after_tab import dimensions_after_tab, metrics_after_tab
from pipeline.cli.options import (
    Group,
    Invocation,
    check_period,
    command,
    common_options,
    conditions_option,
    format_option,
    pass_invocation,
    period_options,
)

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.outputs.metrics import Answer
    from pipeline.outputs.metrics.answer import Row


@click.group(cls=Group)
@common_options
def metrics() -> None:
    """List metrics, such as cost per commit, and ask for their values.

    \b
    aa-pipeline metrics list
    aa-pipeline metrics query cost_per_commit --by agent
    aa-pipeline metrics export metrics.osi.json
    """


@command("list")
@format_option
def list_(output_format: str) -> None:
    """List the metrics: what each means, and what it can be told apart by.

    Needs no database. json has the columns behind each, too.

    \b
    aa-pipeline metrics list
    aa-pipeline metrics list --format json
    """
    from pipeline.cli.output import print_json
    from pipeline.cli.tables import print_table
    from pipeline.outputs.metrics import METRICS

    if output_format == "json":
        print_json([{"name": name, **metric.document()} for name, metric in METRICS.items()])
        return
    print_table(
        ["name", "unit", "by", "meaning"],
        [
            (name, metric.unit, " ".join(metric.dimensions), metric.meaning)
            for name, metric in METRICS.items()
        ],
    )


@command()
@click.argument("name", shell_complete=metrics_after_tab)
@click.option(
    "--by",
    multiple=True,
    metavar="DIMENSION",
    shell_complete=dimensions_after_tab,
    help="A row for each day, week, month, developer, agent, …; may be given several times.",
)
@period_options
@conditions_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    help="json and csv print one document on standard output, messages go to standard error.",
)
@pass_invocation
def query(
    invocation: Invocation,
    name: str,
    by: tuple[str, ...],
    since: "dt.date | None",
    until: "dt.date | None",
    where: dict[str, list[str]],
    output_format: str,
) -> None:
    """Show the values of a metric, as the dashboard computes them.

    The total is the metric of all that counts; of ratios, and of people who were active on several days, it
    is not the sum of the rows. Where there is no value, it is said why. Of a share of decisions it is said
    how many there were, and between which values 95 of 100 such shares should lie. Where [privacy] sets
    min_group, nothing is told of fewer people.

    \b
    aa-pipeline metrics query cost --by month
    aa-pipeline metrics query cost_per_commit --by agent --since 2026-11-01
    aa-pipeline metrics query developers --by week --where agent=codex --format csv
    """
    from pipeline.cli.output import print_json
    from pipeline.outputs.metrics import query_metric

    check_period(since, until)
    settings = invocation.config.figure_settings()
    with invocation.connect(read_only=True) as engine:
        answer = query_metric(engine, name, by=by, where=where, since=since, until=until, **settings)
    if output_format == "json":
        print_json(answer.document())
    elif output_format == "csv":
        _print_csv(answer)
    else:
        _print_table(answer)


def _print_table(answer: "Answer") -> None:
    from pipeline.cli.output import say
    from pipeline.cli.tables import print_table

    by = answer.question.by
    if not answer.rows:
        say("Nothing in this period.")
        return
    has_reasons = any(row.reason for row in answer.rows)
    has_decisions = any(row.decisions for row in answer.rows)

    def told(row: "Row") -> "tuple[Any, ...]":
        of = (row.decisions, row.low, row.high) if has_decisions else ()
        return (row.value, *of, *([row.reason] if has_reasons else []))

    rows = [(*answer.labels(row).values(), *told(row)) for row in answer.rows]
    total = None
    if by and answer.total:
        total = ("total", *[None] * (len(by) - 1), *told(answer.total))
    names = [*by, answer.question.name, *(["decisions", "low", "high"] if has_decisions else [])]
    names += ["why there is none"] if has_reasons else []
    print_table(names, rows, total)
    for note in answer.notes:
        say(note, err=True)


def _print_csv(answer: "Answer") -> None:
    import csv
    import io

    from pipeline.cli.output import say

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    of_decisions = ["decisions", "low", "high"] if any(row.decisions for row in answer.rows) else []
    writer.writerow([*answer.question.by, answer.question.name, "reason", *of_decisions])
    for row in answer.rows:
        of = [getattr(row, name) for name in of_decisions]
        writer.writerow([*map(_cell, answer.labels(row).values()), row.value, row.reason, *of])
    click.echo(text.getvalue(), nl=False)
    for note in answer.notes:
        say(note, err=True)


def _cell(value: Any) -> Any:
    """A value of a dimension; as in exports, a text that a spreadsheet would run is made harmless."""
    import re

    from pipeline.cli.output import value_shown
    from pipeline.outputs.export import FORMULA
    from pipeline.system.hidden import visible

    if not isinstance(value, str):
        return value
    text = visible(value_shown(value))
    return f"'{text}" if re.match(FORMULA, text) else text


@command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["osi"]),
    default="osi",
    show_default=True,
    help="osi is Apache Ossie's, once the Open Semantic Interchange, in JSON.",
)
@pass_invocation
def export(invocation: Invocation, file: Path, file_format: str) -> None:
    """Write the metrics and the tables behind them for other tools.

    Needs no database. Metrics that the format cannot have are named.

    \b
    aa-pipeline metrics export metrics.osi.json
    """
    import json

    from pipeline.cli.output import say
    from pipeline.outputs.metrics.osi import osi_document
    from pipeline.system.files import write_whole

    document, left_out = osi_document(invocation.plan_without_database().tables)
    write_whole(file, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode())
    say(f"Wrote {len(document['semantic_model'][0]['metrics'])} metrics to {file}.", err=True)
    say(f"Left out, since the format cannot have them: {', '.join(left_out)}.", err=True)


metrics.add_command(list_)
metrics.add_command(query)
metrics.add_command(export)
