"""What is added to what is shipped: installed plugins, and the folder of a project.

Beside `aa-pipeline.toml`, and only there, a project may have the same rooms as the package:

    models/<layer>/*.py, models/laws/*.py    schemas/*.py    agents/    seeds/*.csv

A plugin is an installed package with these rooms, named by an entry point of the group
`aa_pipeline.plugins`. Whoever reads models, contracts, laws, seeds or agents reads what is shipped first
and then what is listed here, in this order.

A project's files are found by their path, under a package name of their own, never by `sys.path`: its
`schemas` hides no other and none hides it. They are read anew by every process and leave no bytecode.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path, PurePosixPath
from types import ModuleType

from pipeline.errors import ConfigError, PipelineError

CONFIG_FILE = "aa-pipeline.toml"
GROUP = "aa_pipeline.plugins"
# Turns plugins off in the environment.
SWITCH = "AA_PIPELINE_PLUGINS"
OFF = ("off", "0", "false", "no")

CODE = ("models", "schemas", "agents")
SEEDS = "seeds"

# Other code of a project may lie in folders of these names: what is none of ours is not imported.
OURS = {"schemas": rb"\bContract\b", "agents": rb"(?m)^AGENT\b"}


@dataclass  # not frozen: every start of a command would wait for that
class Extension:
    """A folder with rooms.

    Attributes:
        name: as people know it: that of a plugin, or "project".
        folder: holds the rooms.
        package: under which its files are imported.
        version: of a plugin.
    """

    name: str
    folder: Path
    package: str
    version: str = ""

    @property
    def is_plugin(self) -> bool:
        """Whether it is an installed package."""
        return bool(self.version)

    def files(self, room: str) -> Iterator[Path]:
        """The Python files of a room that are about what the room is for, sorted."""
        told = OURS.get(room)
        for file in sorted((self.folder / room).rglob("*.py")):
            if file.name == "__init__.py" and room != "agents":
                continue
            if told is None or re.search(told, file.read_bytes()):
                yield file

    def code(self) -> Iterator[Path]:
        """All that tables may be compiled from, sorted; of a plugin, more than its rooms."""
        for folder in [self.folder] if self.is_plugin else [self.folder / room for room in CODE]:
            yield from sorted(folder.rglob("*.py"))

    def csv_files(self) -> list[Path]:
        """The seeds, sorted."""
        return sorted((self.folder / SEEDS).glob("*.csv"))

    def shown(self, file: Path) -> str:
        """A file of it as plans and people know it, `models/marts/x.py` or `package/models/marts/x.py`."""
        within = file.relative_to(self.folder).as_posix()
        return f"{self.package}/{within}" if self.is_plugin else within

    def found(self, shown: str) -> Path | None:
        """The file that is shown so, if it is one of this extension's."""
        path = PurePosixPath(shown)
        if self.is_plugin:
            return self.folder / path.relative_to(self.package) if path.parts[0] == self.package else None
        return self.folder / path if path.parts[0] in (*CODE, SEEDS) else None

    def load(self, file: Path) -> ModuleType:
        """Import a file of it.

        Raises:
            Exception: whatever the file raises.
        """
        from importlib import import_module

        if not self.is_plugin:
            _Finder.knows(self)
        parts = file.relative_to(self.folder).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        return import_module(".".join([self.package, *parts]))

    def read_anew(self) -> None:
        """Have a project's files read when they are imported next, as they may have been edited."""
        if not self.is_plugin:
            for name in [name for name in sys.modules if name.partition(".")[0] == self.package]:
                del sys.modules[name]


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
            content = file.read_bytes()
            told.update(f"\0{extension.shown(file)} {len(content)}\0".encode() + content)
    return told.hexdigest() if added else ""


def digest_of_agents(added: Sequence[Extension]) -> str:
    """A fingerprint of the agents that extensions declare; empty where there are none."""
    told = hashlib.blake2b(digest_size=16)
    files = [file for extension in added for file in sorted((extension.folder / "agents").rglob("*.py"))]
    for file in files:
        content = file.read_bytes()
        told.update(f"\0{file} {len(content)}\0".encode() + content)
    return told.hexdigest() if files else ""


