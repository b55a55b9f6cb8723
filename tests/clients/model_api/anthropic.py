"""Anthropic's Messages API, streamed and not."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.clients.model_api.answers import Answer, Tokens

Json = dict[str, Any]


def serves(path: str) -> bool:
    return path.endswith("/v1/messages")


def model(path: str, asked: Json) -> str:
    return asked["model"]


def tools(asked: Json) -> list[Json]:
    # Claude Code offers one tool of the server alone where it searches beside the conversation.
    return [tool for tool in asked.get("tools") or [] if "input_schema" in tool]


def respond(path: str, asked: Json, answer: Answer) -> tuple[str, str]:
    blocks = [*_blocks(answer)]
    message = {
        **{"id": f"msg_{uuid4().hex}", "type": "message", "role": "assistant", "model": asked["model"]},
        **{
            "content": blocks,
            "stop_sequence": None,
            "stop_reason": "tool_use" if answer.tool else "end_turn",
        },
        "usage": _usage(answer.tokens),
    }
    if not asked.get("stream"):
        return "application/json", json.dumps(message)
    events = [*_events(message)]
    return "text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)


def _blocks(answer: Answer) -> Iterator[Json]:
    if answer.text:
        yield {"type": "text", "text": answer.text}
    if answer.tool:
        yield {"type": "tool_use", "id": f"toolu_{uuid4().hex}", "name": answer.tool, "input": answer.given}


def _usage(tokens: Tokens) -> Json:
    writes = {
        "ephemeral_5m_input_tokens": tokens.cache_write - tokens.cache_write_1h,
        "ephemeral_1h_input_tokens": tokens.cache_write_1h,
    }
    usage = {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_creation": writes,
        "service_tier": "standard",
    }
    if tokens.searches:
        usage["server_tool_use"] = {"web_search_requests": tokens.searches, "web_fetch_requests": 0}
    return usage


def _events(message: Json) -> Iterator[Json]:
    """A stream begins with a count of output that is not the last word."""
    begun = {**message["usage"], "output_tokens": 1}
    yield {
        "type": "message_start",
        "message": {**message, "content": [], "stop_reason": None, "usage": begun},
    }
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {key: message[key] for key in ("stop_reason", "stop_sequence")}
    yield {"type": "message_delta", "delta": stop, "usage": message["usage"]}
    yield {"type": "message_stop"}
