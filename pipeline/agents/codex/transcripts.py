"""Codex: `sessions/YYYY/MM/DD/rollout-*.jsonl`, and `archived_sessions`; `.zst` after a week of rest.

A `token_count` carries the session's total so far and what its response took (`last`), and is often
written twice: what counts is by how much the total grew, or `last` where the total began anew or goes on
from another session's. A `token_usage_record` holds one response; it alone tells of a compaction on the
server. Input holds cached input, output holds reasoning, as in Codex's telemetry.

A fork may open with its parent's whole history under new times: what stands before its own first turn
(`task_started`) is its parent's; where no turn is marked, what has the parent's totals, or was written
within a second of the fork, is. A spawned thread is a part of the session that spawned it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, text, tokens
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.usage import tell_unknown

KINDS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
FORK = dt.timedelta(seconds=1)
NO_TIER = (None, "default", "standard", "auto", "none")
# What tells no usage of its own: `world_state` and contexts hold limits, `task_complete` and items repeat
# what counts have told, tools' outputs are content.
NO_USAGE = frozenset(
    {"world_state", "compacted", "ghost_snapshot", "event_msg.task_complete", "event_msg.context_compacted"}
)

Counts = tuple[int, ...]


@dataclass
class Rollout:
    """One file: the session, and its token counts and prompts in order.

    Attributes:
        thread: its own id.
        root: the session of the thread that spawned it, as far as the file says.
        own_turn: how many counts stand before the first turn of its own; None if no turn is marked.
        before_context: how many counts stand before the first context of a turn.
    """

    file: Path
    thread: str
    parent: str | None = None
    root: str | None = None
    is_spawned: bool = False
    forked_at: dt.datetime | None = None
    cwd: str | None = None
    version: str | None = None
    counts: list["Count"] = field(default_factory=list)
    records: list["UsageRecord"] = field(default_factory=list)
    prompts: list[dt.datetime] = field(default_factory=list)
    own_turn: int | None = None
    own_turn_at: dt.datetime | None = None
    before_context: int | None = None


@dataclass
class Count:
    """One `token_count`: the total so far, and what its response alone took."""

    at: dt.datetime
    total: Counts
    last: Counts
    model: str | None
    tier: str | None


@dataclass
class UsageRecord:
    """One `token_usage_record`: what a response took."""

    at: dt.datetime
    usage: Counts
    response: str | None
    model: str | None
    tier: str | None


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Codex's."""
    return isinstance(value.get("payload"), dict) and "type" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is Codex's whose first line is longer than what was read."""
    return sample.is_json and sample.name.startswith("rollout-") and b'"payload"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The responses and prompts of all sessions, without what they copied from others."""
    rollouts = [_read(file, journal) for file in files]
    by_thread = {rollout.thread: rollout for rollout in rollouts}
    for rollout in rollouts:
        parent = by_thread.get(rollout.parent) if rollout.parent else None
        copied = _copied(rollout, parent if parent is not rollout else None)
        journal.repeat(copied)
        session = _session(rollout, by_thread)
        yield from _responses(rollout, session, copied, journal)
        yield from _prompts(rollout, session, journal)


def _session(rollout: Rollout, by_thread: dict[str, Rollout]) -> str:
    """The session that a person started: of a spawned thread, that of whoever spawned it."""
    seen = {rollout.thread}
    while rollout.is_spawned and rollout.root not in seen:
        spawner = rollout.root or rollout.parent
        if spawner is None or spawner not in by_thread:
            return spawner or rollout.thread
        rollout = by_thread[spawner]
        seen.add(rollout.thread)
    return rollout.thread


def _read(file: Path, journal: Journal) -> Rollout:
    rollout = Rollout(file, file.name.removesuffix(".zst").removesuffix(".jsonl"))
    model = tier = None
    described = False
    for number, line in json_lines(file, journal):
        kind, payload = line.get("type"), mapping(line.get("payload"))
        what = f"{kind}.{payload['type']}" if isinstance(payload.get("type"), str) else str(kind)
        try:
            if kind == "session_meta":
                if not described:  # later ones are those of ancestors
                    described = True
                    _describe(rollout, line, payload)
            elif kind == "turn_context":
                model = text(payload.get("model")) or model
                if rollout.before_context is None:
                    rollout.before_context = len(rollout.counts)
            elif what == "event_msg.thread_settings_applied":
                settings = mapping(payload.get("thread_settings"))
                tier = text(settings.get("service_tier"))
                model = text(settings.get("model")) or model
            elif what == "event_msg.token_count":
                info = mapping(payload.get("info"))
                if info:
                    rollout.counts.append(_count(line, info, model, tier))
            elif kind == "token_usage_record":
                usage = _counts(payload.get("usage"))
                response = text(payload.get("response_id"))
                rollout.records.append(
                    UsageRecord(instant(line.get("timestamp")), usage, response, model, tier)
                )
            elif _begins_a_turn(what, payload):
                if rollout.own_turn is None:
                    rollout.own_turn = len(rollout.counts)
                    rollout.own_turn_at = instant(line.get("timestamp"))
            elif what == "event_msg.user_message" or _is_typed(what, payload):
                rollout.prompts.append(instant(line.get("timestamp")))
            else:
                tell_unknown(journal, file, number, "codex", what, payload, NO_USAGE)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
    return rollout


def _begins_a_turn(what: str, payload: dict[str, Any]) -> bool:
    """Whether a turn of the session's own begins, and what stands before it may be a copy."""
    if what == "event_msg.task_started":
        return True
    return what.startswith("inter_agent_communication") and payload.get("trigger_turn") is True