def file_of(shown: str, project_dir: Path) -> Path | None:
    """The file of an extension that a plan calls so; None for one that is shipped."""
    places = (extension.found(shown) for extension in extensions(project_dir)) if shown else ()
    return next((place for place in places if place), None)


def place_of(error: BaseException, file: Path) -> str:
    """`:line` of what went wrong in a file, if that is known."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f":{error.lineno}"
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f":{line}" if line else ""


def hidden() -> str:
    """A sentence about another package that is found in the place of one of ours; empty if there is none."""
    ours = Path(__file__).parent.parent
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


def in_words(error: BaseException) -> str:
    """What went wrong in somebody's file, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def plugins() -> tuple[Extension, ...]:
    """The installed plugins, by name, unless the environment turns them off.

    Raises:
        ConfigError: a plugin names a package that is not there.
    """
    if os.environ.get(SWITCH, "").strip().lower() in OFF:
        return ()
    return tuple(_plugin(*told) for told in sorted(_entry_points()))


def _plugin(name: str, package: str, version: str) -> Extension:
    spec = PathFinder.find_spec(package) or _other_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise ConfigError(
            f"The plugin {name} ({version}) names the package {package}, which is not there. Install it anew,"
            f" or uninstall it; {SWITCH}=off in the environment leaves all plugins out."
        )
    return Extension(name, Path(places[0]).resolve(), package, version)


def _other_spec(package: str) -> ModuleSpec | None:
    """Of an editable install, whose package is found by a finder of its own."""
    from importlib.util import find_spec

    with suppress(ImportError, ValueError):
        return find_spec(package)
    return None


def _entry_points() -> list[tuple[str, str, str]]:
    """Name, package and distribution of each; remembered until something is installed.

    To look into every distribution takes as long as all the rest of a warm start.
    """
    # A working directory is no place where things are installed.
    return _installed(tuple(path for path in sys.path if Path(path).is_absolute()))


@cache
def _installed(places: tuple[str, ...]) -> list[tuple[str, str, str]]:
    states = [[place, Path(place).stat().st_mtime_ns] for place in places if Path(place).exists()]
    file = _cache_file()
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["places"] == states:
            return [(str(name), str(package), str(by)) for name, package, by in kept["found"]]
    found = [each for place, _ in states for each in _entry_points_in(str(place))]
    with suppress(OSError, PipelineError):
        _keep(file, json.dumps({"places": states, "found": found}))
    return found


def _entry_points_in(path: str) -> Iterator[tuple[str, str, str]]:
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.endswith(".dist-info"):
                continue
            with suppress(OSError):
                text = Path(entry.path, "entry_points.txt").read_text(encoding="utf-8", errors="replace")
                section = text.partition(f"[{GROUP}]")[2].partition("\n[")[0]
                for line in section.splitlines():
                    name, _, package = (part.strip() for part in line.partition("="))
                    if package:
                        yield name, package, entry.name.removesuffix(".dist-info").replace("-", " ")


def _cache_file() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("aa-pipeline", appauthor=False) / "plugins.json"


def _keep(file: Path, text: str) -> None:
    from pipeline.system.files import write_whole

    write_whole(file, text.encode())


class _Source(SourceFileLoader):
    """Reads a file as it is now: bytecode is told by seconds, and would lie in somebody's project."""

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError


class _Finder:
    """Finds the files of projects, and nothing else."""

    folders: dict[str, Path] = {}

    @classmethod
    def knows(cls, extension: Extension) -> None:
        """Have an extension's files found."""
        cls.folders[extension.package] = extension.folder
        if cls not in {type(finder) for finder in sys.meta_path}:
            sys.meta_path.insert(0, cls())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        folder = self.folders.get(package)
        if folder is None or (rest and rest.partition(".")[0] not in CODE):
            return None
        place = folder.joinpath(*rest.split(".")) if rest else folder
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")) if rest else ():
            if file.is_file():
                inside = [str(place)] if file.name == "__init__.py" else None
                loader = _Source(fullname, str(file))
                return spec_from_file_location(
                    fullname, file, loader=loader, submodule_search_locations=inside
                )
        if place.is_dir():
            found = ModuleSpec(fullname, None, is_package=True)
            found.submodule_search_locations = [str(place)]
            return found
        return None


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
