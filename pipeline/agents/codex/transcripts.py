"""Codex: `sessions/YYYY/MM/DD/rollout-*.jsonl`, and `archived_sessions`; compressed after a week of rest.

A `token_count` carries the thread's total so far and what the last response took, and is often written
twice: what counts is by how much the total grew. A `token_usage_record` holds one response, with its id;
it alone tells of a compaction by the server. Input holds cached input, output holds reasoning, as in
Codex's telemetry.

A fork may open with its parent's history, under new times or the old ones. What stands before the fork's
own first turn is copied: turns keep their ids and the times of their beginning. Where turns tell neither,
what was written at once with the fork is copied, and what has the parent's totals. A fork's counter may go
on from its parent's, with or without a copy: then only what the response took is the fork's.

A thread that was spawned is part of its spawner's session; what is sent to it is no prompt of a person.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from pipeline.agents.codex.rollout import AGENT, BURST, KINDS, Count, Counts, Prompt, Rollout, read
from pipeline.agents.codex.tools import EDIT_TOOL, Call
from pipeline.agents.events import Event, Journal, known
from pipeline.agents.files import Sample

NOTHING: Counts = (0,) * len(KINDS)


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Codex's."""
    return isinstance(value.get("payload"), dict) and "type" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is Codex's whose first line is longer than what was read."""
    return sample.is_json and sample.name.startswith("rollout-") and b'"payload"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """What happened in all sessions, without what they copied from others."""
    return tell([read(file, journal) for file in files], journal)


def tell(rollouts: Sequence[Rollout], journal: Journal) -> Iterator[Event]:
    """What happened in the threads of files that share something."""
    threads: dict[str, Rollout] = {}
    for rollout in rollouts:
        known_one = threads.get(rollout.thread)
        if known_one is None or rollout.length > known_one.length:
            threads[rollout.thread] = rollout
    is_repeated = len(threads) < len(rollouts)
    told: set[tuple[Any, ...]] = set()
    for rollout in rollouts:
        for event in Thread(rollout, threads, journal).events():
            # A compressed copy beside the file, or a file that was archived in between.
            if is_repeated:
                identity = (event.at, event.name, *map(str, sorted(event.attributes.items(), key=str)))
                if identity in told:
                    journal.repeat(1)
                    continue
                told.add(identity)
            yield event


