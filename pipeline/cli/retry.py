"""`retry`: the last command once more, if it failed."""

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.build import build, notify_of_build, openlineage_option, run, seed, test
from pipeline.cli.options import Invocation, command, format_option, pass_invocation

if TYPE_CHECKING:
    from pipeline.run.retry import LastRun


@command()
@notify_of_build
@openlineage_option
@format_option
@pass_invocation
def retry(invocation: Invocation, notify: str | None, openlineage: bool, output_format: str) -> None:
    """Repeat the last build, run, seed or test of the database, if it failed.

    With the tables and options that it had; a selection such as state:modified is not asked anew. A build
    publishes everything or nothing, so a failed one is repeated whole; tables that nothing has changed are
    skipped, as in any build. Of test, only tables are audited again whose audits did not pass. Where the last
    one succeeded there is nothing to do. One that was killed or interrupted has changed nothing, and is not
    remembered: run it again.

    \b
    aa-pipeline retry
    """
    from pipeline.cli.output import print_json, say
    from pipeline.run.retry import last_run, tables_to_retry

    with invocation.connect(read_only=True) as engine:
        last = last_run(engine)
        failed = last is not None and last.status != "success"
        names = tables_to_retry(engine, last) if last and failed else None
        known = invocation.plan(engine).tables if names else {}
    if last is None or not failed:
        say(f"Nothing to retry: {_nothing_failed(last)}", err=output_format == "json")
        if output_format == "json":
            print_json(None)
        return
    gone = [name for name in names or [] if name not in known]
    if gone:
        say(f"Not there any more: {', '.join(gone)}.", err=True)
    count = "all" if names is None else f"{len(names) - len(gone):,}"
    say(f"Once more: {last.command} of {_when(last)}, which failed; {count} tables.", err=True)
    select = tuple(name for name in names or [] if name not in gone)
    if names is not None and not select:
        return
    options: dict[str, Any] = {
        name: value for name, value in last.arguments.items() if name not in ("selected", "as_of")
    }
    if "as_of" in last.arguments:
        import datetime as dt

        options["as_of"] = dt.datetime.fromisoformat(last.arguments["as_of"])
    if last.command == "build":
        options |= {"notify": notify, "openlineage": openlineage}
    again = {"build": build, "run": run, "seed": seed, "test": test}[last.command]
    click.get_current_context().invoke(again, select=select, output_format=output_format, **options)


def _nothing_failed(last: "LastRun | None") -> str:
    if last is None:
        return "there was no build yet."
    return f"the last {last.command}, of {_when(last)}, succeeded."


def _when(last: "LastRun") -> str:
    return f"{last.started_at:%Y-%m-%d %H:%M:%S} UTC"
