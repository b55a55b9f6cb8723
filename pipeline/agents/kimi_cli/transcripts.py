"""Kimi's `wire.jsonl`: one file per agent of a session, by Kimi CLI (`cli`) or by Kimi Code (`code`).

Both count four disjoint kinds of tokens; reasoning is part of the output. Forks copy files as they are, so
that time, counts and the agent tell a call. A call that several sessions tell counts in the one that is no
fork.
"""

import hashlib
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pipeline.agents.events import Event, Journal
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.kimi_cli import cli, code
from pipeline.agents.kimi_cli.wire import AGENT, Told


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line opens a file of either, or is one of Kimi CLI's."""
    if value.get("type") == "metadata":
        return "protocol_version" in value
    return cli.is_line(value)


def is_file(sample: Sample) -> bool:
    """Never: a line tells."""
    return False


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts, tools and failures of all sessions, each once."""
    found: dict[tuple[Any, ...], Told] = {}
    for file in files:
        lines = json_lines(file, journal)
        opening = list(islice(lines, 2))
        is_cli = any(cli.is_line(line) for _, line in opening)
        read = cli.told if is_cli else code.told
        for told in read(file, chain(opening, lines), journal):
            if told.key in found:
                journal.repeat(1)
            if told.key not in found or told.order < found[told.key].order:
                found[told.key] = told
    for told in found.values():
        event = told.event
        if event.name == f"{AGENT}.api_request" and "request_id" not in event.attributes:
            event.attributes["request_id"] = hashlib.sha256(repr(told.key).encode()).hexdigest()[:32]
        yield event