class Thread:
    """One rollout among those of its family."""

    def __init__(self, rollout: Rollout, threads: dict[str, Rollout], journal: Journal) -> None:
        self._rollout = rollout
        # Threads that were spawned alike may well use as much as their spawner did: that makes no copy.
        original = threads.get(rollout.forked_from or "")
        self._original = original if original and original.thread != rollout.thread else None
        self._session = _session(rollout, threads)
        self._journal = journal
        self._begins = self._first_own_line()

    def events(self) -> Iterator[Event]:
        rollout = self._rollout
        yield from self._start()
        yield from self._responses()
        yield from self._prompts()
        for failure in rollout.failures:
            if failure.line >= self._begins:
                attributes = known(status_code=failure.status, error_type=failure.error)
                yield self._event("codex.api_error", failure.at, attributes)
        for name, call in rollout.calls.items():
            if call.line >= self._begins:
                yield from self._tool(name, call)

    def _first_own_line(self) -> int:
        """The first line that was not copied from the parent."""
        rollout = self._rollout
        if not rollout.parent:
            return 0
        if rollout.has_timed_turns:
            return rollout.begins or rollout.length + 1
        if rollout.is_paginated:  # it names its parent's history, and copies nothing
            return 0
        originals = {count.total for count in self._original.counts} if self._original else set()
        same = list(takewhile(lambda count: any(count.total) and count.total in originals, rollout.counts))
        return max(rollout.pause or rollout.length + 1, same[-1].line + 1 if same else 0)

    def _start(self) -> Iterator[Event]:
        rollout = self._rollout
        if rollout.created_at and not rollout.is_subagent:
            attributes = known(
                vcs__ref__head__name=rollout.branch, vcs__repository__url__full=rollout.repository
            )
            yield self._event("codex.session_start", rollout.created_at, attributes)

    def _responses(self) -> Iterator[Event]:
        copied = [count for count in self._rollout.counts if count.line < self._begins]
        self._journal.repeat(len(copied))
        # Of a fork without a copy nobody says where its counter stood.
        before = copied[-1].total if copied else None if self._rollout.parent else NOTHING
        waiting = [record for record in self._rollout.records if record.line >= self._begins]
        for number, count in enumerate(self._rollout.counts[len(copied) :], start=len(copied) + 1):
            written = [record for record in waiting if record.line < count.line]
            is_certain = any(record.last == count.last for record in written)
            grown = self._grown(count, before, is_certain)
            before = count.total if any(count.total) else before
            if not any(grown):
                self._journal.repeat(1)
                continue
            records = next(([record] for record in written if record.last == grown), None)
            if not records and len(written) > 1 and _sum(written) == grown:
                records = written
            if records:
                waiting = [record for record in waiting if record not in records]
            if records and len(records) == 1:
                yield self._response(count, grown, records[0].response, number)
            elif records:
                yield from (self._response(record, record.last, record.response) for record in records)
            else:
                yield self._response(count, grown, None, number)
        for record in waiting:
            if any(record.last):
                yield self._response(record, record.last, record.response)

    def _grown(self, count: Count, before: Counts | None, is_certain: bool) -> Counts:
        """What a count's response took; nothing if the count repeats one.

        Another record may make it certain that there was a response.
        """
        if not any(count.total):  # old versions give no total
            return count.last
        if before is None:
            originals = self._original.counts if self._original else []
            if not is_certain and any(count.total == original.total for original in originals):
                return NOTHING
            if any(count.last):
                return count.last
            lower = [original.total for original in originals if _is_below(original.total, count.total)]
            before = max(lower, key=sum, default=NOTHING)
        grown = tuple(now - then for now, then in zip(count.total, before, strict=True))
        if min(grown) < 0:  # the total began anew
            return count.last if any(count.last) else count.total
        # It began anew, and stands higher than before already.
        began_anew = any(grown) and count.last == count.total
        return count.last if began_anew else grown

    def _response(self, count: Count, took: Counts, request: str | None, number: int | None = None) -> Event:
        kinds = dict(zip(KINDS, took, strict=True))
        attributes = known(
            event__kind="response.completed",
            # A number tells events of a session apart, not those of its threads.
            event__sequence=number if self._rollout.thread == self._session else None,
            request_id=request,
            model=count.model,
            service_tier=count.tier,
            input_token_count=kinds["input_tokens"],
            cached_token_count=kinds["cached_input_tokens"],
            cache_write_token_count=kinds["cache_write_input_tokens"] or None,
            output_token_count=kinds["output_tokens"],
            reasoning_token_count=kinds["reasoning_output_tokens"],
        )
        return self._event("codex.sse_event", count.at, attributes)

    def _prompts(self) -> Iterator[Event]:
        """What a person typed; newer versions may tell it in two kinds of records."""
        own: list[Prompt] = []
        for prompt in self._rollout.prompts:
            again = any(
                prompt.content == other.content
                and prompt.kind != other.kind
                and abs(prompt.at - other.at) <= BURST
                for other in own[-2:]
            )
            if prompt.line < self._begins or again:
                self._journal.repeat(1)
            elif not self._rollout.is_subagent:
                own.append(prompt)
                yield self._event("codex.user_prompt", prompt.at, known(message__uuid=prompt.name))

    def _tool(self, name: str, call: Call) -> Iterator[Event]:
        if not call.at:
            return
        told = known(tool_name=call.name, tool_use_id=name)
        result = told | known(
            success=None if call.success is None else "true" if call.success else "false",
            duration_ms=call.milliseconds,
            lines_added=call.added if call.success is not False else None,
            lines_removed=call.removed if call.success is not False else None,
            **call.made,
        )
        yield self._event("codex.tool_result", call.at, result)
        if call.name == EDIT_TOOL:
            decision = "reject" if call.is_declined else "accept"
            yield self._event("codex.tool_decision", call.at, told | {"decision": decision})

    def _event(self, name: str, at: Any, attributes: dict[str, Any]) -> Event:
        rollout = self._rollout
        of_session = known(
            session__id=self._session,
            thread__id=rollout.thread if rollout.thread != self._session else None,
            app__version=rollout.version,
        )
        return Event(
            at,
            name,
            self._session,
            of_session | attributes,
            agent=AGENT,
            cwd=rollout.cwd,
            version=rollout.version,
        )


def _session(rollout: Rollout, threads: dict[str, Rollout]) -> str:
    """The session that a person started: that of whoever spawned the thread."""
    passed = {rollout.thread}
    while rollout.is_subagent:
        above = rollout.root or rollout.spawner or rollout.parent
        if above is None or above in passed:
            break
        if above not in threads:
            return above
        passed.add(above)
        rollout = threads[above]
    return rollout.thread


def _sum(records: list[Count]) -> Counts:
    return tuple(map(sum, zip(*(record.last for record in records), strict=True)))


def _is_below(one: Counts, other: Counts) -> bool:
    return all(small <= large for small, large in zip(one, other, strict=True))
