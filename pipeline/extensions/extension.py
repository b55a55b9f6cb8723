"""One folder with rooms: a project's, or a plugin's."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType

from pipeline.errors import ModelError

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
            ModelError: it cannot be imported.
        """
        from importlib import import_module

        if not self.is_plugin:
            from pipeline.extensions.project_files import find_below

            find_below(self.package, self.folder)
        parts = file.relative_to(self.folder).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        try:
            return import_module(".".join([self.package, *parts]))
        except Exception as error:  # whatever somebody's code raises
            raise ModelError(
                f"{self.shown(file)}{place_of(error, file)} cannot be imported: {in_words(error)}."
                " Mend the file."
            ) from error

    def read_anew(self) -> None:
        """Have a project's files read when they are imported next, as they may have been edited."""
        if not self.is_plugin:
            for name in [name for name in sys.modules if name.partition(".")[0] == self.package]:
                del sys.modules[name]


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


def in_words(error: BaseException) -> str:
    """What went wrong in somebody's file, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
