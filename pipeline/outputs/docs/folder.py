"""Writing the site into a folder that is empty or was written by us, and into no other."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import SetupError
from pipeline.system.files import not_writable
from pipeline.system.temporary import temporary_folder

# Lists the files that we wrote: the next time, those that the plan has no more are removed.
MANIFEST = ".aa-pipeline-docs.json"
# How the folder begins that a new site is written into; one may be left of a process that was killed.
NEW = ".new-site."


def write_site(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of the site; what else lies in the folder stays.

    All are written into a folder of their own first: where there is no room for them, the old site stays.

    Args:
        folder: made if it is not there.
        files: text by path below the folder.

    Raises:
        SetupError: the folder holds something and is not ours, or cannot be written.
    """
    try:
        before = _written_before(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder, NEW) as new:
            listed = MANIFEST + ".all"
            _write(new / listed, json.dumps(sorted({*files, *before})))
            _write(new / MANIFEST, json.dumps(sorted(files)))
            for path, text in files.items():
                _write(new / path, text)
            # Listed first, so that an interrupted write can be repeated.
            _move(new / listed, folder / MANIFEST)
            for path in files:
                _move(new / path, folder / path)
            for path in sorted(set(before) - files.keys()):
                (folder / path).unlink(missing_ok=True)
            _move(new / MANIFEST, folder / MANIFEST)
    except OSError as error:
        raise not_writable(folder, error) from None


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def _move(new: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new.replace(file)


def _written_before(folder: Path) -> list[str]:
    """The files of the site that a folder holds; empty if there is none."""
    if not folder.exists():
        return []
    if folder.is_dir() and all(entry.name.startswith(NEW) for entry in folder.iterdir()):
        return []
    try:
        paths = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return [path for path in paths if _is_below(path)]
    except (OSError, ValueError, TypeError):
        raise SetupError(
            f"{folder} is not empty, and `docs generate` did not make it. Name another folder with -o,"
            " or remove this one."
        ) from None


def _is_below(path: str) -> bool:
    """Whether a path of the list stays inside the folder, whoever wrote it there."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts
