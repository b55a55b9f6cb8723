"""Whether anything was written where agents keep their sessions since these were read."""

import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines import meta
from pipeline.ingest.values import clean_text

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

# What was written so shortly before may have been read half.
MARGIN = dt.timedelta(seconds=5)


def last_read(engine: "Engine", places: Iterable[Path]) -> dt.datetime | None:
    """When an ingest of exactly these places began; None before the first."""
    inputs = "\n".join(clean_text(str(place)) for place in places)
    if "ingests" not in engine.shapes(meta.SCHEMA):
        return None
    table = engine.name(meta.SCHEMA, "ingests")
    at: dt.datetime | None
    ((at,),) = engine.fetch(
        f"SELECT MAX(started_at) FROM {table} WHERE source = 'transcripts' AND inputs = ?", [inputs]
    )
    return at if at is None or at.tzinfo else at.replace(tzinfo=dt.UTC)


def unchanged_since(at: dt.datetime, places: Iterable[Path]) -> bool:
    """Whether all that lies below places is older, and they are where they were.

    Never where a place is itself a file, which may name others, or where a link leads to a folder.
    """
    latest = (at - MARGIN).timestamp()
    return not any(
        place.is_file() or _is_new(place, latest) or _has_newer(str(place), latest) for place in places
    )


def _is_new(place: Path, latest: float) -> bool:
    """Whether a place, or the folder that it is in, came here, was linked to or made readable since.

    What is in it is then as old as it was elsewhere.
    """
    try:
        found = [status for path in (place, place.parent) for status in (path.lstat(), path.stat())]
    except OSError:
        return False
    return any(status.st_ctime > latest for status in found)


def _has_newer(folder: str, latest: float) -> bool:
    try:
        entries = [*os.scandir(folder)]
    except PermissionError:  # each look says so
        return True
    except OSError:  # it is not there
        return False
    for entry in entries:
        try:
            status = entry.stat()
        except OSError:  # gone meanwhile, or a link to nothing
            continue
        # A file that was copied here keeps the time of its content, and has a new one of its own.
        if max(status.st_mtime, status.st_ctime) > latest:
            return True
        if not os.access(entry, os.R_OK):
            return True
        if entry.is_dir() and (entry.is_symlink() or _has_newer(entry.path, latest)):
            return True
    return False
