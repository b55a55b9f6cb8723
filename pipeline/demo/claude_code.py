"""Claude Code's telemetry: the same usage as `api_request` events and as delta metrics."""

import csv
import datetime as dt
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from pipeline.demo.company import Request, Session, Turn
from pipeline.demo.otlp import Json, counter, iso, line, log

LOGS = "com.anthropic.claude_code.events"
METRICS = "com.anthropic.claude_code"
PRICES = Path(__file__).parents[1] / "seeds" / "model_prices.csv"
EDITS = ("Edit", "Write")


def logs(session: Session, rng: Random) -> Iterator[bytes]:
    """One batch per turn; there is no event for a session's start or end."""
    sequence = 0
    for turn in session.turns:
        records: list[Json] = []
        for at, event, values in sorted(_events(session, turn, rng), key=lambda event: event[0]):
            sequence += 1
            common = _identity(session) | {"event.name": event, "event.timestamp": iso(at)}
            values = common | {"event.sequence": sequence} | values
            records.append(log(at, values, f"claude_code.{event}"))
        yield line("log", _resource(session), LOGS, records)


def metrics(session: Session) -> Iterator[bytes]:
    """One batch per turn, a minute apart or more, with what is new since the last one."""
    before = session.start
    identity = _identity(session)
    for number, turn in enumerate(session.turns):
        end = turn.end + dt.timedelta(seconds=60 - turn.end.second)
        span = before, max(end, before + dt.timedelta(seconds=60))
        before = span[1]
        yield line("metric", _resource(session), METRICS, _metrics(turn, number, identity, span))


def _events(session: Session, turn: Turn, rng: Random) -> Iterator[tuple[dt.datetime, str, dict[str, Any]]]:
    length = str(rng.randint(12, 400))
    prompt = {"prompt.id": _hex(rng, 8, 4, 4, 4, 12)}
    yield turn.at, "user_prompt", prompt | {"prompt_length": length, "prompt": "<REDACTED>"}
    for request in turn.requests:
        values = prompt | {"model": request.model, "duration_ms": request.duration_ms}
        if request.failed:
            error = {"error": "Overloaded", "status_code": 529, "attempt": 11}
            yield request.at, "api_error", values | error
            continue
        values |= {
            "input_tokens": request.input,
            "output_tokens": request.output,
            "cache_read_tokens": request.cache_read,
            "cache_creation_tokens": request.cache_write,
            "cost_usd": cost_usd(request, session.agent.login),
            "request_id": f"req_{_hex(rng, 24)}",
            "speed": "fast" if request.fast else "normal",
            "query_source": "repl_main_thread" if request.source == "main" else request.source,
        }
        if session.agent.version == "2.1.119":  # numbers of requests were text before 2.1.122
            values |= {k: str(v) for k, v in values.items() if isinstance(v, int | float)}
        yield request.at, "api_request", values
    for at, tool, accepted in turn.tools:
        of_tool = prompt | {"tool_name": tool, "tool_use_id": f"toolu_{_hex(rng, 24)}"}
        decision = "accept" if accepted else "reject"
        source = "config" if tool not in EDITS else f"user_{'temporary' if accepted else 'reject'}"
        yield at, "tool_decision", of_tool | {"decision": decision, "source": source}
        if accepted:
            yield at, "tool_result", of_tool | {"success": "true", "duration_ms": "87"}
    if turn.commit:
        result = prompt | {"tool_name": "Bash", "success": "true", "duration_ms": "412"}
        if session.agent.details:
            parameters = {"bash_command": "git", "git_commit_id": turn.commit.sha}
            result["tool_parameters"] = json.dumps(parameters)
        yield turn.commit.at, "tool_result", result


