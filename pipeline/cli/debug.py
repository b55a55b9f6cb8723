"""`debug`: everything that one wants to know when something does not work."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli.options import Invocation, command, format_option, pass_invocation

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

PACKAGES = ("ibis-framework", "sqlglot", "duckdb", "pandera", "click")


@command()
@format_option
@pass_invocation
def debug(invocation: Invocation, output_format: str) -> None:
    """Show versions, configuration, the age of prices, connection and raw tables.

    Exits with 2 if the configuration or the connection does not work.

    \b
    aa-pipeline debug
    aa-pipeline debug --target prod --format json
    """
    from pipeline.cli.failure import shown
    from pipeline.cli.output import print_json, say
    from pipeline.compile import plan_cache
    from pipeline.errors import PipelineError

    facts: dict[str, Any] = {"versions": _versions()}
    failed: PipelineError | None = None
    try:
        facts["configuration"] = _configuration(invocation)
        facts["extensions"] = _extensions(invocation.config.project_dir)
        facts["prices"] = _prices(invocation.config.project_dir)
        facts["plan cache"] = str(plan_cache.folder())
        facts["target"] = str(invocation.target)
        with invocation.connect(read_only=True) as engine:
            facts["connection"] = "ok"
            facts["tables"] = _tables(engine)
    except PipelineError as error:
        failed = error
        facts["error"] = shown(str(error))

    if output_format == "json":
        print_json(facts)
    else:
        for name, value in facts.items():
            if name != "error":
                _show(name, value)
        if not failed:
            say("All checks passed.")
    if failed:
        raise failed


def _show(name: str, value: Any) -> None:
    from pipeline.cli.output import say
    from pipeline.cli.tables import print_table

    if isinstance(value, list):
        say(f"{name}:" if value else f"{name}: none")
        print_table(list(value[0]), [list(row.values()) for row in value]) if value else None
    elif isinstance(value, dict):
        say(f"{name}:")
        for key, item in value.items():
            say(f"  {key}: {'none' if item is None else item}")
    else:
        say(f"{name}: {value}")


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": f"{sys.version.split()[0]} ({sys.executable})"}
    for package in ("aa-pipeline", *PACKAGES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _configuration(invocation: Invocation) -> dict[str, Any]:
    from pipeline.config import CONFIG_FILE

    config = invocation.config
    file = config.project_dir / CONFIG_FILE
    return {
        "file": str(file) if file.exists() else f"none ({file} would be read)",
        "targets": ", ".join(map(str, config.targets.values())) or "none",
        "default_target": config.default_target,
        "timezone": config.timezone,
        "internal_domains": ", ".join(config.internal_domains) or "none",
        "window_days": config.window_days,
        "time_window_seconds": config.time_window_seconds,
        "project_attributes": ", ".join(config.project_attributes) or "none",
        "project_roots": ", ".join(config.project_roots) or "none",
        "memory_limit": config.memory_limit,
    }


def _extensions(project_dir: Path) -> list[dict[str, Any]]:
    """The code that is loaded beside what is shipped: of plugins, and of the project."""
    from pipeline.extensions import CODE, extensions

    return [
        {
            "extension": f"plugin {found.name} ({found.version})" if found.is_plugin else found.name,
            "folder": str(found.folder),
            **{room: len([*found.files(room)]) for room in CODE},
            "seeds": len(found.csv_files()),
        }
        for found in extensions(project_dir)
    ]


def _prices(project_dir: Path) -> dict[str, Any]:
    """Where list prices come from, and how old the newest is: a model that is newer has none yet."""
    import csv
    import datetime as dt

    from pipeline.seeds.prices import SEED

    own = project_dir / "seeds" / SEED.name
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    today = dt.datetime.now(dt.UTC).date()
    newest = max(day for row in rows if (day := dt.date.fromisoformat(row["valid_from"])) <= today)
    return {
        "source": rows[0]["price_source"],
        "newest price": newest.isoformat(),
        "days old": (today - newest).days,
        "your own": str(own) if own.exists() else f"none ({own} would be read)",
    }


def _tables(engine: "Engine") -> list[dict[str, Any]]:
    """Every raw table that we read, and how many rows it has."""
    from pipeline.config import SOURCES

    there = engine.shapes("raw")
    return [
        {
            "table": f"raw.{table}",
            "rows": engine.fetch(f"SELECT count(*) FROM {engine.name('raw', table)}")[0][0]
            if table in there
            else None,
            "state": "ok" if table in there else "missing, reads as empty",
        }
        for table in SOURCES
    ]
