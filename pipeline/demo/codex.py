"""Codex's telemetry: events of the stream, and histograms that name neither session nor person."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from pipeline.demo.company import Request, Session, Turn
from pipeline.demo.otlp import Json, counter, histogram, iso, line, log


def logs(session: Session, rng: Random) -> Iterator[bytes]:
    """One batch per turn; the first one opens the conversation."""
    for number, turn in enumerate(session.turns):
        records: list[Json] = []
        if number == 0:
            start = {"provider_name": "OpenAI", "approval_policy": "on-request"}
            records.append(_record(session, session.start, "codex.conversation_starts", start))
        records += [_record(session, *event) for event in _events(turn, rng)]
        yield line("log", _resource(session), "codex_otel.log_only", records)


def metrics(session: Session) -> Iterator[bytes]:
    """One batch per turn: token kinds overlap, `total` holds them all."""
    before = session.start
    for number, turn in enumerate(session.turns):
        span = before, turn.end + dt.timedelta(seconds=15)
        before = span[1]
        sums: Counter[tuple[str, str]] = Counter()
        for request in turn.requests:
            for kind, tokens in _kinds(request).items():
                sums[request.model, kind] += 0 if request.failed else tokens
        tags = {"originator": session.agent.kind, "auth_mode": "Chatgpt"}
        points = [
            (1, float(total), tags | {"model": model, "token_type": kind})
            for (model, kind), total in sums.items()
        ]
        found = [histogram("codex.turn.token_usage", "", span, points)]
        if number == 0:
            found.append(counter("codex.thread.started", "", span, [(1.0, tags)]))
        yield line("metric", _resource(session), "codex", found)


def _events(turn: Turn, rng: Random) -> Iterator[tuple[dt.datetime, str, dict[str, Any]]]:
    prompt = {"prompt_length": str(rng.randint(10, 300)), "prompt": "[REDACTED]"}
    yield turn.at, "codex.user_prompt", prompt
    for request in turn.requests:
        kinds = _kinds(request)
        usage: dict[str, Any] = {
            "event.kind": "response.completed",
            "duration_ms": str(request.duration_ms),
        }
        if request.failed:
            yield request.at, "codex.sse_event", {"event.kind": "response.failed"}
            continue
        # Some counts are text and some are numbers; tool_token_count is the total.
        usage |= {
            "input_token_count": str(kinds["input"]),
            "output_token_count": str(kinds["output"]),
            "cached_token_count": kinds["cached_input"],
            "reasoning_token_count": kinds["reasoning_output"],
            "tool_token_count": str(kinds["total"]),
        }
        delta = {"event.kind": "response.output_item.done", "model": request.model}
        yield request.at, "codex.sse_event", delta
        yield request.at, "codex.sse_event", usage | {"model": request.model}
    for at, _, accepted in turn.tools:
        call = {"tool_name": "shell", "call_id": f"call_{rng.getrandbits(96):024x}"}
        decision = {"decision": "approved" if accepted else "denied", "source": "config"}
        yield at, "codex.tool_decision", call | decision
        if accepted:
            yield at, "codex.tool_result", call | {"success": "true", "duration_ms": "154"}


def _kinds(request: Request) -> dict[str, int]:
    """Input with cached input in it, output with reasoning in it."""
    input_ = request.input + request.cache_read + request.cache_write
    return {
        "total": input_ + request.output,
        "input": input_,
        "cached_input": request.cache_read,
        "output": request.output,
        "reasoning_output": request.reasoning,
    }


def _record(session: Session, at: dt.datetime, event: str, values: dict[str, Any]) -> Json:
    common = {
        "event.name": event,
        "event.timestamp": iso(at),
        "conversation.id": session.id,
        "app.version": session.agent.version,
        "auth_mode": "Chatgpt",
        "originator": "codex_cli_rs",
        "user.email": session.person.email,
        "terminal.type": "xterm-256color",
        "model": session.turns[0].requests[0].model,
    }
    return log(at, common | values)


def _resource(session: Session) -> dict[str, Any]:
    return {
        "service.name": "codex_cli_rs",
        "service.version": session.agent.version,
        "env": "dev",
        **session.repository,
    }
