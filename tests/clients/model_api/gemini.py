"""Gemini's generateContent, streamed and not."""

import json
from typing import Any
from uuid import uuid4

from tests.clients.model_api.answers import Answer, Tokens

Json = dict[str, Any]


def serves(path: str) -> bool:
    return path.endswith((":generateContent", ":streamGenerateContent"))


def model(path: str, asked: Json) -> str:
    return path.rpartition("/")[2].partition(":")[0]


def tools(asked: Json) -> list[Json]:
    return asked.get("tools") or []


def respond(path: str, asked: Json, answer: Answer) -> tuple[str, str]:
    parts: list[Json] = []
    if answer.text:
        parts.append({"text": answer.text})
    if answer.tool:
        parts.append({"functionCall": {"id": uuid4().hex, "name": answer.tool, "args": answer.given}})
    usage = _usage(answer.tokens)
    whole = {"modelVersion": model(path, asked), "responseId": uuid4().hex}
    done = {"finishReason": "STOP", "index": 0}
    if path.endswith(":generateContent"):
        candidate = {"content": {"role": "model", "parts": parts}, **done}
        return "application/json", json.dumps({**whole, "candidates": [candidate], "usageMetadata": usage})
    # The first part of a stream counts the prompt alone.
    early = {"promptTokenCount": usage["promptTokenCount"], "totalTokenCount": usage["promptTokenCount"]}
    first = {"content": {"role": "model", "parts": parts}, "index": 0}
    last = {"content": {"role": "model", "parts": [{"text": ""}]}, **done}
    chunks = [
        {**whole, "candidates": [first], "usageMetadata": early},
        {**whole, "candidates": [last], "usageMetadata": usage},
    ]
    return "text/event-stream", "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks)


def _usage(tokens: Tokens) -> Json:
    """Thoughts and what tools gave are counted beside the rest, cached tokens among the prompt."""
    usage = {
        "promptTokenCount": tokens.input - tokens.tool_input + tokens.cache_read,
        "candidatesTokenCount": tokens.output - tokens.reasoning,
        "cachedContentTokenCount": tokens.cache_read,
        "thoughtsTokenCount": tokens.reasoning,
        "toolUsePromptTokenCount": tokens.tool_input,
        "totalTokenCount": tokens.input + tokens.cache_read + tokens.output,
    }
    return {name: count for name, count in usage.items() if count}