def _is_typed(what: str, payload: dict[str, Any]) -> bool:
    """Whether a person's message is complete, as 0.171 says it."""
    return what == "event_msg.item_completed" and mapping(payload.get("item")).get("type") == "UserMessage"


def _describe(rollout: Rollout, line: dict[str, Any], meta: dict[str, Any]) -> None:
    rollout.thread = text(meta.get("id")) or rollout.thread
    rollout.cwd = text(meta.get("cwd"))
    rollout.version = text(meta.get("cli_version"))
    spawned = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
    rollout.is_spawned = bool(spawned)
    rollout.parent = text(meta.get("forked_from_id")) or text(spawned.get("parent_thread_id"))
    rollout.root = text(meta.get("session_id")) or text(spawned.get("parent_thread_id"))
    if rollout.parent:
        rollout.forked_at = instant(line.get("timestamp") or meta.get("timestamp"))


def _count(line: dict[str, Any], info: dict[str, Any], model: str | None, tier: str | None) -> Count:
    total, last = _counts(info.get("total_token_usage")), _counts(info.get("last_token_usage"))
    return Count(instant(line.get("timestamp")), total, last, model, tier)


def _counts(usage: Any) -> Counts:
    return tuple(tokens(mapping(usage).get(kind)) for kind in KINDS)


def _copied(rollout: Rollout, parent: Rollout | None) -> int:
    """How many of the rollout's counts, from the first on, are its parent's."""
    if rollout.forked_at is None:
        return 0
    if rollout.own_turn is not None:
        return rollout.own_turn
    originals = [count.total for count in parent.counts] if parent else []
    pairs = zip((count.total for count in rollout.counts), originals, strict=False)
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    at_once = len(list(takewhile(lambda count: _is_copy(count.at, rollout), rollout.counts)))
    return max(same, at_once, rollout.before_context or 0)


def _is_copy(at: dt.datetime, rollout: Rollout) -> bool:
    """Whether something was written before the session's own first turn."""
    if rollout.forked_at is None:
        return False
    if rollout.own_turn_at is not None:
        return at < rollout.own_turn_at
    return at - rollout.forked_at <= FORK


def _growth(count: Count, before: Counts | None) -> Counts:
    """What a response took; nothing if its count repeats the one before."""
    if before is None or not any(
        count.total
    ):  # the first of a fork goes on from others; old versions give no total
        return count.last if any(count.last) else count.total
    grown = tuple(now - then for now, then in zip(count.total, before, strict=True))
    began_anew = min(grown) < 0 or (any(grown) and count.last == count.total)
    if began_anew:
        return count.last if any(count.last) else count.total
    return grown


def _responses(rollout: Rollout, session: str, copied: int, journal: Journal) -> Iterator[Event]:
    own = rollout.counts[copied:]
    before: Counts | None = rollout.counts[copied - 1].total if copied else (0,) * len(KINDS)
    if rollout.forked_at and not copied:
        before = None
    untold = Counter(record.usage for record in rollout.records if not _is_copy(record.at, rollout))
    for number, count in enumerate(own, start=copied + 1):
        grown = _growth(count, before)
        before = count.total
        if not any(grown):
            journal.repeat(1)
            continue
        untold[grown] -= 1
        yield _response(rollout, session, count.at, grown, count.model, count.tier, number, None)
    # Responses that no count tells of, such as a compaction on the server.
    for record in rollout.records:
        if untold[record.usage] > 0 and any(record.usage):
            untold[record.usage] -= 1
            yield _response(
                rollout, session, record.at, record.usage, record.model, record.tier, None, record.response
            )


def _response(
    rollout: Rollout,
    session: str,
    at: dt.datetime,
    counts: Counts,
    model: str | None,
    tier: str | None,
    number: int | None,
    response: str | None,
) -> Event:
    kinds = dict(zip(KINDS, counts, strict=True))
    is_thread = session != rollout.thread
    attributes = known(
        event__kind="response.completed",
        # The numbers are the thread's; in another's session they would be taken for that one's.
        event__sequence=None if is_thread else number,
        conversation__id=session,
        thread__id=rollout.thread if is_thread else None,
        model=model,
        input_token_count=kinds["input_tokens"],
        cached_token_count=kinds["cached_input_tokens"],
        cache_write_token_count=kinds["cache_write_input_tokens"] or None,
        output_token_count=kinds["output_tokens"],
        reasoning_token_count=kinds["reasoning_output_tokens"],
        request_id=response,
        service_tier=None if tier in NO_TIER else tier,
        app__version=rollout.version,
    )
    return _event("codex.sse_event", at, session, rollout, attributes)


def _prompts(rollout: Rollout, session: str, journal: Journal) -> Iterator[Event]:
    """Prompts; those of a copy were typed into the parent, those of a spawned thread by no person."""
    if rollout.is_spawned:
        journal.skip(len(rollout.prompts))
        return
    for at in rollout.prompts:
        if _is_copy(at, rollout):
            journal.repeat(1)
            continue
        attributes = known(conversation__id=session, app__version=rollout.version)
        yield _event("codex.user_prompt", at, session, rollout, attributes)


def _event(name: str, at: dt.datetime, session: str, rollout: Rollout, attributes: dict[str, Any]) -> Event:
    return Event(
        at,
        name,
        session,
        attributes,
        agent="codex",
        cwd=rollout.cwd,
        version=rollout.version,
    )
