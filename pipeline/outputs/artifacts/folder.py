"""Writing dbt's artifacts into the folder `target` of the project."""

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.errors import SetupError
from pipeline.outputs.artifacts.catalog import catalog
from pipeline.outputs.artifacts.freshness import SourceAge, sources
from pipeline.outputs.artifacts.ids import PLAN
from pipeline.outputs.artifacts.manifest import manifest
from pipeline.outputs.artifacts.results import last_results, run_results
from pipeline.outputs.artifacts.state import definitions, state_of
from pipeline.outputs.docs.state import State
from pipeline.plan import Plan
from pipeline.run.results import RunResult
from pipeline.system.files import write_whole

FOLDER = "target"
NAMES = ("manifest.json", "run_results.json", "catalog.json", "sources.json")
# How a file says whose it is, and of which plan, near its beginning.
OURS = f'"{PLAN}":"'
HEAD_BYTES = 1_000


def write_of_run(project_dir: Path, plan: Plan, result: RunResult, ages: Iterable[SourceAge]) -> str | None:
    """What a run did, what there is and how old it is; why it could not be written, if so.

    The manifest is large, and stays as it is while plan and seeds do; so does the catalog while no table
    changes.
    """
    now, folder = dt.datetime.now(dt.UTC), project_dir / FOLDER
    documents = {
        "run_results.json": run_results(plan, result, now),
        "sources.json": sources(plan, ages, now=result.started_at, invocation_id=result.run_id),
    }
    changed = not all(table.is_unchanged for table in result.tables)
    if result.status == "success" and (changed or not (folder / "catalog.json").exists()):
        gone = ("dropped", "error")
        rows = {table.name: table.row_count for table in result.tables if table.action not in gone}
        documents["catalog.json"] = catalog(
            plan, rows, url=result.target, now=now, invocation_id=result.run_id
        )
    told = definitions(plan, project_dir)
    head = _head(folder / "manifest.json")
    if f"{OURS}{plan.fingerprint}" not in head or state_of(told) not in head:
        documents["manifest.json"] = manifest(
            plan, url=result.target, now=now, invocation_id=result.run_id, definitions=told
        )
    return _write(folder, documents)


def write_of_docs(
    project_dir: Path, plan: Plan, state: State, ages: Iterable[SourceAge], url: str
) -> str | None:
    """What there is, as the documentation shows it; why it could not be written, if so.

    What a run did stays as that run has written it. Only where none has, the last results stand for it.
    """
    now, told, folder = dt.datetime.now(dt.UTC), definitions(plan, project_dir), project_dir / FOLDER
    rows = {name: table.row_count for name, table in state.tables.items()}
    documents = {
        "manifest.json": manifest(plan, url=url, now=now, invocation_id="", definitions=told),
        "catalog.json": catalog(plan, rows, url=url, now=now, invocation_id=""),
        "sources.json": sources(plan, ages, now=now, invocation_id=""),
    }
    if not (folder / "run_results.json").exists():
        documents["run_results.json"] = last_results(plan, state, now)
    return _write(folder, documents)


def write_of_freshness(
    project_dir: Path, plan: Plan, ages: Iterable[SourceAge], now: dt.datetime
) -> str | None:
    """How old raw tables are; why it could not be written, if so."""
    return _write(project_dir / FOLDER, {"sources.json": sources(plan, ages, now=now, invocation_id="")})


def remove(project_dir: Path) -> bool:
    """Remove what was written; whether there was any."""
    folder = project_dir / FOLDER
    ours = [folder / name for name in NAMES if OURS in _head(folder / name)]
    for file in ours:
        file.unlink()
    with suppress(OSError):  # there is none, or something of somebody else's lies there
        folder.rmdir()
    return bool(ours)


def _head(file: Path) -> str:
    """The beginning of a file; empty if there is none."""
    try:
        with file.open(encoding="utf-8") as written:
            return written.read(HEAD_BYTES)
    except (OSError, ValueError):
        return ""


def _write(folder: Path, documents: Mapping[str, dict[str, Any]]) -> str | None:
    import orjson

    there = [folder / name for name in NAMES if (folder / name).exists()]
    if any(OURS not in _head(file) for file in there):
        return f"{folder} holds another project's artifacts: those of this one are not written there."
    try:
        for name, document in documents.items():
            write_whole(folder / name, orjson.dumps(document))
    except (OSError, SetupError) as error:
        return f"The artifacts for other tools could not be written: {error}"
    return None
