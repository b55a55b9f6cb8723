"""Plans on disk, so that a command needs no compiler: no Ibis, no Pandera, no pandas.

A plan is kept under a fingerprint of everything that it depends on: the content of models,
contracts and compiler, the settings, the versions of what compiles, and the shapes of the
raw tables. It is found again only if all of that is the same, so it cannot be stale.

Where none is found, an unbound plan is bound to the database: one that comes with the package
(`pipeline.compile.shipped`); the last one of the project, if only values of settings have changed since;
or else one that is compiled. Of the models only those are compiled that have changed since that last one,
and since the package was made.

Files are `<project>-<code>-<shapes>.json` in the user's cache folder, readable by people; the last compiled
one of a project is `<project>-unbound-<versions>.json`.
"""

import gc
import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from pipeline.compile import shipped
from pipeline.compile.sources import (
    AGENTS,
    MODELS,
    SCHEMAS,
    Codes,
    code_digest,
    codes_of,
    compile_inputs,
)
from pipeline.config import Config
from pipeline.errors import SetupError
from pipeline.extensions import digest, hidden, plugins, with_code
from pipeline.plan import Plan, PlanTable
from pipeline.plan.bind import bind, unbound_settings
from pipeline.system.files import write_whole

DISTRIBUTIONS = ("aa_pipeline-", "ibis_framework-", "pandera-", "sqlglot-")

# So few models are compiled before a helper has begun.
FEW = 8

# More are not kept; the oldest go.
MOST_PLANS = 50

Shapes = Mapping[str, Mapping[str, str]]


def load(
    dialect: str,
    config: Config,
    shapes: Shapes | None,
    *,
    models: str = MODELS,
    schemas: str = SCHEMAS,
    on_compile: Callable[[str], None] = lambda name: None,
) -> Plan:
    """The plan for a database whose raw tables are `shapes`, compiled only if it must be.

    Args:
        dialect: duckdb, postgres, pyspark or bigquery.
        config: settings that models and checks take.
        shapes: the raw tables, table → column → native type; None for those of the contracts.
        models: the package of the models.
        schemas: the package of the contracts.
        on_compile: told the name of each model that has to be compiled.

    Raises:
        ModelError: a model or a contract is not what it must be.
        TargetError: a raw table of the database cannot be understood.
    """
    expected = fingerprint(dialect, config, shapes, models=models, schemas=schemas)
    file = folder() / f"{_project(dialect, config)}-{expected}.json"
    plan = _read(file, expected)
    if plan is None:
        trusted = _memory_is_disk(models, schemas)
        unbound = _unbound(dialect, config, models, schemas, on_compile)
        plan = bind(unbound, config.model_settings(), config.check_settings(), shapes, expected)
        now = fingerprint(dialect, config, shapes, models=models, schemas=schemas)
        if trusted and now == expected:
            _write(file, plan)
            if not unbound.fingerprint:  # it was compiled, not shipped
                _write(_unbound_file(dialect, config), unbound)
    return plan


def fingerprint(
    dialect: str,
    config: Config,
    shapes: Shapes | None,
    *,
    models: str = MODELS,
    schemas: str = SCHEMAS,
) -> str:
    """What a plan is valid for: `<code>-<shapes>`. Takes a few milliseconds."""
    return f"{_code(dialect, config, models, schemas)}-{_hash(repr(_plain(shapes)))}"


def load_any(dialect: str, config: Config, *, models: str = MODELS, schemas: str = SCHEMAS) -> Plan:
    """A plan of this code, whatever the raw tables look like: for commands that run no SQL."""
    code = _code(dialect, config, models, schemas)
    for file in _newest(f"{_project(dialect, config)}-{code}-*.json"):
        if plan := _read(file, file.stem.partition("-")[2]):
            return plan
    return load(dialect, config, None, models=models, schemas=schemas)


def last(dialect: str, config: Config) -> Plan | None:
    """The newest plan of this project, whatever has changed since; None if there is none."""
    for file in _newest(f"{_project(dialect, config)}-*.json"):
        if plan := _read(file, file.stem.partition("-")[2]):
            return plan
    return None


def changes(old: Plan, new: Plan) -> dict[str, str]:
    """What is different between two plans: table → added, changed or removed."""
    found = {
        name: "added" if name not in old.tables else "changed"
        for name, table in new.tables.items()
        if name not in old.tables or old.tables[name].fingerprint != table.fingerprint
    }
    return found | {name: "removed" for name in old.tables if name not in new.tables}


