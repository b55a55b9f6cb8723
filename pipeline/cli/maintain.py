"""`maintain`: what keeps a database as small as what is in it."""

import click

from pipeline.cli.options import Invocation, command, pass_invocation


@command()
@click.option("--dry-run", is_flag=True, help="Count the rows that would go, and change nothing.")
@pass_invocation
def maintain(invocation: Invocation, dry_run: bool) -> None:
    """Remove what is past its days, roll up old runs, give free space back.

    [retention] in aa-pipeline.toml says for how many days a raw table or one of run metadata is kept; what
    it does not name stays. Of runs before the last twelve stay how many checks ended how, and those that
    failed or warned. A DuckDB file is rewritten where raw rows went or a fifth of it is free; the next build
    then makes every table anew. On PostgreSQL tables are vacuumed and analyzed.

    \b
    aa-pipeline maintain --dry-run
    aa-pipeline maintain --wait 600
    """
    import datetime as dt

    from pipeline.cli.output import progress, say, warn
    from pipeline.cli.tables import print_table
    from pipeline.errors import SetupError
    from pipeline.run.retention import Retention

    with invocation.connect() as engine, progress("Looking for what is past its days") as update:
        if not engine.transactional:
            raise SetupError(
                f"{invocation.target} keeps its tables itself: maintain is for DuckDB and PostgreSQL."
            )
        sizes, size = engine.sizes(), engine.size()
        config = invocation.config
        now = dt.datetime.now(dt.UTC)
        retention = Retention(engine, invocation.plan(engine), config.retention, config.timezone, now)
        removed = retention.apply(dry_run=dry_run)
        raw = sum(found.rows for found in removed if found.schema == "raw")
        if not dry_run:
            update("Giving free space back")
            # Whatever a raw row held leaves the file with it; all is built anew then in any case.
            why_not = engine.compact(always=raw > 0)
    for warning in retention.warnings:
        warn(warning)
    rows = {(found.schema, found.table): found.rows for found in removed}
    if dry_run:
        print_table(
            ["table", "rows that would go"], [(".".join(key), number) for key, number in rows.items()]
        )
        say("Nothing was changed.")
        return
    with invocation.connect(read_only=True) as engine:
        now_sizes, now_size = engine.sizes(), engine.size()
    freed = {key: before - now_sizes.get(key, 0) for key, before in sizes.items()}
    shown = sorted(key for key in sizes if rows.get(key) or freed[key])
    print_table(
        ["table", "rows removed", "bytes freed"],
        [(".".join(key), rows.get(key, 0), freed[key]) for key in shown],
    )
    if why_not:
        warn(f"The file was not rewritten: {why_not}. Run `aa-pipeline maintain` again later.")
    if raw:
        say("Published tables still count the raw rows that went; the next `aa-pipeline build` does not.")
    say(f"{invocation.target} took {size:,} bytes and takes {now_size:,}.")
