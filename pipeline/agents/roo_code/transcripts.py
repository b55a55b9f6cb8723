"""Roo Code: folders of tasks, as Cline had them. `tokensIn` holds cache reads and writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.agents.cline import tasks
from pipeline.agents.events import Event, Journal
from pipeline.agents.files import Sample

AGENT = "roo_code"


def is_record(value: dict[str, Any]) -> bool:
    """Never: messages are a list."""
    return False


def is_file(sample: Sample) -> bool:
    """Whether a file lies in the folder of a task of Roo Code."""
    return tasks.owner(sample) == AGENT


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts, tools and failures of all tasks, each once."""
    for _, event in tasks.events(AGENT, files, disjoint, journal):
        yield event


def disjoint(counts: dict[str, int]) -> dict[str, int]:
    """Input without the cache; where the cache is larger, an old version has told it apart already."""
    rest = counts["input_tokens"] - counts["cache_creation_tokens"] - counts["cache_read_tokens"]
    return counts | {"input_tokens": rest} if rest >= 0 else counts
