"""`budget check`: whether what is spent stays within what may be."""

from typing import TYPE_CHECKING

import click

from pipeline.cli.options import (
    Group,
    Invocation,
    command,
    common_options,
    format_option,
    notify_option,
    pass_invocation,
)

if TYPE_CHECKING:
    from pipeline.outputs.budgets import Standing, Standings

WORDS = {"broken": "broken", "will_break": "will break", "holds": "holds"}


@click.group(cls=Group)
@common_options
def budget() -> None:
    """Budgets: what is spent of them, and whether one will break.

    They stand in seeds/budgets.csv.

    \b
    aa-pipeline budget check
    """


@command()
@notify_option("Post the JSON document there if a budget is broken or will break; it names no person.")
@format_option
@pass_invocation
def check(invocation: Invocation, notify: str | None, output_format: str) -> None:
    """Tell how this month's and this year's budgets stand, and will.

    As of the last build. Exits with 1 if one is broken, or forecast to break. In four of five cases the
    cost at the end should lie between low and high; `aa-pipeline docs generate` tells how that is known.
    Where [privacy] sets min_group, only budgets of everything and of agents are told, and only if at least
    so many people are behind them.

    \b
    aa-pipeline budget check
    aa-pipeline budget check --format json
    aa-pipeline build && aa-pipeline budget check --notify https://hooks.example.com/budgets
    """
    from pipeline.cli.output import print_json
    from pipeline.outputs.budgets import read_budgets

    config = invocation.config
    with invocation.connect(read_only=True) as engine:
        found = read_budgets(engine, timezone=config.timezone, min_group=config.privacy.min_group)
    if output_format == "json":
        print_json(found.document())
    else:
        _print(found)
    if found.status == "holds":
        return
    if notify:
        _notify(notify, found)
    raise click.exceptions.Exit(1)


def _print(found: "Standings") -> None:
    from pipeline.cli.output import say
    from pipeline.cli.tables import print_table

    if found.rows:
        columns = ["budget of", "period", "usd", "spent", "used", "forecast", "low", "high", "status"]
        print_table(columns, map(_cells, found.rows))
    elif not found.untold:
        say("No budget is for this month or year; seeds/budgets.csv takes them.")
    if found.untold:
        say(f"Not told, since they may be of too few people ([privacy] min_group): {found.untold}.")
    say(f"As of {found.as_of:%Y-%m-%d %H:%M %Z}.")


def _cells(row: "Standing") -> tuple[str | None, ...]:
    from pipeline.outputs.metrics.shown import shown

    def usd(value: float | None) -> str | None:
        return None if value is None else shown("usd", value)

    return (
        row.scope,
        f"{row.period_start:%Y}" if row.period == "year" else f"{row.period_start:%Y-%m}",
        *(usd(value) for value in (row.budget_usd, row.spent_usd)),
        None if row.used_share is None else shown("share", row.used_share),
        *(usd(value) for value in (row.forecast_usd, row.forecast_low_usd, row.forecast_high_usd)),
        WORDS[row.status],
    )


def _notify(url: str, found: "Standings") -> None:
    from pipeline.cli.output import plain, warn
    from pipeline.outputs.notice import post, shown_address

    try:
        problem = post(url, plain(found.document(names_people=False)))
    except KeyboardInterrupt:  # what is told stands above
        problem = "it was interrupted"
    if problem:
        warn(f"The budgets did not reach {shown_address(url)}: {problem}.")


budget.add_command(check)
