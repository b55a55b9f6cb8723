"""Whether a record that no reader knows carries usage: tokens, credits or money."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pipeline.agents.events import Journal

WORDS = frozenset({"token", "tokens", "cost", "costs", "usd", "credit", "credits", "aiu"})
# A limit, a price or what is left is no usage.
LIMITS = frozenset(
    {"max", "maximum", "limit", "limits", "budget", "window", "threshold", "remaining", "left", "rate", "per"}
    | {"available", "price", "cap", "reserve", "balance"}
)
# What people, models and tools wrote may tell of anything.
CONTENT = frozenset({"content", "text", "arguments", "args", "result", "stdout", "stderr", "message_text"})
DEEPEST = 8

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def usage_in(record: Any) -> str | None:
    """The first field of a record that tells usage, with its path; None if none does.

    >>> usage_in({"type": "turn", "stats": {"inputTokens": 5, "maxTokens": 100}})
    'stats.inputTokens'
    >>> usage_in({"tokens": {"output": 7}}), usage_in({"usage": {"output": 7}}), usage_in({"tokens": 0})
    ('tokens.output', 'usage.output', None)
    >>> usage_in({"max_output_tokens": 4096}), usage_in({"memory.usage": 4096})
    (None, None)
    """
    return _search(record, "", False, DEEPEST)


def is_usage(name: str) -> bool:
    """Whether the name of a field or a metric is one of usage.

    >>> is_usage("cache_read_tokens"), is_usage("maxTokens"), is_usage("duration_ms")
    (True, False, False)
    """
    words = {word.lower() for word in _WORD.findall(name)}
    return bool(words & WORDS) and not words & LIMITS


def tell_unknown(
    journal: Journal,
    file: object,
    line: int | None,
    agent: str,
    kind: str,
    record: Any,
    no_usage: Collection[str] = (),
) -> None:
    """Put a record of a kind that its reader passes over aside, if it carries usage.

    Args:
        journal: keeps account.
        file: where it stands.
        line: the line, from 1.
        agent: whose record it is.
        kind: what kind of record, for a person.
        record: all of it.
        no_usage: kinds of which it is known that their numbers are told elsewhere, or are no usage.
    """
    if kind not in no_usage and (found := usage_in(record)):
        journal.not_understood(file, line, agent, kind, found)


def tell_unread(
    journal: Journal,
    file: object,
    line: int | None,
    agent: str,
    kind: str,
    usage: Mapping[str, Any],
    read: Collection[str],
) -> None:
    """Put a record of a known kind aside, if its usage has numbers in fields that its reader does not know.

    Args:
        journal: keeps account.
        file: where it stands.
        line: the line, from 1.
        agent: whose record it is.
        kind: what kind of record, for a person.
        usage: the part of it in which every number is usage.
        read: the fields that are read, or are told elsewhere.
    """
    unread = {name: value for name, value in usage.items() if name not in read}
    if found := _search(unread, "", True, DEEPEST):
        journal.not_understood(file, line, agent, kind, found)


def _search(value: Any, path: str, within_usage: bool, depth: int) -> str | None:
    if isinstance(value, dict) and depth:
        for key, item in value.items():
            if not isinstance(key, str) or key in CONTENT:
                continue
            words = {word.lower() for word in _WORD.findall(key)}
            if words & LIMITS:
                continue
            named = f"{path}.{key}" if path else key
            is_of_usage = bool(words & WORDS) or (key == "usage" and isinstance(item, dict))
            if found := _search(item, named, within_usage or is_of_usage, depth - 1):
                return found
    elif isinstance(value, list) and depth:
        for item in value:
            if found := _search(item, path, within_usage, depth - 1):
                return found
    elif within_usage and isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return path
    return None
