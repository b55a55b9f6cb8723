"""Plans of other versions of the code: a plan file, a folder, or a revision of a git repository."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from pipeline.errors import SelectionError
from pipeline.plan import Plan
from pipeline.system.temporary import temporary_folder

# What a version of the code consists of.
PACKAGES = ("pipeline", "schemas")

COMPILE = "from pipeline.compile import compile_plan; print(compile_plan('duckdb').to_json())"


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
        return _compile(path, version)
    with temporary_folder() as folder:
        _check_out(version, repository, folder)
        return _compile(folder, version)


def _read(text: str | bytes, problem: str) -> Plan:
    try:
        return Plan.from_json(text)
    except ValueError as error:
        raise SelectionError(problem) from error


def _check_out(revision: str, repository: Path, folder: Path) -> None:
    git = ["git", "-C", str(repository)]
    found = subprocess.run(
        [*git, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise SelectionError(
            f"{revision} is no plan file, no folder and no revision of a git repository here."
        )
    top = subprocess.run([*git, "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True)
    archive = subprocess.run(
        ["git", "-C", top.stdout.strip(), "archive", "--format=zip", found.stdout.strip(), *PACKAGES],
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        raise SelectionError(f"{revision} holds no {' and '.join(PACKAGES)}: it is another project.")
    # Unlike tarfile before Python 3.11.4, zipfile writes nothing outside of the folder and no links.
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as code:
        code.extractall(folder)


def _compile(folder: Path, version: str) -> Plan:
    done = subprocess.run(
        [sys.executable, "-c", COMPILE],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder.resolve())},
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