def _metrics(
    turn: Turn, number: int, identity: dict[str, Any], span: tuple[dt.datetime, dt.datetime]
) -> Iterator[Json]:
    def points(values: Mapping[Any, float], *names: str) -> list[tuple[float, dict[str, Any]]]:
        return [
            (float(value), identity | {n: v for n, v in zip(names, key, strict=True) if v})
            for key, value in values.items()
        ]

    if number == 0:
        yield counter("claude_code.session.count", "", span, points({("fresh",): 1}, "start_type"))
    tokens: Counter[Any] = Counter()
    cost: defaultdict[Any, float] = defaultdict(float)
    for request in turn.requests:
        if request.failed:
            continue
        of = (request.model, request.source, "fast" if request.fast else "")
        tokens[("input", *of)] += request.input
        tokens[("output", *of)] += request.output
        tokens[("cacheRead", *of)] += request.cache_read
        tokens[("cacheCreation", *of)] += request.cache_write
        cost[of] += cost_usd(request, "oauth")
    of_model = ("model", "query_source", "speed")
    yield counter("claude_code.token.usage", "tokens", span, points(tokens, "type", *of_model))
    yield counter("claude_code.cost.usage", "USD", span, points(cost, *of_model))
    decisions = Counter(
        (tool, "accept" if accepted else "reject") for _, tool, accepted in turn.tools if tool in EDITS
    )
    edits = points(decisions, "tool_name", "decision")
    if edits:
        yield counter("claude_code.code_edit_tool.decision", "", span, edits)
    lines = {("added",): turn.lines_added, ("removed",): turn.lines_removed}
    yield counter("claude_code.lines_of_code.count", "", span, points(lines, "type"))
    active = {("cli",): (turn.end - turn.at).total_seconds(), ("user",): 11.5}
    yield counter("claude_code.active_time.total", "s", span, points(active, "type"))
    if turn.commit:
        yield counter("claude_code.commit.count", "", span, points({(): 1}))


def cost_usd(request: Request, login: str) -> float:
    """What Claude Code reports: list price, and cache writes of subscribers at the 1-hour rate."""
    input_, output, write_5m, write_1h, read = _price(request.model, request.fast)
    write = write_1h if login == "oauth" and request.source == "main" else write_5m
    micros = (
        request.input * input_
        + request.output * output
        + request.cache_write * write
        + request.cache_read * read
    )
    return round(micros / 1e6, 8)


@cache
def _price(model: str, fast: bool) -> tuple[float, ...]:
    """USD per million tokens, from the packaged seed: the last period's base tier."""
    plain = re.sub(r"^us\.anthropic\.|-20\d{6}|-v1:0$", "", model)
    with PRICES.open(encoding="utf-8", newline="") as file:
        row = next(
            row
            for row in csv.DictReader(file)
            if row["model"] == plain
            and row["speed"] == ("fast" if fast else "normal")
            and row["above_input_tokens"] == "0"
            and not row["valid_to"]
        )
    kinds = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
    return tuple(float(row[f"{kind}_usd"] or row["input_usd"]) for kind in kinds)


def _resource(session: Session) -> dict[str, Any]:
    return {
        "service.name": "claude-code",
        "service.version": session.agent.version,
        "os.type": "linux",
        "host.arch": "amd64",
        **session.repository,
    }


@cache
def _installation(email: str) -> dict[str, Any]:
    rng = Random(email)
    return {
        "user.id": _hex(rng, 64),
        "organization.id": "8d3c4f6e-0a55-4d0e-9c11-5a1f2b7c9e01",
        "user.account_uuid": _hex(rng, 8, 4, 4, 4, 12),
        "user.email": email,
    }


def _identity(session: Session) -> dict[str, Any]:
    person = session.person
    known = _installation(person.email)
    if session.agent.login == "bedrock":  # then only a custom attribute says who it is
        known = {"user.id": known["user.id"], "enduser.id": person.email}
    # Since 2.1.161 what OTEL_RESOURCE_ATTRIBUTES says stands on every record, too.
    copied = session.repository if session.agent.version != "2.1.119" else {}
    return known | {"session.id": session.id, "terminal.type": "vscode"} | copied


def _hex(rng: Random, *lengths: int) -> str:
    return "-".join(f"{rng.getrandbits(4 * length):0{length}x}" for length in lengths)
