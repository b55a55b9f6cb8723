"""Claude Code: `projects/<project>/<session>.jsonl`, sub-agents in `<session>/subagents/`.

A response is written as one line per content block, each with the usage known by then; the last
one has most output tokens and counts. It is known by (message.id, requestId). Without a requestId, lines
of one id with other input are other responses: some gateways give all of them one id.

A response may hold calls of its own, of an advisor or a compaction (`usage.iterations`), which the usage
above them leaves out: each is a response.

A sub-agent's file may open with copies of the main session's responses, marked `isSidechain` and
under another request id: a sidechain response whose message.id another request has, too, with the same
input, is such a copy. All others are real and billed. The model `<synthetic>` means that no model was called.

A fork repeats its parent's lines under a session id of its own; they count under the session that began
first. A fork in the background (`sessionKind: bg`) is never the first.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.commits import commit_in
from pipeline.agents.events import (
    BadRecord,
    Event,
    Journal,
    instant,
    known,
    mapping,
    money,
    objects,
    text,
    tokens,
)
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.qwen_code import transcripts as qwen_code
from pipeline.agents.usage import tell_unknown

# What Claude Code itself writes into the user's turn, shell commands and their output among it.
NOT_TYPED = ("<command-", "<local-command-", "<task-notification>", "<bash-", "[Request interrupted")
REMINDERS = re.compile(r"(\s*<system-reminder>.*?</system-reminder>)+", re.DOTALL)
TYPED_BY_PEOPLE = (None, "user", "human")  # kinds of `origin`
# What tells no usage of its own: `cost-state` sums the session up, `api-request…` tell what was asked for.
NO_USAGE = frozenset(
    {"cost-state", "api-request", "api-request-shape", "api-request-blob", "attachment", "system", "summary"}
    | {"user", "progress", "file-history-snapshot", "queue-operation", "last-prompt", "mode", "atis-latch"}
)
ANYWHERE = (None, "", "global", "not_available")  # values of `inference_geo` that name no place


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
class Response:
    """One response, as the line with most output tells it, and the calls that it holds."""

    event: Event
    message: str
    request: str | None
    sent: tuple[int, ...]
    is_sidechain: bool
    calls: list[Event] = field(default_factory=list)


@dataclass
class Session:
    """What orders sessions that tell the same: forks in the background last, then by their beginning."""

    is_background: bool
    began_at: dt.datetime | None
    started_at: dt.datetime | None
    version: str | None
    cwd: str | None


class Reading:
    """What was found in all files."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.sessions: dict[str, Session] = {}
        self.responses: dict[tuple[str, object], Response] = {}
        self.prompts: dict[str, Event] = {}
        self.tools: dict[str, str] = {}  # id of a call → the tool
        self.results: dict[str, Event] = {}

    def worth(self, event: Event) -> tuple[int, int, bool, dt.datetime, str]:
        """Of several copies the least counts: most output, then most tokens, then the first session."""
        counts = [count for name, count in event.attributes.items() if name.endswith("_tokens")]
        session = self.sessions[event.session]
        began_at = session.began_at or event.at
        return (
            -event.attributes["output_tokens"],
            -sum(counts),
            session.is_background,
            began_at,
            event.session,
        )

    def keep_first(self, kept: dict[str, Event], name: str, event: Event) -> None:
        """Of a thing that several sessions tell the first session's counts."""
        if name in kept:
            self.journal.repeat(1)
            if self.order(kept[name]) <= self.order(event):
                return
        kept[name] = event

    def order(self, event: Event) -> tuple[bool, dt.datetime, str]:
        session = self.sessions[event.session]
        return session.is_background, session.began_at or event.at, event.session


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The responses, prompts and tools of all sessions; a copy in another file is no second one."""
    reading = Reading(journal)
    for file in files:
        for number, line in json_lines(file, journal):
            try:
                _take(reading, line, file, number)
            except BadRecord as error:
                journal.quarantine(file, number, str(error))
    told = [*_told_once(reading), *reading.prompts.values(), *reading.results.values()]
    yield from told
    yield from _starts(reading.sessions, told)


def _take(reading: Reading, line: dict[str, Any], file: Path, number: int) -> None:
    name = _session(line, file)
    session = reading.sessions.get(name)
    if session is None:
        session = reading.sessions[name] = Session(False, None, None, None, None)
    session.is_background |= line.get("sessionKind") == "bg"
    if session.began_at is None and isinstance(line.get("timestamp"), str):
        session.began_at = instant(line["timestamp"])
        # The first line may be a copy; what was asked for is not copied.
        if line.get("type") == "queue-operation":
            session.started_at = session.began_at
    session.version = session.version or text(line.get("version"))
    session.cwd = session.cwd or text(line.get("cwd"))
    place = f"{file}:{number}"
    kind = str(line.get("type"))
    if kind == "assistant":
        _name_tools(reading, line)
        _response(reading, line, place, name)
    elif _is_prompt(line):
        prompt = _prompt(line, name)
        reading.keep_first(reading.prompts, text(line.get("uuid")) or place, prompt)
    elif kind == "user":
        _tool_results(reading, line, name)
    else:
        tell_unknown(reading.journal, file, number, "claude_code", kind, line, NO_USAGE)


def _response(reading: Reading, line: dict[str, Any], place: str, session: str) -> None:
    """Take a line's usage, unless there is a better one of the same response."""
    message = mapping(line.get("message"))
    usage = message.get("usage")
    if not isinstance(usage, dict):
        return
    if message.get("model") == "<synthetic>":
        reading.journal.skip()
        return
    event = _api_request(line, message, usage, session)
    sent = tuple(event.attributes[kind] for kind in SENT)
    message_id, request = text(message.get("id")) or place, text(line.get("requestId"))
    calls = list(_calls(line, message, usage, session, event))
    response = Response(event, message_id, request, sent, line.get("isSidechain") is True, calls)
    key = message_id, request or sent
    if key in reading.responses:
        reading.journal.repeat(1)
        if reading.worth(event) >= reading.worth(reading.responses[key].event):
            return
    reading.responses[key] = response


