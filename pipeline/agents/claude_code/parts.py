"""What one file of Claude Code tells, before it is told apart from what other files tell."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.claude_code.lines import (
    AGENT,
    Asked,
    Place,
    Result,
    api_error,
    api_request,
    asked_tools,
    calls_within,
    linked_request,
    prompt,
    tool_results,
)
from pipeline.agents.events import BadRecord, Event, Journal, instant, mapping, text
from pipeline.agents.files import json_lines
from pipeline.agents.usage import tell_unknown

# What tells no usage of its own: `cost-state` sums the session up, with all that it was forked from, and
# `api-request…` tell what was asked for; results of sub-agents sum up their files.
NO_USAGE = frozenset(
    {"cost-state", "api-request", "api-request-shape", "api-request-blob", "attachment", "system", "summary"}
    | {"user", "file-history-snapshot", "queue-operation", "last-prompt", "mode", "atis-latch", "tools-used"}
)
SENT = ("input_tokens", "cache_read_tokens", "cache_creation_tokens")
OF_SESSION = ("version", "cwd", "gitBranch")  # what a session's start takes from a line


@dataclass
class Session:
    """What orders sessions that tell the same.

    Attributes:
        is_background: a fork in the background.
        began_at: the time of the first line of its file.
        asked_at: the same, if that line cannot be a copy.
        last_at: when something was last told of it.
        first: what a line tells of version and folder.
    """

    is_background: bool = False
    began_at: dt.datetime | None = None
    asked_at: dt.datetime | None = None
    last_at: dt.datetime | None = None
    first: dict[str, Any] | None = None

    def seen(self, at: dt.datetime | None) -> None:
        """Something was told of it then."""
        if at and (self.last_at is None or at > self.last_at):
            self.last_at = at

    def add(self, later: "Session") -> None:
        """Take what a later file tells of the same session."""
        self.is_background |= later.is_background
        if self.began_at is None:
            self.began_at, self.asked_at = later.began_at, later.asked_at
        self.first = self.first or later.first
        self.seen(later.last_at)


@dataclass
class Response:
    """One response, as the line with most output tells it, and the calls that it holds."""

    event: Event
    message: str
    request: str | None
    sent: tuple[int, ...]
    is_sidechain: bool
    first_at: dt.datetime
    calls: dict[int, Event] = field(default_factory=dict)


@dataclass
class Part:
    """What one file tells.

    Attributes:
        sessions: by id.
        responses: by id, request or input, and session.
        tools: the calls of tools, by id.
        results: what calls gave back that stand in no line before.
        others: prompts, results, decisions and errors, by what tells them apart, and session.
        shared: what other files may tell as well: ids of sessions, responses, calls, lines.
    """

    sessions: dict[str, Session] = field(default_factory=lambda: defaultdict(Session))
    responses: dict[tuple[object, ...], Response] = field(default_factory=dict)
    tools: dict[str, Asked] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    others: dict[str, dict[str, Event]] = field(default_factory=lambda: defaultdict(dict))
    shared: set[str] = field(default_factory=set)


def read(file: Path, journal: Journal) -> Part:
    """What a file tells."""
    reading = Reading(file, journal)
    for number, line in json_lines(file, journal):
        try:
            reading.take(line, number)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
    part = reading.part
    part.shared.update(part.sessions, part.tools)
    return part


class Reading:
    """The reading of one file."""

    def __init__(self, file: Path, journal: Journal) -> None:
        self.part = Part()
        self._file = file
        self._home = _home(file)
        self._places: dict[tuple[Any, Any], Place] = {}
        self._journal = journal

    def take(self, line: dict[str, Any], number: int) -> None:
        kind, part, place = text(line.get("type")), self.part, self._place(line)
        if not place.thread:
            _know(part.sessions[place.session], line)
        if kind == "progress":  # what a sub-agent has written so far
            told = mapping(line.get("data"))
            if mapping(told.get("message")).get("type") == "assistant":
                inner = line | told["message"] | {"isSidechain": True}
                self._response(Place(place.session, text(told.get("agentId"))), inner, number)
        elif kind == "assistant":
            part.tools.update(asked_tools(line))
            self._response(place, line, number)
        elif kind in ("user", "attachment"):
            typed = prompt(place, line)
            if typed and not place.thread:
                own = text(line.get("uuid"))
                self._keep(own or f"{self._file}:{number}", typed)
                part.shared.update([own] if own else [])
            elif kind == "user":
                self._results(place, line)
        elif kind == "pr-link":
            if linked := linked_request(place, line):
                self._keep(f"{kind} {place.session} {linked.attributes['pull_request']}", linked)
        else:
            kind = kind or "line without a type"
            tell_unknown(self._journal, self._file, number, AGENT, kind, line, NO_USAGE)
        failed = api_error(place, line)
        if failed:
            self._keep(*failed)
            part.shared.add(failed[0])

    def _place(self, line: dict[str, Any]) -> Place:
        """Where a line belongs; mostly where the one before did."""
        told = line.get("sessionId"), line.get("agentId")
        try:
            return self._places[told]
        except (KeyError, TypeError):  # it is new, or a list or an object, which names nothing
            session, thread = map(text, told)
        place = Place(session or self._home.session, thread or self._home.thread)
        self._places[session, thread] = place
        self.part.shared.add(place.session)
        return place

    def _results(self, place: Place, line: dict[str, Any]) -> None:
        for result in tool_results(place, line, self.part.tools):
            tool = self.part.tools.get(result.call)
            self.part.shared.add(result.call)
            if tool is None:
                self.part.results.append(result)
                continue
            for name, event in result.events(tool):
                self._keep(name, event)

    def _response(self, place: Place, line: dict[str, Any], number: int) -> None:
        """Take a line's usage, unless there is a better one of the same response."""
        message = mapping(line.get("message"))
        usage, model = message.get("usage"), message.get("model")
        if not isinstance(usage, dict):
            tell_unknown(self._journal, self._file, number, AGENT, "assistant", message)
            return
        if model == "<synthetic>":
            self._journal.skip()
            return
        event = api_request(place, line, model, usage)
        sent = tuple(event.attributes[kind] for kind in SENT)
        own, request = text(message.get("id")), text(line.get("requestId"))
        name = own or f"{self._file}:{number}"
        is_sidechain = line.get("isSidechain") is True
        response = Response(event, name, request, sent, is_sidechain, event.at)
        response.calls = calls_within(place, line, model, usage)
        self.part.shared.update([own] if own else [])
        self.part.sessions[event.session].seen(event.at)
        add_response(self.part.responses, (name, request or sent, place.session), response, self._journal)

    def _keep(self, name: str, event: Event) -> None:
        add_other(self.part.others[name], event, self._journal)


