"""What a word on the command line may become after the tab key. Nothing is said of what is wrong there."""

from pathlib import Path

import click


def tables_after_tab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of tables; what stands before a name in a selection stays."""
    start = len(incomplete) - len(incomplete.lstrip("+@0123456789"))
    before, word = incomplete[:start], incomplete[start:]
    return [f"{before}{name}" for name in _tables() if name.startswith(word)]


def columns_after_tab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of tables, and after the point of their columns."""
    table, point, _ = incomplete.rpartition(".")
    tables = _tables()
    names = [f"{table}.{column}" for column in tables.get(table, ())] if point else [*tables]
    return [name for name in names if name.startswith(incomplete)]


def metrics_after_tab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of metrics."""
    from pipeline.outputs.metrics import METRICS

    return [name for name in METRICS if name.startswith(incomplete)]


def dimensions_after_tab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What metrics can be told apart by."""
    from pipeline.outputs.metrics.expressions import DIMENSIONS

    return [name for name in DIMENSIONS if name.startswith(incomplete)]


def columns_of_table_after_tab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of columns of the table that the word before names."""
    columns = _tables().get(str(ctx.params.get("table")), [])
    return [name for name in columns if name.startswith(incomplete)]


def values_after_tab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Columns of that table, as in `date=`."""
    return [f"{name}=" for name in columns_of_table_after_tab(ctx, param, incomplete)]


def targets_after_tab(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of configured databases."""
    from pipeline.config import load_config
    from pipeline.errors import PipelineError

    try:
        return [name for name in load_config(Path.cwd()).targets if name.startswith(incomplete)]
    except PipelineError:
        return []


def _tables() -> dict[str, list[str]]:
    """Tables and their columns, as they were compiled last: nobody waits for a compiler here."""
    from pipeline.compile import plan_cache, shipped
    from pipeline.config import load_config
    from pipeline.engines import dialect_of
    from pipeline.errors import PipelineError

    try:
        config = load_config(Path.cwd())
        dialect = dialect_of(config.target(None).url)
    except PipelineError:
        return {}
    plan = plan_cache.last(dialect, config) or shipped.any_of(dialect)
    tables = plan.tables if plan else {}
    return {name: [column.name for column in table.columns] for name, table in tables.items()}
