"""What the files of one session of Grok CLI tell."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, money, text, tokens
from pipeline.agents.files import json_file

AGENT = "grok"
TICKS_PER_DOLLAR = 10**10  # xai-org/grok-build: USD_TICKS_PER_USD
KINDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")


@dataclass
class Turn:
    """What one prompt used, by model."""

    prompt: str
    at: dt.datetime
    # The same in a fork, whose copies have another time.
    key: tuple[Any, ...]
    calls: list[dict[str, Any]]
    is_incomplete: bool

    @property
    def size(self) -> int:
        """All its tokens."""
        return sum(call[kind] for call in self.calls for kind in KINDS)


@dataclass
class Session:
    """One folder: its summary, its turns, and what else happened, each with what tells it from others."""

    file: Path
    name: str
    summary: dict[str, Any]
    turns: dict[str, Turn] = field(default_factory=dict)
    told: list[tuple[tuple[Any, ...], Event]] = field(default_factory=list)
    children: dict[str, str] = field(default_factory=dict)  # sub-agents → the prompt that started them
    began: dt.datetime | None = None

    @classmethod
    def of(cls, file: Path, journal: Journal) -> "Session":
        """The session of an `updates.jsonl`, with the summary beside it."""
        summary_file = file.with_name("summary.json")
        summary = mapping(json_file(summary_file, journal)) if summary_file.is_file() else {}
        info = mapping(summary.get("info"))
        return cls(file, text(info.get("id")) or file.parent.name, summary)

    @property
    def kind(self) -> str:
        """What kind of session: empty, `fork`, `worktree`, `subagent`, `subagent_fork`."""
        return text(self.summary.get("session_kind")) or ""

    @property
    def is_subagent(self) -> bool:
        """Whether an agent began it."""
        return self.kind.startswith("subagent") and self.parent is not None

    @property
    def parent(self) -> str | None:
        """The session from which it comes, in whatever way."""
        return text(self.summary.get("parent_session_id"))

    @property
    def model(self) -> str | None:
        """The model that was last chosen."""
        return text(self.summary.get("current_model_id"))

    @property
    def age(self) -> tuple[bool, str, str]:
        """For the order in which copies are taken: originals before forks, then by time."""
        made = text(self.summary.get("forked_at")) or text(self.summary.get("created_at")) or "~"
        return self.kind in ("fork", "worktree", "subagent_fork"), made, self.name

    @property
    def cwd(self) -> str | None:
        """Its folder."""
        return text(mapping(self.summary.get("info")).get("cwd"))


def turn_of(session: Session, record: dict[str, Any], update: dict[str, Any]) -> Turn | None:
    """The usage of a completed turn; None if it tells none.

    Raises:
        BadRecord: it has no time, or numbers that are none.
    """
    usage = mapping(update.get("usage"))
    by_model = mapping(usage.get("modelUsage")) or {session.model or "": usage}
    incomplete = any(usage.get(mark) is True for mark in ("usageIsIncomplete", "costIsPartial"))
    calls = [_call(text(model), mapping(row), incomplete) for model, row in by_model.items()]
    calls = [call for call in calls if any(call[kind] for kind in KINDS)]
    if not calls:
        return None
    meta = mapping(mapping(record.get("params")).get("_meta"))
    prompt = text(update.get("prompt_id")) or text(meta.get("promptId")) or f"{record.get('timestamp')}"
    for call in calls:
        call["request_id"] = f"{prompt}:{call.get('model') or ''}"
    numbers = tuple(call[kind] for call in calls for kind in KINDS)
    key = ("turn", prompt, str(meta.get("agentTimestampMs")), numbers)
    return Turn(prompt, time_of(record), key, calls, usage.get("usageIsIncomplete") is True)


def _call(model: str | None, usage: dict[str, Any], incomplete: bool) -> dict[str, Any]:
    """Input holds what came from and went to the cache, output holds reasoning."""
    read, written = tokens(usage.get("cachedReadTokens")), tokens(usage.get("cacheCreationTokens"))
    ticks = None if incomplete or usage.get("costIsPartial") is True else money(usage.get("costUsdTicks"))
    counts = {
        "input_tokens": max(0, tokens(usage.get("inputTokens")) - read - written),
        "output_tokens": tokens(usage.get("outputTokens")),
        "cache_read_tokens": read,
        "cache_creation_tokens": written,
    }
    return counts | known(model=model, cost_usd=ticks / TICKS_PER_DOLLAR if ticks else None)


def time_of(record: dict[str, Any]) -> dt.datetime:
    """When it happened: a fork's copies are stamped anew, but for the agent's own time.

    Raises:
        BadRecord: nobody says.
    """
    own = mapping(mapping(record.get("params")).get("_meta")).get("agentTimestampMs")
    if isinstance(own, int):
        return instant(own)
    seconds = record.get("timestamp")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise BadRecord("its time is missing or unreadable")
    return instant(seconds * 1000)
