"""What a file of Codex holds, line by line, before it is told apart whose it is."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.codex.tools import CALLS, OUTPUTS, Call
from pipeline.agents.events import BadRecord, Journal, instant, mapping, objects, text, tokens
from pipeline.agents.files import json_lines
from pipeline.agents.usage import tell_unknown

AGENT = "codex"
KINDS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
BURST = dt.timedelta(seconds=1)  # between lines of a copied history; models take longer to answer
NO_TIER = ("auto", "default", "none", "standard")
# Contents, settings, limits, and what counts and outputs have told already.
NO_USAGE = frozenset(
    {"compacted", "session_meta", "turn_context", "world_state"}
    | {"event_msg.agent_message", "event_msg.agent_reasoning", "event_msg.context_compacted"}
    | {"event_msg.task_started", "event_msg.turn_aborted", "event_msg.web_search_end"}
    | {"response_item.message", "response_item.reasoning", "response_item.web_search_call"}
    | {"response_item.agent_message", "response_item.ghost_snapshot", "response_item.compaction"}
)
# What fails without a request.
NO_REQUESTS = ("sandbox_error", "thread_rollback_failed")
# What the agent itself writes into a person's turn.
NOT_TYPED = ("<environment_context>", "<user_instructions>", "<subagent_notification>", "<turn_aborted>")

Counts = tuple[int, ...]


@dataclass
class Count:
    """One `token_count`: the total so far, and what its response alone took; or a `token_usage_record`."""

    line: int
    at: dt.datetime
    total: Counts
    last: Counts
    model: str | None
    tier: str | None
    response: str | None = None


@dataclass
class Prompt:
    """What somebody typed, or an agent sent to the thread that it spawned."""

    line: int
    at: dt.datetime
    kind: str
    content: int
    name: str | None = None


@dataclass
class Failure:
    """A request that failed for good."""

    line: int
    at: dt.datetime
    status: int | None
    error: str | None


@dataclass
class Rollout:
    """One file.

    Attributes:
        thread: its own id.
        spawner: the thread that spawned it, if one did; `root` that one's session, if the file says so.
        forked_from: the thread that it was forked from; `parent` that one, or the spawner.
        begins: the line of its own first turn; lines before it are copied. None if no turn tells its time.
        pause: the first line that was not written at once with the one before.
    """

    file: Path
    thread: str
    parent: str | None = None
    forked_from: str | None = None
    spawner: str | None = None
    root: str | None = None
    is_subagent: bool = False
    created_at: dt.datetime | None = None
    cwd: str | None = None
    version: str | None = None
    branch: str | None = None
    repository: str | None = None
    first_ordinal: int | None = None
    is_paginated: bool = False
    has_timed_turns: bool = False
    begins: int | None = None
    pause: int | None = None
    length: int = 0
    counts: list[Count] = field(default_factory=list)
    records: list[Count] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=dict)

    @property
    def shared(self) -> set[str]:
        """The threads of which other files may tell as well."""
        return {
            thread
            for thread in (self.thread, self.parent, self.forked_from, self.spawner, self.root)
            if thread
        }


def read(file: Path, journal: Journal) -> Rollout:
    """What a file holds."""
    return Reading(file, journal).read()


class Reading:
    """The reading of one file."""

    def __init__(self, file: Path, journal: Journal) -> None:
        name = file.name.removesuffix(".zst").removesuffix(".gz").removesuffix(".jsonl")
        self.rollout = Rollout(file, name)
        self._journal = journal
        self._model: str | None = None
        self._tier: str | None = None
        self._previous: dt.datetime | None = None
        self._is_described = False
        self._has_failed = False

    def read(self) -> Rollout:
        for number, line in json_lines(self.rollout.file, self._journal):
            try:
                self._take(number, line)
            except BadRecord as error:
                self._journal.quarantine(self.rollout.file, number, str(error))
        return self.rollout

    def _take(self, number: int, line: dict[str, Any]) -> None:
        self.rollout.length = number
        kind, payload = line.get("type"), mapping(line.get("payload"))
        what = payload.get("type")
        if kind == "session_meta":
            if not self._is_described:  # later ones are those of ancestors
                self._is_described = True
                self._describe(line, payload)
            return
        self._place(number, line, what, payload)
        if kind == "turn_context":
            self._model = text(payload.get("model")) or self._model
        elif kind == "token_usage_record":
            self._usage_record(number, line, payload)
        elif kind == "event_msg":
            self._event(number, line, str(what), payload)
        elif kind == "response_item" and what in CALLS:
            self._call(number, payload)
        elif kind == "response_item" and what in OUTPUTS:
            self._output(line, payload)
        else:
            self._unknown(number, f"{kind}.{what}" if isinstance(what, str) else str(kind), payload)

    def _unknown(self, number: int, kind: str, payload: dict[str, Any]) -> None:
        tell_unknown(self._journal, self.rollout.file, number, AGENT, kind, payload, NO_USAGE)

    def _describe(self, line: dict[str, Any], meta: dict[str, Any]) -> None:
        rollout = self.rollout
        rollout.thread = text(meta.get("id")) or rollout.thread
        rollout.cwd = text(meta.get("cwd"))
        rollout.version = text(meta.get("cli_version"))
        git, source = mapping(meta.get("git")), mapping(meta.get("source"))
        rollout.branch, rollout.repository = text(git.get("branch")), text(git.get("repository_url"))
        rollout.is_subagent = "subagent" in source or meta.get("thread_source") == "subagent"
        if rollout.is_subagent:
            spawn = mapping(mapping(source.get("subagent")).get("thread_spawn"))
            rollout.spawner = text(spawn.get("parent_thread_id")) or text(meta.get("parent_thread_id"))
            root = text(meta.get("session_id"))
            rollout.root = root if root != rollout.thread else None
        rollout.forked_from = text(meta.get("forked_from_id"))
        rollout.parent = rollout.forked_from or rollout.spawner
        rollout.is_paginated = bool(mapping(meta.get("history_base")))
        ordinal = meta.get("subagent_history_start_ordinal")
        rollout.first_ordinal = ordinal if type(ordinal) is int else None
        for time in (meta.get("timestamp"), line.get("timestamp")):
            try:
                rollout.created_at = instant(time)
                break
            except BadRecord:
                continue
        else:
            if rollout.parent:
                raise BadRecord("its time is missing or unreadable")

    def _place(self, number: int, line: dict[str, Any], what: Any, payload: dict[str, Any]) -> None:
        """Whether the file's own part begins here; asked of every line until it does."""
        rollout = self.rollout
        if not rollout.parent or rollout.begins or not rollout.created_at:
            return
        ordinal = line.get("ordinal")
        if rollout.first_ordinal is not None:
            rollout.has_timed_turns = True
            if type(ordinal) is int and ordinal >= rollout.first_ordinal:
                rollout.begins = number
            return
        if what == "task_started" or line.get("type") == "turn_context":
            begun = _turn_time(payload)
            if begun is not None:
                rollout.has_timed_turns = True
                if begun >= rollout.created_at.replace(
                    microsecond=rollout.created_at.microsecond // 1000 * 1000
                ):
                    rollout.begins = number
        if rollout.pause is None:
            try:
                at = instant(line.get("timestamp"))
            except BadRecord:
                return
            previous = max(self._previous or rollout.created_at, rollout.created_at)
            if at - previous > BURST:
                rollout.pause = number
            self._previous = at

    def _event(self, number: int, line: dict[str, Any], what: str, payload: dict[str, Any]) -> None:
        rollout = self.rollout
        if what == "token_count":
            self._count(number, line, payload)
        elif what == "thread_settings_applied":
            settings = mapping(payload.get("thread_settings"))
            self._model = text(settings.get("model")) or self._model
            tier = text(settings.get("service_tier"))
            self._tier = None if tier in NO_TIER else "priority" if tier == "fast" else tier
        elif what == "user_message":
            message = payload.get("message")
            if payload.get("kind") in (None, "plain") and not str(message).lstrip().startswith(NOT_TYPED):
                at = instant(line.get("timestamp"))
                rollout.prompts.append(Prompt(number, at, what, hash(str(message).strip())))
        elif what == "item_completed":
            self._item(number, line, mapping(payload.get("item")), payload)
        elif what in ("exec_command_end", "patch_apply_end", "mcp_tool_call_end"):
            self._detail(text(payload.get("call_id")), payload)
        elif what == "error":
            self._has_failed = True
            self._fail(number, line, payload.get("codex_error_info"))
        elif what == "task_complete":
            told = mapping(payload.get("error"))
            if told and not self._has_failed:
                self._fail(number, line, told.get("codex_error_info"))
            self._has_failed = False
        else:
            self._unknown(number, f"event_msg.{what}", payload)

    def _count(self, number: int, line: dict[str, Any], payload: dict[str, Any]) -> None:
        info = mapping(payload.get("info"))
        total, last = info.get("total_token_usage"), info.get("last_token_usage")
        if isinstance(total, dict) or isinstance(last, dict):
            at = instant(line.get("timestamp"))
            count = Count(number, at, _counts(total), _counts(last), self._model, self._tier)
            self.rollout.counts.append(count)
        else:
            self._unknown(number, "event_msg.token_count", info)

    def _usage_record(self, number: int, line: dict[str, Any], payload: dict[str, Any]) -> None:
        usage = payload.get("usage")
        if isinstance(usage, dict):
            at, counts = instant(line.get("timestamp")), _counts(usage)
            name = text(payload.get("response_id"))
            self.rollout.records.append(Count(number, at, (), counts, self._model, self._tier, name))
        else:
            self._unknown(number, "token_usage_record", payload)

    def _fail(self, number: int, line: dict[str, Any], info: Any) -> None:
        error, detail = text(info), {}
        if isinstance(info, dict) and info:  # {"http_connection_failed": {"http_status_code": 503}}
            name, value = next(iter(info.items()))
            error, detail = text(name), mapping(value)
        status = detail.get("http_status_code")
        if error not in NO_REQUESTS:
            at = instant(line.get("timestamp"))
            self.rollout.failures.append(Failure(number, at, status if type(status) is int else None, error))

    def _call(self, number: int, payload: dict[str, Any]) -> None:
        call_id = text(payload.get("call_id")) or text(payload.get("id"))
        if call_id and call_id not in self.rollout.calls:
            self.rollout.calls[call_id] = Call.asked(number, payload)

    def _output(self, line: dict[str, Any], payload: dict[str, Any]) -> None:
        call = self.rollout.calls.get(text(payload.get("call_id")) or "")
        if call and not call.at:
            call.answer(instant(line.get("timestamp")), payload.get("output"))

    def _item(self, number: int, line: dict[str, Any], item: dict[str, Any], payload: dict[str, Any]) -> None:
        kind = text(item.get("type"))
        if kind == "UserMessage":
            content = "\n".join(str(part.get("text")) for part in objects(item.get("content")))
            if not content.lstrip().startswith(NOT_TYPED):
                at = instant(line.get("timestamp"))
                name = text(item.get("id"))
                self.rollout.prompts.append(Prompt(number, at, "item", hash(content.strip()), name))
        elif text(item.get("id")) in self.rollout.calls:
            self._detail(text(item.get("id")), item)
        elif kind not in ("AgentMessage", "Reasoning", "WebSearch"):
            self._unknown(number, f"event_msg.item_completed.{kind}", payload)

    def _detail(self, call_id: str | None, told: dict[str, Any]) -> None:
        call = self.rollout.calls.get(call_id or "")
        if call:
            call.detail(told)


def _counts(usage: Any) -> Counts:
    return tuple(tokens(mapping(usage).get(kind)) for kind in KINDS)


def _turn_time(payload: dict[str, Any]) -> dt.datetime | None:
    """When a turn began: its id is a UUID of version 7, or it says so; a copy keeps both."""
    name = (text(payload.get("turn_id")) or "").replace("-", "")
    try:
        if len(name) == 32 and name[12] == "7":
            return instant(int(name[:12], 16))
        started = payload.get("started_at")
        # Whole seconds: a turn of the same second is the file's own, as nothing else can be said.
        return instant(int(started) * 1000 + 999) if type(started) is int else None
    except (BadRecord, ValueError):
        return None
