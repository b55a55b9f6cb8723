"""Plans of other versions of the code: a plan file, a folder, or a revision of a git repository."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.compile import plan_cache
from pipeline.config import CONFIG_FILE, load_config
from pipeline.errors import SelectionError
from pipeline.extensions import CODE, SEEDS, file_of, with_code
from pipeline.plan import Plan
from pipeline.seeds.csv_files import ROOT as INSTALLED
from pipeline.system.temporary import temporary_folder

# What a version of the code consists of.
PACKAGES = ("pipeline", "schemas")
# What a version of a project consists of beside it.
PROJECT = (CONFIG_FILE, *CODE, SEEDS)

COMPILE = "from pipeline.compile import compile_plan; print(compile_plan('duckdb').to_json())"

# The plan for a database, as that code and that project make it.
COMPILE_FOR = """
import json, sys
from pathlib import Path
from pipeline.compile import plan_cache
from pipeline.config import load_config
told = json.load(sys.stdin)
print(plan_cache.load(told["dialect"], load_config(Path(told["project"])), told["shapes"]).to_json())
"""


def plan_of(version: str, repository: Path = Path()) -> Plan:
    """The plan of a version of the code.

    Args:
        version: a plan in a JSON file, a folder that holds `pipeline` and `schemas`, or a
            revision of the git repository around `repository`. The code of it is run.
        repository: a folder inside the repository.

    Raises:
        SelectionError: there is no such version, or it cannot be compiled.
    """
    path = Path(version)
    if path.is_file():
        return _read(
            path.read_bytes(),
            f"{path} is not a plan that this release can read."
            " Name the folder or the git revision of the code instead.",
        )
    if path.is_dir():
        return _plan_in(path, path, version)
    with temporary_folder() as folder:
        prefix = _prefix(repository)
        _check_out(
            version, repository, folder, [*PACKAGES, *((prefix / name).as_posix() for name in PROJECT)]
        )
        return _plan_in(folder, folder / prefix, version)


def _plan_in(code: Path, project: Path, version: str) -> Plan:
    """The plan of the code in a folder; of a project without any, what is installed makes it."""
    if not all((code / package).is_dir() for package in PACKAGES) and (project / CONFIG_FILE).is_file():
        return _installed_for(version, project, "duckdb", None)
    return _compile(code, version)


@contextmanager
def project_version(
    version: str, project_dir: Path, dialect: str, shapes: plan_cache.Shapes
) -> Iterator[tuple[Plan, Path]]:
    """How a version of a project makes its tables: the plan for a database, and the folder with its seeds.

    Its code is its own where it holds any, and what is installed where it does not. Paths of the packaged
    seeds lead to those of its code.

    Args:
        version: a folder, or a revision of the git repository around `project_dir`.
        project_dir: the folder of the project.
        dialect: of the database.
        shapes: its raw tables.

    Raises:
        SelectionError: there is no such version, or it cannot be compiled.
        ConfigError: its configuration cannot be read.
    """
    if Path(version).is_dir():
        yield _plan_for(version, Path(version), Path(version), dialect, shapes), Path(version)
        return
    if Path(version).is_file():
        raise SelectionError(
            f"{version} is a file, which makes no tables: name a folder or a revision."
            " `aa-pipeline contract diff` compares plans in files by what they promise."
        )
    with temporary_folder() as folder:
        prefix = _prefix(project_dir)
        own = [(prefix / name).as_posix() for name in PROJECT]
        _check_out(version, project_dir, folder, [*PACKAGES, *own])
        yield _plan_for(version, folder, folder / prefix, dialect, shapes), folder / prefix


def _plan_for(version: str, code: Path, project: Path, dialect: str, shapes: plan_cache.Shapes) -> Plan:
    """The plan of some code, or of what is installed if it is none, and of a project's configuration."""
    if not all((code / package).is_dir() for package in PACKAGES) or code.resolve() == INSTALLED.resolve():
        code, plan = INSTALLED, _installed_for(version, project, dialect, shapes)
    else:
        told = json.dumps({"dialect": dialect, "project": str(project.resolve()), "shapes": shapes})
        plan = _compile(code, version, COMPILE_FOR, told)
    seeds = {
        name: replace(table, path=str(code.resolve() / table.path))
        for name, table in plan.tables.items()
        if table.kind == "seed" and not file_of(table.path, project)
    }
    return replace(plan, tables=plan.tables | seeds)


def _installed_for(version: str, project: Path, dialect: str, shapes: plan_cache.Shapes | None) -> Plan:
    """The plan that what is installed makes for a project."""
    if not with_code(project):
        return plan_cache.load(dialect, load_config(project), shapes)
    # A process of its own, in which agents are those of that project.
    told = json.dumps({"dialect": dialect, "project": str(project.resolve()), "shapes": shapes})
    return _compile(INSTALLED, version, COMPILE_FOR, told, here=project)


def _prefix(folder: Path) -> Path:
    """Where a folder lies in its git repository."""
    found = _git(folder, "rev-parse", "--show-prefix")
    return Path(found.stdout.strip()) if found.returncode == 0 else Path()


def _read(text: str | bytes, problem: str) -> Plan:
    try:
        return Plan.from_json(text)
    except ValueError as error:
        raise SelectionError(problem) from error


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)


def _check_out(revision: str, repository: Path, folder: Path, paths: Sequence[str]) -> None:
    """Write those of the paths, from the top of the repository, that a revision holds into a folder."""
    found = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        raise SelectionError(
            f"{revision} is no plan file, no folder and no revision of a git repository here."
        )
    commit = found.stdout.strip()
    top = Path(_git(repository, "rev-parse", "--show-toplevel").stdout.strip())
    there = _git(top, "ls-tree", "--name-only", "-z", commit, "--", *paths).stdout.split("\0")
    held = [path for path in paths if path in there]
    if not held:
        raise SelectionError(f"{revision} holds no {' and '.join(paths)}: it is another project.")
    archive = subprocess.run(
        ["git", "-C", str(top), "archive", "--format=zip", commit, *held], capture_output=True, check=True
    )
    # Unlike tarfile before Python 3.11.4, zipfile writes nothing outside of the folder and no links.
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as code:
        code.extractall(folder)


def _compile(
    folder: Path, version: str, code: str = COMPILE, told: str = "", here: Path | None = None
) -> Plan:
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=here or folder,
        env=os.environ | {"PYTHONPATH": str(folder.resolve())},
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SelectionError(f"The code of {version} cannot be compiled: {reason}")
    return _read(
        done.stdout,
        f"The code of {version} makes plans that this release cannot read."
        " Compare later versions, or compare with the release of that time.",
    )
