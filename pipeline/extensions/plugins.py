"""Installed plugins: packages that an entry point names."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from pipeline.errors import ConfigError, PipelineError
from pipeline.extensions.extension import Extension

GROUP = "aa_pipeline.plugins"
# Turns plugins off in the environment.
SWITCH = "AA_PIPELINE_PLUGINS"
OFF = ("off", "0", "false", "no")


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
