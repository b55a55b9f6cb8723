"""What is added to what is shipped: installed plugins, and the folder of a project.

Beside `aa-pipeline.toml`, and only there, a project may have the same rooms as the package:

    models/<layer>/*.py, models/laws/*.py    schemas/*.py    agents/    seeds/*.csv

A plugin is an installed package with these rooms, named by an entry point of the group
`aa_pipeline.plugins`. Whoever reads models, contracts, laws, seeds or agents reads what is shipped first
and then what is listed here, in this order.

A project's files are found by their path, under a package name of their own, never by `sys.path`: its
`schemas` hides no other and none hides it. They are read anew by every process and leave no bytecode.

* `extension`: one folder with rooms; `project_files`: importing those of a project.
* `plugins`: those that are installed.
"""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.config import CONFIG_FILE
from pipeline.extensions.extension import CODE, SEEDS, Extension, in_words, place_of
from pipeline.extensions.plugins import SWITCH, plugins

__all__ = [
    "CODE",
    "SEEDS",
    "SWITCH",
    "Extension",
    "digest",
    "digest_of_agents",
    "extensions",
    "file_of",
    "hidden",
    "in_words",
    "place_of",
    "plugins",
    "project_of",
    "with_code",
]


def extensions(project_dir: Path) -> tuple[Extension, ...]:
    """Everything that is added in a project, plugins first; a name of a later one is known to it alone.

    Raises:
        ConfigError: a plugin is not what it says.
    """
    project = project_of(project_dir)
    return (*plugins(), project) if project else plugins()


def project_of(folder: Path) -> Extension | None:
    """The rooms beside a configuration file; None where there is no file, or no room."""
    if not (folder / CONFIG_FILE).is_file():
        return None
    if not any((folder / room).is_dir() for room in (*CODE, SEEDS)):
        return None
    folder = folder.resolve()
    return Extension("project", folder, f"aa_project_{_hash(str(folder))}")


def with_code(project_dir: Path) -> tuple[Extension, ...]:
    """Those that bring more than rows of seeds."""
    return tuple(
        found for found in extensions(project_dir) if any(next(found.files(room), None) for room in CODE)
    )


def digest(added: Sequence[Extension]) -> str:
    """A fingerprint of the code of extensions, and of which seeds there are; empty where there are none."""
    told = hashlib.blake2b(digest_size=16)
    for extension in added:
        names = [file.name for file in extension.csv_files()]
        told.update(f"\0{extension.package} {names}\0".encode())
        for file in extension.code():
            told.update(_told(extension.shown(file), file))
    return told.hexdigest() if added else ""


def digest_of_agents(added: Sequence[Extension]) -> str:
    """A fingerprint of the agents that extensions declare; empty where there are none."""
    told = hashlib.blake2b(digest_size=16)
    files = [file for extension in added for file in sorted((extension.folder / "agents").rglob("*.py"))]
    for file in files:
        told.update(_told(str(file), file))
    return told.hexdigest() if files else ""


def _told(name: str, file: Path) -> bytes:
    content = file.read_bytes()
    return f"\0{name} {len(content)}\0".encode() + content


def file_of(shown: str, project_dir: Path) -> Path | None:
    """The file of an extension that a plan calls so; None for one that is shipped."""
    places = (extension.found(shown) for extension in extensions(project_dir)) if shown else ()
    return next((place for place in places if place), None)


def hidden() -> str:
    """A sentence about another package that is found in the place of one of ours; empty if there is none."""
    ours = Path(__file__).parents[2]
    for name in ("pipeline", "schemas"):
        module = sys.modules.get(name)
        places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None)]
        place = next((Path(place) for place in places if place), None)
        if place and place.resolve() not in (ours / name, ours / name / "__init__.py"):
            return (
                f"Python finds another package called {name}, {place}, in the place of that of aa-pipeline"
                f" ({ours / name}). Rename it, or take its folder out of the search path; in a notebook and"
                " with `python -m` that is the working directory, unless PYTHONSAFEPATH=1 is set."
            )
    return ""


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
