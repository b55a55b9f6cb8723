"""Importing the files of projects by their path, under a package name of their own."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from pipeline.extensions.extension import CODE


class _Source(SourceFileLoader):
    """Reads a file as it is now: bytecode is told by seconds, and would lie in somebody's project."""

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError


class _Finder:
    """Finds the files of projects, and nothing else."""

    folders: dict[str, Path] = {}

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


def find_below(package: str, folder: Path) -> None:
    """Have the files of a folder found as those of a package."""
    _Finder.folders[package] = folder
    if _Finder not in {type(finder) for finder in sys.meta_path}:
        sys.meta_path.insert(0, _Finder())
