"""Claude Code: `projects/<project>/<session>.jsonl`, sub-agents in folders below `<session>/subagents/`.

A response is written as one line per content block, each with the usage known by then; the last one has
most output tokens and counts. It is known by (message.id, requestId). Without a requestId, lines of one id
with other input are other responses: some gateways give all of them one id.

A response may hold calls of its own, of an advisor or a compaction (`usage.iterations`), which the usage
above them leaves out: each is a response.

A sub-agent's file may open with copies of the main session's responses, marked `isSidechain` and under
another request id: a sidechain response whose message.id another request has, too, with the same input, is
such a copy. All others are real and billed. The model `<synthetic>` means that no model was called.

A fork repeats its parent's lines, with their times, under a session id of its own; they count under the
session that began first. A fork in the background (`sessionKind: bg`) is never the first. What a fork
repeats is older than its own beginning: without the parent only its responses count, so that no token is
lost.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.claude_code.lines import (
    AGENT,
    Asked,
    Place,
    api_error,
    api_request,
    asked_tools,
    calls_within,
    prompt,
    tool_results,
)
from pipeline.agents.events import BadRecord, Event, Journal, instant, mapping, text
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.qwen_code import transcripts as qwen_code
from pipeline.agents.usage import tell_unknown

# What tells no usage of its own: `cost-state` sums the session up, with all that it was forked from, and
# `api-request…` tell what was asked for; results of sub-agents sum up their files.
NO_USAGE = frozenset(
    {"cost-state", "api-request", "api-request-shape", "api-request-blob", "attachment", "system", "summary"}
    | {"user", "file-history-snapshot", "queue-operation", "last-prompt", "mode", "atis-latch", "tools-used"}
)
SENT = ("input_tokens", "cache_read_tokens", "cache_creation_tokens")
SHORT_ID = 16  # characters; an id that is shorter is no id, but what a gateway says of every response


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Claude Code's, and not Qwen Code's, which has keys of its own."""
    is_like = "type" in value and bool(value.keys() & {"sessionId", "uuid", "leafUuid", "messageId"})
    return is_like and not qwen_code.is_record(value)


def is_file(sample: Sample) -> bool:
    """Whether a file is Claude Code's whose first line is longer than what was read: its keys are telling."""
    in_one_line = sample.head.lstrip().startswith(b'{"')
    is_like = in_one_line and b'"sessionId"' in sample.head and b'"uuid"' in sample.head
    return is_like and not qwen_code.is_file(sample)


@dataclass
class Session:
    """What orders sessions that tell the same.

    Attributes:
        is_background: a fork in the background.
        began_at: the time of the first line of its file.
        asked_at: the same, if that line cannot be a copy.
        last_at: when something was last told of it.
        first: a line that tells version and folder.
    """

    is_background: bool = False
    began_at: dt.datetime | None = None
    asked_at: dt.datetime | None = None
    last_at: dt.datetime | None = None
    first: dict[str, Any] | None = None


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


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """What happened in all sessions; a copy in another file is no second one."""
    reading = Reading(journal)
    for file in files:
        home = _home(file)
        for number, line in json_lines(file, journal):
            try:
                reading.take(line, home, file, number)
            except BadRecord as error:
                journal.quarantine(file, number, str(error))
    yield from reading.told_once()


