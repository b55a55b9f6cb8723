"""Writing the site into a folder that is empty or was written by us, and into no other."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import SetupError

# Lists the files that we wrote: the next time, those that the plan has no more are removed.
MANIFEST = ".aa-pipeline-docs.json"


def write_site(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of the site; what else lies in the folder stays.

    Args:
        folder: made if it is not there.
        files: text by path below the folder.

    Raises:
        SetupError: the folder holds something and is not ours, or cannot be written.
    """
    try:
        before = _written_before(folder)
        for path in sorted(set(before) - files.keys()):
            (folder / path).unlink(missing_ok=True)
        # Written first, so that an interrupted write can be repeated.
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).write_text(json.dumps(sorted({*files, *before})), encoding="utf-8")
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        (folder / MANIFEST).write_text(json.dumps(sorted(files)), encoding="utf-8")
    except OSError as error:
        raise SetupError(f"The documentation cannot be written to {folder}: {error.strerror}.") from None


def _written_before(folder: Path) -> list[str]:
    """The files of the site that a folder holds; empty if there is none."""
    if not folder.exists():
        return []
    if folder.is_dir() and not any(folder.iterdir()):
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