def add_response(
    responses: dict[tuple[object, ...], Response],
    key: tuple[object, ...],
    response: Response,
    journal: Journal,
) -> None:
    """Keep a response, unless there is a better line of it."""
    other = responses.get(key)
    if other:
        journal.repeat(1)
        response.first_at = other.first_at = min(response.first_at, other.first_at)
        if worth(response) >= worth(other):
            return
    responses[key] = response


def add_other(told: dict[str, Event], event: Event, journal: Journal) -> bool:
    """Keep an event that is no response, unless its session has told it; whether it is new."""
    if told:
        journal.repeat(1)
    return told.setdefault(event.session, event) is event


def worth(response: Response) -> tuple[object, ...]:
    """Of several lines of a response the least counts: most output, then most tokens, then the first."""
    attributes = response.event.attributes
    counts = [count for name, count in attributes.items() if name.endswith("_tokens")]
    is_loose = response.is_sidechain and "thread.id" not in attributes
    return -attributes["output_tokens"], -sum(counts), is_loose, response.event.at


def _know(session: Session, line: dict[str, Any]) -> None:
    if line.get("sessionKind") == "bg":
        session.is_background = True
    if session.began_at is None and isinstance(line.get("timestamp"), str):
        session.began_at = instant(line["timestamp"])
        # The first line may be a copy; what was asked for is not copied.
        if line.get("type") == "queue-operation":
            session.asked_at = session.began_at
    if session.first is None and line.get("version"):
        session.first = {name: line.get(name) for name in OF_SESSION}


def _home(file: Path) -> Place:
    """Where the lines of a file belong that do not say it themselves."""
    above = next((folder for folder in file.parents if folder.name == "subagents"), None)
    return Place(above.parent.name, file.stem.removeprefix("agent-")) if above else Place(file.stem)