class Reading:
    """What was found in all files."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._sessions: dict[str, Session] = defaultdict(Session)
        self._responses: dict[tuple[object, ...], Response] = {}
        self._tools: dict[str, Asked] = {}
        self._others: dict[str, dict[str, Event]] = defaultdict(dict)  # by what tells them apart, and session

    def take(self, line: dict[str, Any], home: Place, file: Path, number: int) -> None:
        kind = text(line.get("type"))
        place = Place(text(line.get("sessionId")) or home.session, text(line.get("agentId")) or home.thread)
        if not place.thread:
            self._know(self._sessions[place.session], line)
        if kind == "progress":  # what a sub-agent has written so far
            told = mapping(line.get("data"))
            if mapping(told.get("message")).get("type") == "assistant":
                inner = line | told["message"] | {"isSidechain": True}
                self._response(Place(place.session, text(told.get("agentId"))), inner, file, number)
        elif kind == "assistant":
            self._tools.update(asked_tools(line))
            self._response(place, line, file, number)
        elif kind in ("user", "attachment"):
            typed = prompt(place, line)
            if typed and not place.thread:
                self._keep(text(line.get("uuid")) or f"{file}:{number}", typed)
            elif kind == "user":
                for name, event in tool_results(place, line, self._tools):
                    self._keep(name, event)
        else:
            kind = kind or "line without a type"
            tell_unknown(self._journal, file, number, AGENT, kind, line, NO_USAGE)
        failed = api_error(place, line)
        if failed:
            self._keep(*failed)

    def _know(self, session: Session, line: dict[str, Any]) -> None:
        session.is_background |= line.get("sessionKind") == "bg"
        if session.began_at is None and isinstance(line.get("timestamp"), str):
            session.began_at = instant(line["timestamp"])
            # The first line may be a copy; what was asked for is not copied.
            if line.get("type") == "queue-operation":
                session.asked_at = session.began_at
        if session.first is None and line.get("version"):
            session.first = line

    def _response(self, place: Place, line: dict[str, Any], file: Path, number: int) -> None:
        """Take a line's usage, unless there is a better one of the same response."""
        message = mapping(line.get("message"))
        usage, model = message.get("usage"), message.get("model")
        if not isinstance(usage, dict):
            tell_unknown(self._journal, file, number, AGENT, "assistant", message)
            return
        if model == "<synthetic>":
            self._journal.skip()
            return
        event = api_request(place, line, model, usage)
        sent = tuple(event.attributes[kind] for kind in SENT)
        name, request = text(message.get("id")) or f"{file}:{number}", text(line.get("requestId"))
        is_sidechain = line.get("isSidechain") is True
        response = Response(event, name, request, sent, is_sidechain, event.at)
        response.calls = calls_within(place, line, model, usage)
        self._seen(event)
        key = (name, request or sent, place.session)
        other = self._responses.get(key)
        if other:
            self._journal.repeat(1)
            response.first_at = other.first_at = min(response.first_at, other.first_at)
            if _worth(response) >= _worth(other):
                return
        self._responses[key] = response

    def _keep(self, name: str, event: Event) -> None:
        told = self._others[name]
        if told:
            self._journal.repeat(1)
        if event.session not in told:
            told[event.session] = event
            self._seen(event)

    def _seen(self, event: Event) -> None:
        session = self._sessions[event.session]
        session.last_at = max(session.last_at or event.at, event.at)

    def _order(self, event: Event) -> tuple[object, ...]:
        """Of sessions that tell the same the one that began first counts, else the one that ended first."""
        session = self._sessions[event.session]
        return session.is_background, session.began_at or event.at, session.last_at, event.session

    def _better(self, response: Response) -> tuple[object, ...]:
        return *_worth(response)[:3], *self._order(response.event)

    def told_once(self) -> Iterator[Event]:
        told = [*self._responses_once(), *self._others_once()]
        yield from told
        first_at: dict[str, dt.datetime] = {}
        for event in told:
            first_at[event.session] = min(event.at, first_at.get(event.session, event.at))
        for name, first in first_at.items():
            session = self._sessions[name]
            if session.asked_at and session.asked_at <= first:
                line = (session.first or {}) | {"timestamp": session.asked_at.isoformat()}
                yield Place(name).event("session_start", line, {})

    def _others_once(self) -> Iterator[Event]:
        for told in self._others.values():
            event = min(told.values(), key=self._order)
            asked_at = self._sessions[event.session].asked_at
            if asked_at and event.at < asked_at:
                self._journal.repeat(1)  # a fork's copy, and its parent is not here
            else:
                yield event

    def _responses_once(self) -> Iterator[Event]:
        by_message: dict[str, list[Response]] = defaultdict(list)
        for response in self._responses.values():
            by_message[response.message].append(response)
        for responses in by_message.values():
            kept = self._without_copies(responses)
            self._journal.repeat(len(responses) - len(kept))
            _name(kept)
            for response in kept:
                yield response.event
                for number, call in response.calls.items():
                    call.attributes["request_id"] = (
                        f"{response.event.attributes.get('request_id', call.at)}#{number}"
                    )
                    yield call

    def _without_copies(self, responses: list[Response]) -> list[Response]:
        """Responses of one id: those of the same input, unless their requests differ, are one."""
        if len(responses) == 1:
            return responses
        best: dict[object, Response] = {}
        for number, response in enumerate(sorted(responses, key=self._better)):
            best.setdefault(response.request or number, response)
        kept: list[Response] = []
        by_input: dict[tuple[int, ...], list[Response]] = defaultdict(list)
        for response in best.values():
            by_input[response.sent].append(response)
        for sent, alike in by_input.items():
            if not any(sent) and len(by_input) > 1:
                alike = [response for response in alike if response.request]  # the others had only begun
                if not alike:
                    continue
            main = [response for response in alike if not response.is_sidechain]
            with_id = {response.event.session for response in main if response.request}
            # Copies without a request keep their time.
            first: dict[object, Response] = {}
            for response in main:
                if response.request or response.event.session not in with_id:
                    first.setdefault(response.request or response.first_at, response)
            kept += first.values() or [alike[0]]
        return kept


def _worth(response: Response) -> tuple[object, ...]:
    """Of several lines of a response the least counts: most output, then most tokens, then the first."""
    attributes = response.event.attributes
    counts = [count for name, count in attributes.items() if name.endswith("_tokens")]
    is_loose = response.is_sidechain and "thread.id" not in attributes
    return -attributes["output_tokens"], -sum(counts), is_loose, response.event.at


def _name(responses: list[Response]) -> None:
    """Give responses without a request's id one of their own, which stays when more of them are found.

    An id that stands on several is none: but for the first, their times tell them apart.
    """
    nameless = sorted((r for r in responses if not r.request), key=lambda response: response.first_at)
    for number, response in enumerate(nameless):
        if "message.id" not in response.event.attributes:
            continue
        is_id = response.message.startswith("msg_") or len(response.message) >= SHORT_ID
        if number or not is_id:
            name = f"{response.message} {response.first_at.isoformat()}"
            response.event.attributes["request_id"] = name


def _home(file: Path) -> Place:
    """Where the lines of a file belong that do not say it themselves."""
    above = next((folder for folder in file.parents if folder.name == "subagents"), None)
    return Place(above.parent.name, file.stem.removeprefix("agent-")) if above else Place(file.stem)
