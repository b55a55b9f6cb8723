"""How a build ends for those who do not watch it: a notice, and one last line for readers of logs."""

import json
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Invocation
from pipeline.cli.output import warn
from pipeline.cli.results import NOT_MADE
from pipeline.config import redact

if TYPE_CHECKING:
    from pipeline.run import RunResult


def notify(
    url: str, result: "RunResult | None", invocation: Invocation, seconds: float, error: str | None
) -> None:
    """Post the notice of a build, if there is something to tell.

    Args:
        url: where to.
        result: what was done; None if an error ended it before.
        invocation: says which database.
        seconds: how long it took.
        error: what went wrong, as people may see it.
    """
    from importlib.metadata import version

    from pipeline.outputs.notice import document, post, shown_address

    try:
        target = redact(invocation.target.url)
    except Exception:  # what is wrong with the target is the error
        target = "the target"
    told = document(result, target=target, version=version("aa-pipeline"), seconds=seconds, error=error)
    try:
        problem = post(url, told) if told else None
    except KeyboardInterrupt:  # the build is over, and what became of it stays
        problem = "it was interrupted"
    if problem:
        warn(f"The notice of this build did not reach {shown_address(url)}: {problem}.")


def last_line(result: "RunResult | None", seconds: float, *, output_format: str, log_format: str) -> None:
    """What became of a build, in one line.

    Args:
        result: what was done; None if an error ended it before.
        seconds: how long it took.
        output_format: of the result; JSON has standard output for itself.
        log_format: of standard error.
    """
    status, made, warnings = "error", [], 0
    if result:
        status = result.status
        if status == "success":  # else nothing was published
            made = [table for table in result.tables if table.action not in NOT_MADE]
        warnings = len(result.warnings) + sum(audit.status == "warned" for audit in result.audits)
    rows = sum(table.row_count or 0 for table in made)
    line = (
        f"aa-pipeline build: status={status} tables={len(made)} rows={rows} warnings={warnings}"
        f" seconds={seconds:.2f}"
    )
    # As it is: `say` would break it in two in a narrow terminal, and containers have one.
    if output_format != "json":
        click.echo(line)
    elif log_format == "json":
        click.echo(json.dumps({"level": "info", "message": line}), err=True)
    else:
        click.echo(line, err=True)
