"""Readers without a database: what they tell, and what they put aside."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.agents import AGENTS, readers
from pipeline.agents.conventions import CONVENTIONS
from pipeline.ingest.transcripts.files import agent_of

# By the event's bare name.
REQUESTS = {
    request.event: request
    for telemetry in (*CONVENTIONS, *(agent.telemetry for agent in AGENTS.values()))
    for request in telemetry.requests
}
SERVED = ("input", "output", "cache_creation", "cache_read")


@dataclass
class Recording:
    """A journal that remembers."""

    quarantined: list[str] = field(default_factory=list)
    unknown: list[tuple[str, str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    repeats: int = 0
    skipped: int = 0

    def quarantine(self, file, line, reason):
        self.quarantined.append(reason)

    def not_understood(self, file, line, agent, kind, found):
        self.unknown.append((agent, kind, found))

    def repeat(self, count):
        self.repeats += count

    def skip(self, count=1):
        self.skipped += count

    def warn(self, message):
        self.warnings.append(message)


def read(agent, *files, journal=None):
    """The events of files, in order; folders stand for the files in them that are the agent's."""
    known = readers()
    found = [path for file in files for path in ([file] if file.is_file() else sorted(file.rglob("*")))]
    own = [path for path in found if path.is_file() and agent_of(path, known)[0] == agent]
    return sorted(known[agent].events(sorted(own), journal or Recording()))


def told(events):
    """Names and attributes."""
    return [(event.name, event.attributes) for event in events]


def named(events, name):
    """The attributes of the events of a name without its prefix."""
    return [event.attributes for event in events if event.name.partition(".")[2] == name]


def identities(events):
    """What tells events apart when they land."""
    return {(event.at, event.name, str(sorted(event.attributes.items(), key=str))) for event in events}


def served(expected):
    """Disjoint tokens and requests by session and model, as a capture's expected.json has them."""
    return {
        (session, model): (*(counts[kind] for kind in SERVED), counts["requests"])
        for session, told in expected["sessions"].items()
        for model, counts in told["models"].items()
    }


def counted(events):
    """The same of events, by what is declared of their tokens."""
    sums = defaultdict(lambda: [0] * (len(SERVED) + 1))
    for event in events:
        if event.name.partition(".")[2] in REQUESTS:
            key = event.attributes["session.id"], event.attributes.get("model")
            numbers = [*disjoint(event), 1]
            sums[key] = [total + number for total, number in zip(sums[key], numbers, strict=True)]
    return {key: tuple(values) for key, values in sums.items()}


def disjoint(event):
    """Input, output, cache writes and cache reads of a request, as models tell them apart."""
    request = REQUESTS[event.name.partition(".")[2]]

    def number(*names):
        return next((event.attributes[name] for name in names if name in event.attributes), 0)

    sent, received, read = number(request.input), number(request.output), number(request.cache_read)
    written = number(*request.cache_creation)
    thought = number(request.reasoning) if number(request.total) != sent + received else 0
    for_tools = number(request.tool)
    apart = for_tools if number(request.total) == sent + received + thought + for_tools else 0
    return (
        (sent - read - written if request.cache_in_input else sent) + apart,
        received + thought,
        written,
        read,
    )


def captures(room):
    """The captures beside a test: what was served, and the files that the agent left."""
    found = sorted((Path(room).parent / "captures").glob("*.expected.json"))
    return [
        pytest.param(
            json.loads(file.read_text()),
            file.with_name(file.name.replace(".expected.json", ".transcripts")),
            id=file.name.removesuffix(".expected.json"),
        )
        for file in found
    ]