SENT = ("input_tokens", "cache_read_tokens", "cache_creation_tokens")


def _calls(
    line: dict[str, Any], message: dict[str, Any], usage: dict[str, Any], session: str, event: Event
) -> Iterator[Event]:
    """The calls of other models, or of a compaction, that a response holds."""
    for number, call in enumerate(objects(usage.get("iterations"))):
        if call.get("type") in (None, "message"):
            continue
        own = message | {"model": text(call.get("model")) or message.get("model")}
        found = _api_request(line | {"costUSD": None}, own, call, session)
        found.attributes["request_id"] = f"{event.attributes.get('request_id', event.at)}#{number}"
        yield found


def _told_once(reading: Reading) -> Iterator[Event]:
    by_message: dict[str, list[Response]] = {}
    for response in reading.responses.values():
        by_message.setdefault(response.message, []).append(response)
    for responses in by_message.values():
        kept = [response for response in responses if not _is_copy(response, responses, reading)]
        reading.journal.repeat(len(responses) - len(kept))
        # An id that stands on several responses is no id: but for the first, their times tell them apart.
        nameless = sorted((r for r in kept if not r.request), key=lambda response: response.event.at)
        for response in nameless[1:]:
            at = response.event.at.isoformat()
            response.event.attributes["request_id"] = f"{response.message} {at}"
        for response in kept:
            yield response.event
            yield from response.calls


def _is_copy(response: Response, responses: Iterable[Response], reading: Reading) -> bool:
    """Whether another response of the same id and input is the one that this one repeats."""
    for other in responses:
        if other is response or other.sent != response.sent:
            continue
        if response.is_sidechain != other.is_sidechain:
            if response.is_sidechain:
                return True
        elif response.is_sidechain and reading.worth(other.event) < reading.worth(response.event):
            return True
        elif not response.request and other.request and other.event.session == response.event.session:
            return True  # once with its request's id, and once without
    return False


def _name_tools(reading: Reading, line: dict[str, Any]) -> None:
    for block in objects(mapping(line.get("message")).get("content")):
        call, name = text(block.get("id")), text(block.get("name"))
        if block.get("type") == "tool_use" and call and name:
            reading.tools[call] = name


def _tool_results(reading: Reading, line: dict[str, Any], session: str) -> None:
    blocks = objects(mapping(line.get("message")).get("content"))
    results = [block for block in blocks if block.get("type") == "tool_result"]
    detail = line.get("toolUseResult")
    for block in results:
        call = text(block.get("tool_use_id"))
        if call is None:
            continue
        output = detail.get("stdout") if isinstance(detail, dict) else block.get("content")
        attributes = known(
            session__id=session,
            tool_name=reading.tools.get(call),
            tool_use_id=call,
            success="false" if block.get("is_error") is True else "true",
            git_commit_id=commit_in(output),
            app__version=text(line.get("version")),
        )
        reading.keep_first(
            reading.results, call, _event("claude_code.tool_result", line, session, attributes)
        )


