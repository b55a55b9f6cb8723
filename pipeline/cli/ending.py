"""How a build ends: what it all adds up to, a notice, and one last line for readers of logs."""

import json
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Invocation
from pipeline.cli.output import say, warn
from pipeline.cli.results import NOT_MADE
from pipeline.config import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.engines.base import Engine
    from pipeline.outputs.artifacts.freshness import SourceAge
    from pipeline.outputs.openlineage import BuildEvents
    from pipeline.outputs.totals import Totals
    from pipeline.plan import Plan
    from pipeline.run import RunResult


def totals(engine: "Engine", invocation: Invocation) -> "Totals | None":
    """What the marts add up to; None where there are none, or where they may tell of too few people."""
    from pipeline.errors import QueryError
    from pipeline.outputs.totals import read_totals

    if invocation.config.privacy.min_group > 1:
        return None
    try:
        return read_totals(engine)
    except QueryError:  # what an earlier release has made, or a file that was compacted and is closed
        return None


def show_totals(now: "Totals | None", before: "Totals | None") -> None:
    """The sentence about a build, and the one about what has come since the one before."""
    if now:
        say(now.sentence())
        if before and (news := now.since(before)):
            say(news)


def ages_of_sources(engine: "Engine", plan: "Plan", invocation: Invocation) -> "list[SourceAge]":
    """How old raw rows are as a build begins, where that has a limit and somebody reads it."""
    limits = invocation.config.freshness
    tables = [t for t in plan.tables.values() if t.kind == "source" and t.stored_name in limits]
    if not (invocation.project and tables):
        return []
    import datetime as dt

    from pipeline.outputs.artifacts.freshness import source_ages

    return source_ages(engine, tables, limits, dt.datetime.now(dt.UTC))


def write_artifacts(
    plan: "Plan", result: "RunResult", ages: "list[SourceAge]", invocation: Invocation
) -> None:
    """Write what other tools read of a run, beside the configuration; nothing where there is none."""
    from pipeline.outputs.artifacts.folder import write_of_run

    if (project := invocation.project) and (problem := write_of_run(project, plan, result, ages)):
        result.warnings.append(problem)


def openlineage_events() -> "BuildEvents":
    """What tells OpenLineage of a build.

    Raises:
        SetupError: its client is not installed, or does not understand where events should go.
    """
    from pipeline.errors import SetupError

    try:
        from pipeline.outputs.openlineage import BuildEvents
    except ImportError:
        raise SetupError(
            "--openlineage needs its client. Install it: pip install 'aa-pipeline[openlineage]'."
        ) from None
    try:
        return BuildEvents()
    except Exception as error:  # the client raises all sorts of them
        raise SetupError(f"OpenLineage's configuration is not understood: {error}") from None


def tell_openlineage(tell: "Callable[..., None]", *arguments: Any) -> None:
    """Send events; a build goes on without whoever does not take them."""
    try:
        tell(*arguments)
    except Exception as error:  # that of any transport
        warn(f"OpenLineage was not told: {type(error).__name__}: {redact(str(error))}")


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
