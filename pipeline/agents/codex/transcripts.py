"""Codex: `sessions/YYYY/MM/DD/rollout-*.jsonl`, and `archived_sessions`.

A `token_count` carries the session's total so far, and is often written twice: what counts is by how
much the total grew. Input holds cached input, output holds reasoning, as in Codex's telemetry.

A forked session, and a sub-agent's, opens with its parent's whole history under new times. Its totals
are the parent's, one by one, as far as the copy goes, and it was written within a second of the fork,
which tells a copy where the parent's file is gone.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, text, tokens
from pipeline.agents.files import Sample, json_lines

KINDS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
FORK = dt.timedelta(seconds=1)

Counts = tuple[int, ...]


@dataclass
class Rollout:
    """One file: the session, and its token counts and prompts in order."""

    file: Path
    session: str
    parent: str | None = None
    forked_at: dt.datetime | None = None
    cwd: str | None = None
    version: str | None = None
    counts: list["Count"] = field(default_factory=list)
    prompts: list[dt.datetime] = field(default_factory=list)


@dataclass
class Count:
    """One `token_count`: the total so far, and what its response alone took."""

    at: dt.datetime
    total: Counts
    last: Counts
    model: str | None


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Codex's."""
    return isinstance(value.get("payload"), dict) and "type" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is Codex's whose first line is longer than what was read."""
    return sample.is_json and sample.path.name.startswith("rollout-") and b'"payload"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The responses and prompts of all sessions, without what they copied from others."""
    rollouts = [_read(file, journal) for file in files]
    by_session = {rollout.session: rollout for rollout in rollouts}
    for rollout in rollouts:
        parent = by_session.get(rollout.parent) if rollout.parent else None
        copied = _copied(rollout, parent if parent is not rollout else None)
        journal.repeat(copied)
        yield from _responses(rollout, copied, journal)
        yield from _prompts(rollout, journal)


def _read(file: Path, journal: Journal) -> Rollout:
    rollout = Rollout(file, file.stem)
    model = None
    described = False
    for number, line in json_lines(file, journal):
        kind, payload = line.get("type"), mapping(line.get("payload"))
        try:
            if kind == "session_meta" and not described:  # later ones are those of ancestors
                described = True
                _describe(rollout, line, payload)
            elif kind == "turn_context":
                model = text(payload.get("model")) or model
            elif kind == "event_msg" and payload.get("type") == "token_count":
                info = mapping(payload.get("info"))
                if info:
                    rollout.counts.append(_count(line, info, model))
            elif kind == "event_msg" and payload.get("type") == "user_message":
                rollout.prompts.append(instant(line.get("timestamp")))
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
    return rollout


def _describe(rollout: Rollout, line: dict[str, Any], meta: dict[str, Any]) -> None:
    rollout.session = text(meta.get("id")) or rollout.session
    rollout.cwd = text(meta.get("cwd"))
    rollout.version = text(meta.get("cli_version"))
    spawned = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
    rollout.parent = text(meta.get("forked_from_id")) or text(spawned.get("parent_thread_id"))
    if rollout.parent:
        rollout.forked_at = instant(line.get("timestamp") or meta.get("timestamp"))


def _count(line: dict[str, Any], info: dict[str, Any], model: str | None) -> Count:
    total, last = (
        tuple(tokens(mapping(info.get(usage)).get(kind)) for kind in KINDS)
        for usage in ("total_token_usage", "last_token_usage")
    )
    return Count(instant(line.get("timestamp")), total, last, model)


def _copied(rollout: Rollout, parent: Rollout | None) -> int:
    """How many of the rollout's counts, from the first on, are its parent's."""
    originals = [count.total for count in parent.counts] if parent else []
    pairs = zip((count.total for count in rollout.counts), originals, strict=False)
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    at_once = len(list(takewhile(lambda count: _is_copy(count.at, rollout), rollout.counts)))
    return max(same, at_once)


def _is_copy(at: dt.datetime, rollout: Rollout) -> bool:
    """Whether something was written faster than any model answers."""
    return rollout.forked_at is not None and at - rollout.forked_at <= FORK


def _responses(rollout: Rollout, copied: int, journal: Journal) -> Iterator[Event]:
    before: Counts = rollout.counts[copied - 1].total if copied else (0,) * len(KINDS)
    for number, count in enumerate(rollout.counts[copied:], start=copied + 1):
        grown = tuple(now - then for now, then in zip(count.total, before, strict=True))
        if not any(count.total):  # old versions give no total
            grown = count.last
        elif min(grown) < 0:  # the total began anew
            grown = count.last if any(count.last) else count.total
        before = count.total
        if not any(grown):
            journal.repeat(1)
            continue
        kinds = dict(zip(KINDS, grown, strict=True))
        attributes = known(
            event__kind="response.completed",
            event__sequence=number,
            conversation__id=rollout.session,
            model=count.model,
            input_token_count=kinds["input_tokens"],
            cached_token_count=kinds["cached_input_tokens"],
            cache_write_token_count=kinds["cache_write_input_tokens"] or None,
            output_token_count=kinds["output_tokens"],
            reasoning_token_count=kinds["reasoning_output_tokens"],
            app__version=rollout.version,
        )
        yield _event("codex.sse_event", count.at, rollout, attributes)


def _prompts(rollout: Rollout, journal: Journal) -> Iterator[Event]:
    """Prompts; those of a copy were typed into the parent."""
    for at in rollout.prompts:
        if _is_copy(at, rollout):
            journal.repeat(1)
            continue
        attributes = known(conversation__id=rollout.session, app__version=rollout.version)
        yield _event("codex.user_prompt", at, rollout, attributes)


def _event(name: str, at: dt.datetime, rollout: Rollout, attributes: dict[str, Any]) -> Event:
    return Event(
        at,
        name,
        rollout.session,
        attributes,
        agent="codex",
        cwd=rollout.cwd,
        version=rollout.version,
    )
