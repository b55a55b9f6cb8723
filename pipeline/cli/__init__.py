"""The command line. Importing it imports click and the standard library, nothing else.

Each command is a function in one of the modules of this folder, loaded when it is called.
"""

import gc
import io
import os
import sys
from importlib import import_module
from typing import Any

import click

from pipeline.cli.options import Group, Invocation, common_options

# Section → command → where it is, and the first line of its help, so that the list of commands
# is shown without loading them.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": ("demo", "See it work on a made-up company, in a new folder."),
        "init": ("project", "Write a configuration file and make empty raw tables."),
        "debug": ("debug", "Show versions, configuration, the age of prices, connection and raw tables."),
        "clean": ("project", "Remove compiled plans and generated pages."),
        "completion": (
            "completion",
            "Complete commands, options, tables, columns and targets in your shell.",
        ),
    },
    "Get data in": {
        "ingest": ("ingest", "Land raw records; the same input twice lands once."),
        "listener-token": ("listener_token", "Give teams tokens for sending telemetry, and take them away."),
        "deploy-files": ("deploy_files", "Write files that run the listener and builds as services."),
        "source": ("source", "Look at the raw tables."),
        "copy": ("copy", "Copy raw tables and run metadata to another database."),
    },
    "Build": {
        "build": ("build", "Load seeds, build models, audit them; publish if the audits pass."),
        "seed": ("build", "Load the CSV seeds: prices, agents, identities, budgets."),
        "run": ("build", "Build the models and publish them, without audits."),
        "test": ("build", "Audit what is published, as of the run that published it."),
        "retry": ("retry", "Repeat the last build, run, seed or test of the database, if it failed."),
        "diff": (
            "diff",
            "Show what a change of code, prices or settings does to the data, before it is published.",
        ),
    },
    "Keep": {
        "maintain": ("maintain", "Remove what is past its days, roll up old runs, give free space back."),
        "forget": ("forget", "Remove a person under all their names, for good; sums stay."),
        "backup": ("backup", "Write a whole database into one file, beside running ingests."),
        "restore": ("backup", "Bring back a database from a backup; all of it, or nothing."),
    },
    "Look": {
        "usage": ("usage", "Show what agents on this machine used, and what it cost."),
        "metrics": ("metrics", "List metrics, such as cost per commit, and ask for their values."),
        "mcp": ("mcp", "Let an assistant ask for metrics and tables, over the Model Context Protocol."),
        "ls": ("look", "List models, seeds and sources."),
        "show": ("look", "Show rows of a model, a seed or a raw table, in the order of its key."),
        "why": ("why", "Show why a number is what it is, down to the raw records."),
        "report": ("report", "Show the schema validation report of the last run."),
        "budget": ("budget", "Budgets: what is spent of them, and whether one will break."),
        "dashboard": ("dashboard", "Write the dashboard: return, agents, team, git and cost, in one page."),
        "serve": ("serve", "Show dashboard, documentation and report of the latest build in browsers."),
        "digest": ("digest", "Sum up a week for a mail or a chat, beside the week before."),
        "docs": ("docs", "The documentation site: every table and column, checks, code, and lineage."),
        "lineage": ("lineage", "Show what a table or a column comes from, and where it goes."),
        "contract": ("contract", "Show what a table promises, and what a change breaks."),
        "compile": ("look", "Show the SQL of the models, in the order in which they are built."),
        "export": ("export", "Write marts, or other tables, as Parquet or CSV files."),
        "notebook": ("notebook", "Write a notebook that shows how to work with the tables."),
    },
}
_COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class _Pipeline(Group):
    """The commands, loaded on demand; every failure becomes one paragraph and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"pipeline.cli.{_COMMANDS[cmd_name][0]}")
        commands = [value for value in vars(module).values() if isinstance(value, click.Command)]
        return next(command for command in commands if command.name == cmd_name)

    def hint(self, ctx: click.Context, word: str, names: list[str]) -> str:
        from pipeline.errors import did_you_mean

        groups = ((name, self.get_command(ctx, name)) for name in names)
        inside = [name for name, group in groups if isinstance(group, click.Group) and word in group.commands]
        if inside:
            return f" It is `{ctx.command_path} {inside[0]} {word}`."
        return did_you_mean(word, names)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _COMMANDS))
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), text) for name, (_, text) in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        # A plan is many objects that live until the end: the garbage collector would find none to free.
        gc.set_threshold(100_000)
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:
            from pipeline.cli.failure import show_failure

            ctx.exit(show_failure(error, ctx.ensure_object(Invocation)))


@click.group("aa-pipeline", cls=_Pipeline)
@click.version_option(package_name="aa-pipeline", message="%(prog)s %(version)s")
@common_options
def cli() -> None:
    """What coding agents cost, who uses them and what comes of it.

    Takes telemetry, transcripts, git and Copilot reports into tested, documented tables.

    \b
    aa-pipeline demo                      see it work on a made-up company
    aa-pipeline usage                     what agents on this machine used, and what it cost
    aa-pipeline ingest transcripts        take in what agents left on this machine
    aa-pipeline build                     build, audit and publish every table
    aa-pipeline build -s +fct_agent_costs only one mart and what it needs
    """


def main() -> None:
    """The program `aa-pipeline`: the command line in a process of its own."""
    from pipeline.cli.interrupt import end_in_order_when_terminated

    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # What another encoding than Unicode lacks is spelled out: no figure is lost for a dash.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        end_in_order_when_terminated()
        cli(obj=Invocation(own_process=True))
    finally:
        gc.freeze()  # the interpreter would look through all objects once more before it ends