def folder() -> Path:
    """Where plans are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("aa-pipeline", appauthor=False) / "plans"


def clear() -> int:
    """Remove every plan; how many there were."""
    files = _newest("*.json")
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _unbound(
    dialect: str,
    config: Config,
    models: str,
    schemas: str,
    on_compile: Callable[[str], None] = lambda name: None,
) -> Plan:
    """The unbound plan: shipped, if one is of this code and these settings, or else compiled."""
    if (models, schemas) == (MODELS, SCHEMAS) and not with_code(config.project_dir):
        plan = shipped.load(dialect, config)
        if plan is not None:
            return plan
    return _compile(dialect, config, models, schemas, on_compile)


def _compile(
    dialect: str, config: Config, models: str, schemas: str, on_compile: Callable[[str], None]
) -> Plan:
    """The unbound plan, compiled as far as it must be.

    Expressions are millions of small objects that live until the end: without looking for garbage
    among them, compiling takes a quarter less time.
    """
    settings = unbound_settings(config.model_settings(), dialect)
    added = with_code(config.project_dir)
    codes = codes_of(dialect, settings, models, schemas, added)
    arguments: dict[str, Any] = {
        "dialect": dialect,
        "settings": settings,
        "models": models,
        "schemas": schemas,
        "extensions": added,
        "codes": codes,
    }
    trusted = _memory_is_disk(models, schemas)
    kept = _read(_unbound_file(dialect, config), "") if trusted else None
    if kept and codes.are_of(kept):
        return kept
    earlier = _earlier(dialect, kept, codes) if trusted else {}
    few = len({*codes.models.values()} - {*earlier}) <= FEW
    collecting = gc.isenabled()
    gc.disable()
    try:
        with nullcontext({}) if few else _helper(arguments | {"earlier": [*earlier]}) as compiled:
            try:
                from pipeline.compile.compiler import compile_unbound
            except ImportError as error:
                if why := hidden():
                    raise SetupError(why) from error
                raise

            return compile_unbound(**arguments, earlier=earlier, compiled=compiled, on_compile=on_compile)
    finally:
        if collecting:
            # As old objects they are not looked through at once.
            gc.freeze()
            gc.enable()
            gc.unfreeze()


def _earlier(dialect: str, kept: Plan | None, codes: Codes) -> dict[str, PlanTable]:
    """Tables by their code, as the project's last plan or those of the package have them."""
    found = {table.code: table for table in kept.tables.values()} if kept else {}
    return found | shipped.tables_of(dialect, {*codes.models.values()} - {*found})


def _helper(arguments: Mapping[str, Any]) -> AbstractContextManager[dict[str, PlanTable]]:
    """What another process has compiled by now, where one makes it faster.

    One that has imported the compiler is done before another has begun, and may have models in
    memory that are not those on disk.
    """
    from pipeline.system.processes import processors

    if "ibis" in sys.modules or processors() == 1:
        return nullcontext({})
    from pipeline.compile.helper import compiling

    return compiling(arguments)


def _unbound_file(dialect: str, config: Config) -> Path:
    """The unbound plan of a project that was compiled last, by the same versions of what compiles."""
    return folder() / f"{_project(dialect, config)}-unbound-{_hash(repr(_versions()), size=4)}.json"


def _project(dialect: str, config: Config) -> str:
    return _hash(f"{config.project_dir.resolve()} {dialect}", size=4)


def _code(dialect: str, config: Config, models: str, schemas: str) -> str:
    """A fingerprint of everything but the raw tables; reads sources, imports nothing of them."""
    settings = (config.model_settings(), config.check_settings())
    added = digest(with_code(config.project_dir))
    return _hash(repr((dialect, settings, _versions(), code_digest(models, schemas), added)))


def _versions() -> list[str]:
    """What is installed of the packages that compile, told by their folders' names alone."""
    found = [sys.version]
    for path in sys.path:
        with suppress(OSError), os.scandir(path or ".") as entries:
            found += [
                entry.name
                for entry in entries
                if entry.name.startswith(DISTRIBUTIONS) and entry.name.endswith(".dist-info")
            ]
    return sorted(found)


def _memory_is_disk(models: str, schemas: str) -> bool:
    """Whether the modules that would be compiled from are what now stands in their files.

    In a notebook they may have been imported before a file was edited. Such a plan serves its
    process, but must not be kept under the fingerprint of the edited file. A project's own are read anew.
    """
    installed = plugins()
    packages = (models, schemas, AGENTS, "pipeline.compile.compiler", *(one.package for one in installed))
    if not any(module in sys.modules for module in packages):
        return True
    try:
        started = Path(f"/proc/{os.getpid()}").stat().st_ctime
    except OSError:
        return False
    files = (*compile_inputs(models, schemas), *(file for one in installed for file in one.code()))
    return all(file.stat().st_ctime < started for file in files)


def _read(file: Path, fingerprint: str) -> Plan | None:
    """The plan in a file; None if it is not there, or not whole."""
    try:
        plan = Plan.from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return plan if plan.fingerprint == fingerprint else None


def _write(file: Path, plan: Plan) -> None:
    """Keep a plan; readers see all of it or nothing. A folder that cannot be written is no error."""
    with suppress(OSError, SetupError):
        write_whole(file, plan.to_json().encode())
        for old in _newest("*.json")[MOST_PLANS:]:
            old.unlink(missing_ok=True)


def _newest(pattern: str) -> list[Path]:
    """Plans whose names match, the newest first."""
    files = []
    for file in folder().glob(pattern):
        with suppress(OSError):  # another process may be removing it
            files.append((file.stat().st_mtime, file))
    return [file for _, file in sorted(files, reverse=True)]


def _plain(shapes: Shapes | None) -> list[tuple[str, list[tuple[str, str]]]] | None:
    if shapes is None:
        return None
    return [(table, [*columns.items()]) for table, columns in sorted(shapes.items())]


def _hash(text: str, size: int = 10) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
