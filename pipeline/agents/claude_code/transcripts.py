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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.agents.claude_code.lines import Asked, Place
from pipeline.agents.claude_code.parts import Part, Response, Session, add_other, add_response, read, worth
from pipeline.agents.events import Event, Journal
from pipeline.agents.files import Sample
from pipeline.agents.qwen_code import transcripts as qwen_code

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


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """What happened in all sessions; a copy in another file is no second one."""
    return tell([read(file, journal) for file in files], journal)


def tell(parts: Sequence[Part], journal: Journal) -> Iterator[Event]:
    """What happened in the sessions of files that share something."""
    together = Together(journal)
    for part in parts:
        together.add(part)
    return together.told_once()


class Together:
    """What several files tell."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._sessions: dict[str, Session] = defaultdict(Session)
        self._responses: dict[tuple[object, ...], Response] = {}
        self._tools: dict[str, Asked] = {}
        self._others: dict[str, dict[str, Event]] = defaultdict(dict)

    def add(self, part: Part) -> None:
        """Take what the next file tells."""
        for name, session in part.sessions.items():
            self._sessions[name].add(session)
        for key, response in part.responses.items():
            add_response(self._responses, key, response, self._journal)
        for result in part.results:
            for name, event in result.events(self._tools.get(result.call)):
                self._keep(name, event)
        self._tools.update(part.tools)
        for name, told in part.others.items():
            for event in told.values():
                self._keep(name, event)

    def _keep(self, name: str, event: Event) -> None:
        if add_other(self._others[name], event, self._journal):
            self._sessions[event.session].seen(event.at)

    def _order(self, event: Event) -> tuple[object, ...]:
        """Of sessions that tell the same the one that began first counts, else the one that ended first."""
        session = self._sessions[event.session]
        return session.is_background, session.began_at or event.at, session.last_at, event.session

    def _better(self, response: Response) -> tuple[object, ...]:
        return *worth(response)[:3], *self._order(response.event)

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
