"""`usage/token-usage-YYYY-MM.jsonl`: a line per call of a model, also of calls that no chat records.

Qwen Code writes it beside its chats since May 2026 (QwenLM/qwen-code #4564), and keeps it when chats are
removed: titles, suggestions and what keeps its memory stand here alone. A line has an id of its own, which no
chat and no telemetry has; those tell the same calls with the same counts.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, text, tokens
from pipeline.agents.files import json_lines
from pipeline.agents.usage import tell_unread

AGENT = "qwen_code"
READ = ("inputTokens", "outputTokens", "cachedTokens", "thoughtsTokens", "totalTokens")
MARKS = {"sessionId", "localMonth", *READ}
# What is no usage, though it is a number.
NO_USAGE = ("schemaVersion", "apiDurationMs", "timestamp")


def is_line(value: dict[str, Any]) -> bool:
    """Whether a line is the ledger's."""
    return value.keys() >= MARKS


def calls(file: Path, journal: Journal) -> Iterator[Event]:
    """The calls of a ledger."""
    for number, line in json_lines(file, journal):
        try:
            if not is_line(line):
                raise BadRecord("the line is no call of a ledger")
            if any(tokens(line[kind]) for kind in READ):
                yield _call(line)
            else:
                journal.skip()  # a provider that tells no usage
            tell_unread(journal, file, number, AGENT, "line of the ledger", line, (*READ, *NO_USAGE))
        except BadRecord as error:
            journal.quarantine(file, number, str(error))


def _call(line: dict[str, Any]) -> Event:
    session, name = text(line["sessionId"]), text(line.get("id"))
    if not (session and name):
        raise BadRecord("the call names no session, or has no id")
    sent, received, cached, thoughts, total = (tokens(line[kind]) for kind in READ)
    # Thoughts are in the output where the total is input and output alone. What the total holds beyond all
    # is what tools were given.
    rest = max(0, total - sent - received)
    is_inside = rest < thoughts
    return Event(
        instant(line.get("timestamp")),
        "qwen-code.api_response",
        session,
        known(
            session__id=session,
            model=text(line.get("model")),
            input_token_count=sent,
            output_token_count=received,
            cached_content_token_count=cached,
            thoughts_token_count=None if is_inside else thoughts,
            tool_token_count=(rest if is_inside else rest - thoughts) or None,
            total_token_count=total,
            request_id=name,
        ),
        agent=AGENT,
        source="ledger",
    )
