"""`--state`: tables that have changed since an earlier state of the project."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pipeline.cli.options import Invocation
    from pipeline.plan import Plan

KINDS = ("model", "seed", "source")
F = TypeVar("F", bound=Callable[..., Any])


def state_option(function: F) -> F:
    """`--state PATH`, for `state:modified` and `state:new` in a selection."""
    return click.option(
        "--state",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="What state:modified and state:new compare with: a copy of the folder target/ that a build"
        " wrote, a manifest.json, or a plan (which does not tell the rows of seeds).",
    )(function)


def selected(
    invocation: "Invocation",
    plan: "Plan",
    select: Sequence[str],
    exclude: Sequence[str],
    state: Path | None,
    kinds: Collection[str] = KINDS,
    project_dir: Path | None = None,
) -> list[str]:
    """Names of the selected tables, as `pipeline.plan.selection.select` has them.

    Args:
        invocation: says which configuration.
        plan: whose tables are selected.
        select: expressions that select tables; everything if there are none.
        exclude: expressions that take tables away.
        state: what to compare with, if anything.
        kinds: kinds of table that the command works on.
        project_dir: the folder with the seeds; the configuration's if None.

    Raises:
        SelectionError: the selection, or the state, is not what it must be.
    """
    from pipeline.compile import plan_cache
    from pipeline.plan.selection import asks_for_state
    from pipeline.plan.selection import select as select_names

    changes = None
    if state is not None and asks_for_state(*select, *exclude):
        from pipeline.outputs.artifacts.state import read_state

        before = read_state(state)
        now = plan
        if before.dialect != plan.dialect:  # as it would be there
            config = invocation.config.for_target(invocation.target)
            names = {"models": invocation.models, "schemas": invocation.schemas}
            now = plan_cache.load_any(before.dialect, config, **names)
        changes = before.changes(now, project_dir or invocation.config.project_dir)
    return select_names(plan.tables, select, exclude, kinds, changes)


def nothing_to_do(state: Path | None) -> None:
    """Say that nothing has changed; on standard error, as standard output has what was asked for."""
    from pipeline.cli.output import say

    say(f"Nothing to do: no table that was asked for has changed since {state}.", err=True)
