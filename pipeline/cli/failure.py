"""How a failure reaches people: one paragraph on standard error, and an exit code."""

import json

import click

from pipeline.cli import output
from pipeline.cli.interrupt import Terminated
from pipeline.cli.options import Invocation
from pipeline.cli.output import say_after
from pipeline.config import redact
from pipeline.errors import PipelineError

INTERRUPTED, TERMINATED = 130, 143  # 128 + the number of the signal, as shells count


def show_failure(error: BaseException, invocation: Invocation) -> int:
    """Print what an exception means to people; the exit code that goes with it.

    The family of `PipelineError` speaks for itself; anything else is a defect of ours, and its
    traceback goes to the log at level debug.
    """
    message, exit_code = meaning(error)
    if invocation.log_format == "json":
        click.echo(json.dumps({"level": "error", "message": message}), err=True)
    else:
        say_after(click.style("Error: ", fg="red", bold=True), message)
    return exit_code


def shown(message: str) -> str:
    """A message as people and logs may see it: no control characters, no secrets."""
    return output.shown(redact(message))


def meaning(error: BaseException) -> tuple[str, int]:
    """What an exception means, as people may see it, and its exit code."""
    message, exit_code = _meaning(error)
    return shown(message), exit_code


def _meaning(error: BaseException) -> tuple[str, int]:
    if isinstance(error, Terminated):
        return "Terminated by a signal. Nothing was published.", TERMINATED
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. Nothing was published.", INTERRUPTED
    if isinstance(error, PipelineError):
        return str(error), error.exit_code
    if isinstance(error, OSError) and error.strerror:
        from pipeline.system.files import advice

        where = f"{error.filename}: " if error.filename else ""
        return f"The system refused: {where}{error.strerror}.{advice(error)}", 1
    import logging

    logging.getLogger("pipeline").debug("unexpected error", exc_info=error)
    return (
        f"Something failed that should not: {type(error).__name__}: {error}. "
        "This is a defect of aa-pipeline. Please report it with the command and what "
        "`--log-level debug` adds.",
        1,
    )
