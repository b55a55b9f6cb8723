"""Kilo Code: `kilo.db` in opencode's shape, from which it was made anew, and older tasks in Roo Code's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.agents.cline import tasks
from pipeline.agents.events import Event, Journal
from pipeline.agents.files import Sample
from pipeline.agents.opencode import transcripts as opencode
from pipeline.agents.opencode.storage import data_folder
from pipeline.agents.roo_code.transcripts import disjoint

AGENT = "kilo_code"
FOLDER = "kilo"


def is_record(value: dict[str, Any]) -> bool:
    """Never: messages are a list, or over several lines."""
    return False


def is_file(sample: Sample) -> bool:
    """Whether a file is Kilo's database or message, or lies in the folder of an older extension's task."""
    if sample.head.startswith(b"SQLite format 3\0") and sample.path.name.startswith(FOLDER):
        return True
    is_there = data_folder(sample.path).name == FOLDER
    return (is_there and opencode.is_kept_as_here(sample)) or tasks.owner(sample) == AGENT


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts, tools and failures of all sessions and tasks, each once."""
    is_kept = {file: file.name.startswith((FOLDER, "opencode", "msg_")) for file in files}
    yield from opencode.events_of(AGENT, [file for file in files if is_kept[file]], journal)
    for _, event in tasks.events(AGENT, [file for file in files if not is_kept[file]], disjoint, journal):
        yield event
