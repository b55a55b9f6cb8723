"""Gemini CLI's telemetry: every call four times, as two events and two cumulative metrics."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from pipeline.demo.company import Request, Session
from pipeline.demo.otlp import CUMULATIVE, Json, counter, histogram, iso, line, log


def logs(session: Session, rng: Random) -> Iterator[bytes]:
    """One batch per turn; bodies are prose, the name is in an attribute."""
    for number, turn in enumerate(session.turns):
        records: list[Json] = []
        if number == 0:
            values = {"approval_mode": "default", "core_tools_enabled": ""}
            records.append(
                _record(session, session.start, "gemini_cli.config", values, "CLI configuration loaded.")
            )
        prompt = {
            "prompt_length": rng.randint(10, 300),
            "prompt_id": f"{session.id}########{number}",
        }
        text = f"User prompt. Length: {prompt['prompt_length']}."
        records.append(_record(session, turn.at, "gemini_cli.user_prompt", prompt, text))
        for request in turn.requests:
            records += _response(session, request, prompt["prompt_id"])
        for at, tool, accepted in turn.tools:
            call = {"function_name": tool.lower(), "success": accepted, "duration_ms": 61}
            call |= {"decision": "accept" if accepted else "reject"}
            text = f"Tool call: {tool.lower()}. Success: {accepted}. Duration: 61ms."
            records.append(_record(session, at, "gemini_cli.tool_call", call, text))
        yield line("log", _resource(session), "gemini-cli", records)


def metrics(session: Session) -> Iterator[bytes]:
    """One batch per turn: each counter's value since the session began."""
    tokens: Counter[tuple[str, str]] = Counter()
    calls: Counter[tuple[str, str]] = Counter()
    common = _common(session)
    for turn in session.turns:
        span = session.start, turn.end + dt.timedelta(seconds=10)
        for request in turn.requests:
            for kind, count in ({} if request.failed else _kinds(request)).items():
                tokens[request.model, kind] += count
                calls[request.model, kind] += 1
        own = [
            (float(total), common | {"model": model, "type": kind}) for (model, kind), total in tokens.items()
        ]
        shared = [
            (calls[model, kind], float(total),
             common | {"gen_ai.request.model": model, "gen_ai.token.type": kind})
            for (model, kind), total in tokens.items()
            if kind in ("input", "output")
        ]  # fmt: skip
        yield line("metric", _resource(session), "gemini-cli", [
            counter("gemini_cli.session.count", "1", span, [(1.0, common)], CUMULATIVE),
            counter("gemini_cli.token.usage", "1", span, own, CUMULATIVE),
            histogram("gen_ai.client.token.usage", "token", span, shared, CUMULATIVE),
        ])  # fmt: skip


def _response(session: Session, request: Request, prompt_id: Any) -> Iterator[Json]:
    kinds = _kinds(request)
    values = {
        "model": request.model,
        "duration_ms": request.duration_ms,
        "prompt_id": prompt_id,
        "auth_type": "oauth-personal",
    }
    if request.failed:
        text = f"API error for {request.model}. Error: quota. Duration: {request.duration_ms}ms."
        values |= {"error": "quota", "status_code": 429}
        yield _record(session, request.at, "gemini_cli.api_error", values, text)
        return
    values |= {
        "status_code": 200,
        "input_token_count": kinds["input"],
        "output_token_count": kinds["output"],
        "cached_content_token_count": kinds["cache"],
        "thoughts_token_count": kinds["thought"],
        "tool_token_count": 0,
        "total_token_count": kinds["input"] + kinds["output"] + kinds["thought"],
    }
    text = f"API response from {request.model}. Status: 200. Duration: {request.duration_ms}ms."
    yield _record(session, request.at, "gemini_cli.api_response", values, text)
    shared = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gen_ai",
        "gen_ai.request.model": request.model,
        "gen_ai.response.model": request.model,
        "gen_ai.usage.input_tokens": kinds["input"],
        "gen_ai.usage.output_tokens": kinds["output"],
    }
    event = "gen_ai.client.inference.operation.details"
    text = f"GenAI operation details from {request.model}. Status: 200."
    yield _record(session, request.at, event, shared, text)


def _kinds(request: Request) -> dict[str, int]:
    """Input with cached input in it, output without thoughts."""
    return {
        "input": request.input + request.cache_read + request.cache_write,
        "output": request.output - request.reasoning,
        "cache": request.cache_read,
        "thought": request.reasoning,
    }


def _record(session: Session, at: dt.datetime, event: str, values: dict[str, Any], body: str) -> Json:
    named = {"event.name": event, "event.timestamp": iso(at)}
    return log(at, _common(session) | named | values, body)


def _common(session: Session) -> dict[str, Any]:
    return {
        "session.id": session.id,
        "installation.id": f"inst-{session.person.login}",
        "interactive": True,
        "user.email": session.person.email,
        "auth_type": "oauth-personal",
    }


def _resource(session: Session) -> dict[str, Any]:
    return {
        "service.name": "gemini-cli",
        "service.version": session.agent.version,  # of Node.js, not of the CLI
        "session.id": session.id,
        **session.repository,
    }
