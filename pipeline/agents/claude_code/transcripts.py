"""Claude Code: `projects/<project>/<session>.jsonl`, sub-agents in `<session>/subagents/`.

A response is written as one line per content block, each with the usage known by then; the last
one has most output tokens and counts. It is known by (message.id, requestId).

A sub-agent's file may open with copies of the main session's responses, marked `isSidechain` and
under another request id: a sidechain response whose message.id another request has, too, is such a
copy. All others are real and billed. The model `<synthetic>` means that no model was called.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, money, text, tokens
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.qwen_code import transcripts as qwen_code

# What Claude Code itself writes into the user's turn.
NOT_TYPED = ("<command-", "<local-command-", "<system-reminder>", "[Request interrupted")


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
    """The responses and prompts of all sessions; a copy in another file is no second one."""
    responses: dict[tuple[str, str], tuple[Event, bool]] = {}
    prompts: dict[str, Event] = {}
    for file in files:
        for number, line in json_lines(file, journal):
            try:
                if line.get("type") == "assistant":
                    _response(responses, line, f"{file}:{number}", _session(line, file), journal)
                elif _is_prompt(line):
                    prompt = _prompt(line, _session(line, file))
                    name = text(line.get("uuid")) or f"{file}:{number}"
                    if name in prompts:
                        journal.repeat(1)
                    prompts.setdefault(name, prompt)
            except BadRecord as error:
                journal.quarantine(file, number, str(error))
    yield from _without_copies(responses, journal)
    yield from prompts.values()


def _response(
    responses: dict[tuple[str, str], tuple[Event, bool]],
    line: dict[str, Any],
    place: str,
    session: str,
    journal: Journal,
) -> None:
    """Take a line's usage, unless there is a better one of the same response."""
    message = mapping(line.get("message"))
    usage = message.get("usage")
    if not isinstance(usage, dict):
        return
    if message.get("model") == "<synthetic>":
        journal.skip()
        return
    event = _api_request(line, message, usage, session)
    key = text(message.get("id")) or place, text(line.get("requestId")) or ""
    if key in responses:
        journal.repeat(1)
        if _worth(event) >= _worth(responses[key][0]):
            return
    responses[key] = event, line.get("isSidechain") is True


def _worth(event: Event) -> tuple[int, int, Event]:
    """Of several copies the least counts: most output, then most tokens, then the first."""
    counts = [count for name, count in event.attributes.items() if name.endswith("_tokens")]
    return -event.attributes["output_tokens"], -sum(counts), event


def _without_copies(
    responses: dict[tuple[str, str], tuple[Event, bool]], journal: Journal
) -> Iterator[Event]:
    by_message: dict[str, list[tuple[Event, bool]]] = {}
    for (message, _), response in responses.items():
        by_message.setdefault(message, []).append(response)
    for requests in by_message.values():
        main = [event for event, sidechain in requests if not sidechain]
        kept = main or [min((event for event, _ in requests), key=_worth)]
        journal.repeat(len(requests) - len(kept))
        yield from kept


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
        app__version=text(line.get("version")),
        cost_usd=money(line.get("costUSD")),
    )
    return _event("claude_code.api_request", line, session, attributes)


def _is_prompt(line: dict[str, Any]) -> bool:
    """Whether a line is what a person typed, not a tool's result or the agent's own words."""
    if line.get("type") != "user" or any(
        line.get(mark) is True for mark in ("isMeta", "isSidechain", "isCompactSummary")
    ):
        return False
    content = mapping(line.get("message")).get("content")
    if isinstance(content, list):
        blocks = [mapping(block) for block in content]
        if any(block.get("type") == "tool_result" for block in blocks):
            return False
        content = next((b.get("text") for b in blocks if b.get("type") == "text"), "[picture]")
    return isinstance(content, str) and not content.lstrip().startswith(NOT_TYPED)


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
