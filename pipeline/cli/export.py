"""`export`: tables as files."""

from pathlib import Path

import click

from pipeline.cli.options import Invocation, command, pass_invocation, selection_options


@command()
@selection_options
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="How to write them.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    default=Path("export"),
    show_default=True,
    help="Where to write them, one file per table.",
)
@click.option(
    "--allow-formulas",
    is_flag=True,
    help="Write text to CSV as it is, though a spreadsheet would run what begins with =, +, - or @.",
)
@pass_invocation
def export(
    invocation: Invocation,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    file_format: str,
    folder: Path,
    allow_formulas: bool,
) -> None:
    """Write marts, or other tables, as Parquet or CSV files.

    Either all files are replaced or none. In CSV files, text that a spreadsheet would run as a
    formula has an apostrophe before it. A BI tool that keeps a DuckDB file open stops builds: let it
    read these instead. Where [privacy] sets min_group, fct_daily_agent_usage and fct_git_commits are
    written in groups of at least so many people, and tables that tell of single ones are refused.

    \b
    aa-pipeline export
    aa-pipeline export -s fct_agent_costs --format csv -o reports/
    """
    from pipeline.cli.output import say
    from pipeline.cli.tables import print_table
    from pipeline.outputs.export import export_tables
    from pipeline.outputs.export_groups import GROUPED
    from pipeline.plan.selection import select as selected

    with invocation.connect(read_only=True) as engine:
        plan = invocation.plan(engine)
        min_group = invocation.config.privacy.min_group
        usual = ("marts",) if min_group == 1 else GROUPED
        names = selected(plan.tables, select or usual, exclude, kinds=["model", "seed"])
        tables = [plan.tables[name] for name in names]
        done = export_tables(
            engine, tables, folder, format=file_format, formulas=allow_formulas, min_group=min_group
        )
    print_table(["table", "rows", "file"], [(one.table, one.rows, str(one.file)) for one in done])
    say(f"Wrote {len(done)} {'file' if len(done) == 1 else 'files'} to {folder}.", err=True)
    if min_group > 1:
        say(
            f"Groups of fewer than {min_group} people are folded into others, and their days counted with"
            " later ones ([privacy] min_group).",
            err=True,
        )
    if guarded := sum(one.guarded for one in done):
        say(
            f"{guarded:,} {'text' if guarded == 1 else 'texts'} that a spreadsheet would take for formulas"
            " have an apostrophe before them; --allow-formulas writes them as they are.",
            err=True,
        )
