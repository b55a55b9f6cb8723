"""Which files we made: those of others are not written over."""

import os
import re
from pathlib import Path

from pipeline.errors import SetupError
from pipeline.system.files import not_writable, open_file

HEAD = 1 << 12  # bytes in which a page says who made it
TAIL = 1 << 8  # bytes in which another file does
DASHBOARD, REPORT = "aa-pipeline", "aa-pipeline report"
# How a text ends that we made, and what stands in the metadata of our pictures and PDFs.
SIGNED = "made by aa-pipeline"
# How a report says it that version 0.1.0 wrote.
TITLE = b" \xc2\xb7 aa-pipeline</title>"

_BEGUN = re.compile(r"\.\w+\.(html|pdf|png|md)\.")
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
        # A write that was killed leaves a folder of its own: pipeline.system.files.
        others = [entry for entry in folder.iterdir() if not _BEGUN.match(entry.name)]
    except OSError as error:
        raise not_writable(folder, error) from error
    if not all(map(is_ours, others)):
        raise SetupError(
            f"{folder} is not empty, and `dashboard` did not make it. Name another folder with -o,"
            " or remove this one."
        )


def is_ours(file: Path) -> bool:
    """Whether a text, a picture or a PDF says that we made it."""
    return SIGNED.encode() in _tail(file)


def check_ours(file: Path, command: str) -> None:
    """Refuse to write over a file that is not ours; an empty one, and what is no file, may be written to.

    Raises:
        SetupError: names the file.
    """
    if file.is_file() and file.stat().st_size and not is_ours(file):
        raise SetupError(
            f"{file} is there, and `{command}` did not make it. Name another file with -o, or remove this"
            " one."
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


def _tail(file: Path) -> bytes:
    try:
        with open_file(file) as opened:
            opened.seek(max(0, opened.seek(0, os.SEEK_END) - TAIL))
            return opened.read(TAIL)
    except OSError:
        return b""
