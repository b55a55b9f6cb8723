"""`--defer`: what is neither selected nor built here is read from another target."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline.cli.after_tab import targets_after_tab
from pipeline.cli.options import Invocation

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.run.defer import Deferral

F = TypeVar("F", bound=Callable[..., Any])


def defer_option(function: F) -> F:
    """`--defer TARGET`."""
    return click.option(
        "--defer",
        metavar="NAME|URL",
        shell_complete=targets_after_tab,
        help="Read models that are neither selected nor built here from another target: DuckDB from a DuckDB"
        " file, PostgreSQL from a PostgreSQL database. Raw tables and seeds are always those here.",
    )(function)


@contextmanager
def deferring(invocation: Invocation, engine: "Engine", target: str | None) -> "Iterator[Deferral | None]":
    """The other target, open to be read while the engine builds; None if there is none.

    Raises:
        TargetError: it cannot be reached, or is the same.
        RunError: it names people whom this one has forgotten.
    """
    if target is None:
        yield None
        return
    from dataclasses import replace

    from pipeline.config import redact
    from pipeline.errors import TargetError
    from pipeline.ingest.forget.rewrite import refuse_forgotten
    from pipeline.run.defer import Deferral

    there = replace(invocation, target_option=target)
    here, elsewhere = (found.target.url.removeprefix("duckdb://") for found in (invocation, there))
    if here == elsewhere:
        raise TargetError(f"--defer {redact(target)} is the target that is built. Name another one.")
    with there.connect(read_only=True) as other:
        refuse_forgotten(other, engine)
        yield Deferral(redact(target), other)
