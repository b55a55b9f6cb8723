"""Which pages we made: those of others are not written over."""

import re
from pathlib import Path

from pipeline.errors import SetupError
from pipeline.system.files import not_writable, open_file

HEAD = 1 << 12  # bytes in which a page says who made it
DASHBOARD, REPORT = "aa-pipeline", "aa-pipeline report"
# How a report says it that version 0.1.0 wrote.
TITLE = b" \xc2\xb7 aa-pipeline</title>"

_PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|title|body)\b", re.IGNORECASE | re.DOTALL)


def is_made_by(page: Path, generator: str) -> bool:
    """Whether a page says that this made it, in its `<meta name="generator">`."""
    return f'<meta name="generator" content="{generator}">'.encode() in _head(page)


def check_folder(folder: Path) -> None:
    """Refuse to write the dashboard into a folder that holds something else.

    Raises:
        SetupError: names the folder.
    """
    page = folder / "index.html"
    try:
        if not folder.is_dir() or is_made_by(page, DASHBOARD):
            return
        names = [entry.name for entry in folder.iterdir()]
    except OSError as error:
        raise not_writable(folder, error) from error
    # A write that was killed leaves a folder of its own: pipeline.system.files.
    if any(not name.startswith(f".{page.name}.") for name in names):
        raise SetupError(
            f"{folder} is not empty, and `dashboard` did not make it. Name another folder with -o,"
            " or remove this one."
        )


def check_report(file: Path) -> None:
    """Refuse to write a report over a page that is none.

    Raises:
        SetupError: names the file.
    """
    head = _head(file)
    if _PAGE.match(head) and TITLE not in head and not is_made_by(file, REPORT):
        raise SetupError(
            f"{file} is a page that `report` did not make. Name another file with -o, or remove this one."
        )


def _head(page: Path) -> bytes:
    try:
        with open_file(page) as opened:
            return opened.read(HEAD)
    except OSError:
        return b""