def _starts(sessions: dict[str, Session], told: Iterable[Event]) -> Iterator[Event]:
    """The start of each session that was asked for before the first thing that is told of it."""
    first_at: dict[str, dt.datetime] = {}
    for event in told:
        first_at[event.session] = min(event.at, first_at.get(event.session, event.at))
    for name, first in first_at.items():
        session = sessions[name]
        if session.started_at and session.started_at < first:
            attributes = known(session__id=name, app__version=session.version)
            yield Event(
                session.started_at,
                "claude_code.session_start",
                name,
                attributes,
                agent="claude_code",
                cwd=session.cwd,
                version=session.version,
            )


def _api_request(line: dict[str, Any], message: dict[str, Any], usage: dict[str, Any], session: str) -> Event:
    lives = mapping(usage.get("cache_creation"))
    an_hour = tokens(lives.get("ephemeral_1h_input_tokens"))
    written = usage.get("cache_creation_input_tokens")
    if written is None:
        written = an_hour + tokens(lives.get("ephemeral_5m_input_tokens"))
    attributes = known(
        session__id=session,
        model=text(message.get("model")),
        input_tokens=tokens(usage.get("input_tokens")),
        output_tokens=tokens(usage.get("output_tokens")),
        cache_read_tokens=tokens(usage.get("cache_read_input_tokens")),
        cache_creation_tokens=tokens(written),
        cache_creation_1h_tokens=an_hour if lives else None,
        request_id=text(line.get("requestId")) or text(message.get("id")),
        message__id=text(message.get("id")),
        speed=text(usage.get("speed")),
        service_tier="batch" if usage.get("service_tier") == "batch" else None,
        inference_geo=_place(usage),
        web_search_requests=tokens(mapping(usage.get("server_tool_use")).get("web_search_requests")) or None,
        app__version=text(line.get("version")),
        cost_usd=money(line.get("costUSD")),
    )
    return _event("claude_code.api_request", line, session, attributes)


def _place(usage: dict[str, Any]) -> str | None:
    """Where the request was served, if that is told."""
    place = usage.get("inference_geo")
    return None if place in ANYWHERE else text(place)


def _is_prompt(line: dict[str, Any]) -> bool:
    """Whether a line is what a person typed, not a tool's result or the agent's own words."""
    if line.get("type") != "user" or line.get("promptSource") == "system":
        return False
    if any(line.get(mark) is True for mark in ("isMeta", "isSidechain", "isCompactSummary")):
        return False
    if mapping(line.get("origin")).get("kind") not in TYPED_BY_PEOPLE:
        return False
    content = mapping(line.get("message")).get("content")
    if isinstance(content, str):
        return _is_typed(content)
    blocks = objects(content)
    if any(block.get("type") == "tool_result" for block in blocks):
        return False
    texts = [str(block.get("text") or "") for block in blocks if block.get("type") == "text"]
    return any(map(_is_typed, texts)) or (bool(blocks) and not texts)


def _is_typed(words: str) -> bool:
    """Whether a text is a person's, reminders before it aside."""
    typed = REMINDERS.sub("", words, count=1).lstrip() if "<system-reminder>" in words else words.lstrip()
    return bool(typed) and not typed.startswith(NOT_TYPED)


def _prompt(line: dict[str, Any], session: str) -> Event:
    attributes = known(
        session__id=session,
        message__uuid=text(line.get("uuid")),
        app__version=text(line.get("version")),
    )
    return _event("claude_code.user_prompt", line, session, attributes)


def _event(name: str, line: dict[str, Any], session: str, attributes: dict[str, Any]) -> Event:
    return Event(
        instant(line.get("timestamp")),
        name,
        session,
        attributes,
        agent="claude_code",
        cwd=text(line.get("cwd")),
        version=text(line.get("version")),
    )


def _session(line: dict[str, Any], file: Path) -> str:
    in_subagents = file.parent.name == "subagents"
    return text(line.get("sessionId")) or (file.parent.parent.name if in_subagents else file.stem)
