"""OpenAI's Responses and Chat Completions, streamed."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.clients.model_api.answers import Answer, Tokens

Json = dict[str, Any]


def serves(path: str) -> bool:
    return path.endswith(("/responses", "/chat/completions"))


def model(path: str, asked: Json) -> str:
    return asked["model"]


def tools(asked: Json) -> list[Json]:
    return asked.get("tools") or []


def respond(path: str, asked: Json, answer: Answer) -> tuple[str, str]:
    if path.endswith("/responses"):
        events = enumerate(_response_events(asked, answer))
        told = [{**event, "sequence_number": number} for number, event in events]
        return "text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in told)
    whole = _completion(asked, answer)
    if not asked.get("stream"):
        return "application/json", json.dumps(whole)
    chunks = [*map(json.dumps, _chunks(whole)), "[DONE]"]
    return "text/event-stream", "".join(f"data: {chunk}\n\n" for chunk in chunks)


def _response_events(asked: Json, answer: Answer) -> Iterator[Json]:
    response = {"id": f"resp_{uuid4().hex}", "object": "response", "created_at": int(time.time())}
    response |= {"model": asked["model"]}
    yield {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}}
    output = [*_output(answer)]
    for index, item in enumerate(output):
        yield {"type": "response.output_item.added", "output_index": index, "item": item}
        if item["type"] == "message":
            where = {"item_id": item["id"], "output_index": index, "content_index": 0}
            yield {"type": "response.output_text.delta", **where, "delta": answer.text}
            yield {"type": "response.output_text.done", **where, "text": answer.text}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    usage = _response_usage(answer.tokens)
    done = {**response, "status": "completed", "output": output, "usage": usage}
    yield {"type": "response.completed", "response": done}


def _output(answer: Answer) -> Iterator[Json]:
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        message = {"type": "message", "id": f"msg_{uuid4().hex}", "role": "assistant"}
        yield {**message, "status": "completed", "content": content}
    if answer.tool:
        call = {"id": f"fc_{uuid4().hex}", "call_id": f"call_{uuid4().hex}", "name": answer.tool}
        call |= {"status": "completed"}
        if isinstance(answer.given, str):
            yield {"type": "custom_tool_call", **call, "input": answer.given}
        else:
            yield {"type": "function_call", **call, "arguments": json.dumps(answer.given)}


def _response_usage(tokens: Tokens) -> Json:
    """Cached tokens are among the input, reasoning among the output."""
    return {
        "input_tokens": tokens.input + tokens.cache_read,
        "input_tokens_details": {"cached_tokens": tokens.cache_read},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.cache_read + tokens.output,
    }


def _completion(asked: Json, answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text or None}
    if answer.tool:
        function = {"name": answer.tool, "arguments": json.dumps(answer.given)}
        message["tool_calls"] = [
            {"index": 0, "id": f"call_{uuid4().hex}", "type": "function", "function": function}
        ]
    usage = _response_usage(answer.tokens)
    return {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked["model"],
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if answer.tool else "stop"}
        ],
        "usage": {
            "prompt_tokens": usage["input_tokens"],
            "prompt_tokens_details": usage["input_tokens_details"],
            "completion_tokens": usage["output_tokens"],
            "completion_tokens_details": usage["output_tokens_details"],
            "total_tokens": usage["total_tokens"],
        },
    }


def _chunks(whole: Json) -> Iterator[Json]:
    """The usage comes last, alone."""
    (choice,) = whole["choices"]
    chunk = {**whole, "object": "chat.completion.chunk", "usage": None}
    yield {**chunk, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": None}]}
    yield {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    yield {**chunk, "choices": [], "usage": whole["usage"]}
