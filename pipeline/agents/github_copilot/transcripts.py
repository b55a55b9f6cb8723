"""GitHub Copilot's command line: `session-state/<session>/events.jsonl`, also of its app and agent host.

A `session.usage_record` is one call of a model. Older builds write sums instead: `modelMetrics` of
`session.shutdown` grow over the whole session, and what they grew by counts; where both stand, what the sums
exceed the records by. A total that is lower than the last began anew, after a compaction for example.

Input holds cache reads and writes, output holds reasoning. Money is told in billionths of a credit of $0.01.
A fork copies its parent's records under the same ids.

`session-store.db` beside `session-state` has a row per call, also of sessions that were killed, left by /new
or run by an editor, which older builds sum up nowhere. A row is the call of a record of the same session,
model and counts; where there is none it counts, and the sums of a shutdown count beyond it.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from pipeline.agents.commits import made_in
from pipeline.agents.events import BadRecord, Event, Journal, instant, known, mapping, money, text, tokens
from pipeline.agents.files import Sample, json_lines
from pipeline.agents.github_copilot.store import NAME, Row, calls, is_store
from pipeline.agents.usage import tell_unknown

AGENT = "github_copilot"
KINDS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
NANO_CREDITS_PER_DOLLAR = 1e11
FAMILIES = ("session.", "user.", "assistant.", "tool.", "subagent.", "system.", "abort", "hook.", "skill.")
READ = frozenset({"session.usage_record", "session.shutdown"})
# Sums of what single records tell, and sizes of what is sent.
NO_USAGE = frozenset(
    {
        "assistant.message",
        "session.compaction_complete",
        "session.compaction_start",
        "session.truncation",
        "session.usage_checkpoint",
        "session.usage_info",
        "subagent.completed",
        "subagent.failed",
        "tool.execution_complete",
        "tool.execution_start",
    }
)
EDIT_TOOLS = ("apply_patch", "create", "edit", "str_replace_editor")
DENIED = "denied-interactively-by-user"  # and not by a rule, a hook or for want of a person
SHELLS = ("bash", "powershell")
# What is written as the user's message and was not typed.
NOT_TYPED = ("<system_notification>", "<cross_session_message>")

Counts = tuple[int, ...]
NOTHING: Counts = (0,) * len(KINDS)
SMALLEST = 1e6  # billionths of a credit: a thousandth of a cent


@dataclass
class Model:
    """What was told of one model's usage so far, by calls and by sums."""

    total: Counts = NOTHING
    total_credits: float = 0.0
    summed: Counts = NOTHING
    told: Counts = NOTHING
    credits_left: float = 0.0  # summed and not told yet
    without_credits: bool = False  # some call told none


@dataclass
class Session:
    """One file: what its records say of the session, and what happened in it, each with its own key."""

    file: Path
    name: str
    began_as: str | None = None
    parent: str | None = None
    version: str | None = None
    cwd: str | None = None
    tools: dict[str, tuple[str | None, dt.datetime]] = field(default_factory=dict)
    edits: set[str] = field(default_factory=set)  # calls that wait for a decision
    asked: dict[str, str] = field(default_factory=dict)  # what a person is asked about → the call
    models: dict[str, Model] = field(default_factory=lambda: defaultdict(Model))
    has_calls: bool = False
    output_left: int = 0  # output of responses that no call and no sum has told yet
    recorded: Counter[tuple[str | None, Counts]] = field(default_factory=Counter)  # calls without their rows
    rows: list[Row] = field(default_factory=list)  # those that wait for their time
    events: list[tuple[str, Event]] = field(default_factory=list)

    @property
    def age(self) -> tuple[dt.datetime, bool, Path]:
        """A parent comes before its forks, which may begin with its records."""
        first = min((event.at for _, event in self.events), default=dt.datetime.max.replace(tzinfo=dt.UTC))
        return first, self.name != self.began_as, self.file


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line is Copilot's."""
    kind, data = value.get("type"), value.get("data")
    if not (isinstance(kind, str) and isinstance(data, dict) and "timestamp" in value and "id" in value):
        return False
    if kind == "session.start":
        return data.get("producer") == "copilot-agent" or "copilotVersion" in data
    return kind.startswith(FAMILIES) and "parentId" in value


def is_file(sample: Sample) -> bool:
    """Whether a file is Copilot's whose first line is longer than what was read."""
    in_long_line = sample.is_json and sample.name == "events.jsonl" and b'"copilotVersion"' in sample.head
    return in_long_line or is_store(sample)


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The calls of models, prompts, tools and errors of all sessions, each once."""
    logs = [file for file in files if not is_store(Sample.of(file))]
    beside = {file.parent.parent.parent / NAME for file in logs}
    stores = sorted({*(set(files) - set(logs)), *(store for store in beside if store.is_file())})
    stored = calls(stores, journal)
    read = [_read(file, stored, journal) for file in logs]
    sessions = sorted((*read, *_without_log(stored, stores, journal)), key=lambda session: session.age)
    parents = {session.name: session.parent for session in sessions}
    seen: set[str] = set()
    for session in sessions:
        root = _root(session.name, parents)
        for key, event in session.events:
            if key in seen:
                journal.repeat(1)
            elif event.session != session.name or root == session.name:
                yield event
            elif event.name != f"{AGENT}.user_prompt":  # that is what the parent's agent sent
                named = {"thread.id": session.name} | event.attributes | {"session.id": root}
                yield replace(event, session=root, attributes=named)
            seen.add(key)
        if session.output_left and not session.has_calls:
            journal.warn(
                f"{session.file} tells only the output of its last responses: {session.output_left:,} tokens,"
                " which are not counted. The session has not ended."
            )


def _without_log(stored: dict[str, list[Row]], stores: list[Path], journal: Journal) -> Iterator[Session]:
    """The sessions that are left in databases, whose logs were removed, and may have been read before.

    Those whose log is there, and is not read now, wait for it.
    """
    for name, rows in stored.items():
        if any((store.parent / "session-state" / name / "events.jsonl").is_file() for store in stores):
            journal.skip(len(rows))
        else:
            session = Session(stores[0], name, cwd=rows[0].cwd, rows=rows)
            session.events += [(key, replace(event, source="ledger")) for key, event in _rows(session)]
            yield session


def _read(file: Path, stored: dict[str, list[Row]], journal: Journal) -> Session:
    session = Session(file, file.parent.name if file.stem == "events" else file.stem)
    session.rows = stored.pop(session.name, [])
    for number, record in json_lines(file, journal):
        kind, data = text(record.get("type")) or "", mapping(record.get("data"))
        if kind == "session.start" and not session.began_as:
            session.began_as = text(data.get("sessionId"))
            session.parent = text(data.get("detachedFromSpawningParentSessionId"))
            if session.began_as and not _is_uuid(session.name):
                session.name = session.began_as
                session.rows += stored.pop(session.name, [])
        try:
            session.events += _told(session, record, kind, data, journal)
        except BadRecord as error:
            journal.quarantine(file, number, str(error))
        tell_unknown(journal, file, number, AGENT, kind, data, READ | NO_USAGE)
    session.events += _rows(session)
    return session


def _is_uuid(name: str) -> bool:
    try:
        return bool(UUID(name))
    except ValueError:
        return False


def _root(session: str, parents: dict[str, str | None]) -> str:
    """The session that a person began; parents that go round in a circle are none."""
    passed = {session}
    while (parent := parents.get(session)) and parent not in passed:
        passed.add(parent)
        session = parent
    return session


def _told(
    session: Session, record: dict[str, Any], kind: str, data: dict[str, Any], journal: Journal
) -> list[tuple[str, Event]]:
    """What a record tells, each with what tells it from others."""
    name = text(record.get("id")) or f"{session.name} {kind} {record.get('timestamp')}"
    if kind == "session.usage_record":
        return [_call(session, record, mapping(data.get("usage")), name)]
    if kind == "session.shutdown":
        of_rows = list(_rows(session, instant(record.get("timestamp"))))
        return of_rows + list(_sums(session, record, mapping(data.get("modelMetrics")), name, journal))
    if kind in ("session.start", "session.resume", "session.context_changed"):
        _learn(session, data)
        if kind != "session.start":
            return []
        branch = text(mapping(data.get("context")).get("branch"))
        return [(name, _event("session_start", session, record, known(vcs__ref__head__name=branch)))]
    if kind == "assistant.message":
        session.output_left += tokens(data.get("outputTokens"))
    elif kind == "user.message" and _is_prompt(record, data):
        return [(name, _event("user_prompt", session, record, {"message.uuid": name}))]
    elif kind == "tool.execution_start":
        call = text(data.get("toolCallId")) or name
        session.tools[call] = text(data.get("toolName")), instant(record.get("timestamp"))
        if session.tools[call][0] in EDIT_TOOLS and mapping(data.get("arguments")).get("command") != "view":
            session.edits.add(call)
    elif kind == "permission.requested":
        asked, about = text(data.get("requestId")), mapping(data.get("permissionRequest"))
        session.asked[asked or ""] = text(about.get("toolCallId")) or ""
    elif kind == "permission.completed":
        call = text(data.get("toolCallId")) or session.asked.get(text(data.get("requestId")) or "", "")
        if mapping(data.get("result")).get("kind") == DENIED:
            return _decision(session, record, call, "reject", name)
    elif kind == "tool.execution_complete":
        call = text(data.get("toolCallId")) or name
        done = [(f"result of {name}", _tool(session, record, data, call))]
        if data.get("success") is True:
            done += _decision(session, record, call, "accept", name)
        elif mapping(data.get("error")).get("code") == "rejected":
            done += _decision(session, record, call, "reject", name)
        return done
    elif kind == "session.error":
        status = data.get("statusCode")
        attributes = known(
            status_code=status if type(status) is int else None, error_type=text(data.get("errorType"))
        )
        return [(name, _event("api_error", session, record, attributes))]
    return []


def _learn(session: Session, data: dict[str, Any]) -> None:
    context = mapping(data.get("context")) or data
    session.version = text(data.get("copilotVersion")) or session.version
    session.cwd = text(context.get("cwd")) or session.cwd


def _counts(usage: dict[str, Any]) -> Counts:
    return tuple(tokens(usage.get(kind)) for kind in KINDS)


def _call(session: Session, record: dict[str, Any], usage: dict[str, Any], name: str) -> tuple[str, Event]:
    accounting = mapping(usage.get("accounting"))
    source = text(accounting.get("sourceSessionId")) or session.name
    request = text(accounting.get("usageId")) or text(usage.get("apiCallId")) or name
    if not usage.keys() & set(KINDS):
        raise BadRecord("it tells no tokens")
    model, counts = text(usage.get("model")), _counts(usage)
    credits = _credits(usage.get("copilotUsage")) or _credits(usage)
    attributes = _usage(model, counts, credits) | known(
        request_id=request, provider=text(usage.get("providerType"))
    )
    event = _event("api_request", session, record, attributes, source)
    _count(session, model, counts, credits)
    session.recorded[model, counts] += source == session.name
    return request, event


def _count(session: Session, model: str | None, counts: Counts, credits: float) -> None:
    told = session.models[model or ""]
    told.told = _plus(told.told, counts)
    told.credits_left -= credits
    told.without_credits |= not credits
    session.has_calls = True


def _rows(session: Session, until: dt.datetime | None = None) -> Iterator[tuple[str, Event]]:
    """The calls of the database up to a time that no record of the log tells."""
    while session.rows and (until is None or session.rows[0].at <= until):
        row = session.rows.pop(0)
        if session.recorded[row.model, row.counts]:
            session.recorded[row.model, row.counts] -= 1
            continue
        _count(session, row.model, row.counts, row.nano_credits)
        attributes = _usage(row.model, row.counts, row.nano_credits) | {"request_id": row.name}
        record = {"timestamp": row.at.isoformat(), "agentId": row.agent}
        yield row.name, _event("api_request", session, record, attributes)


def _sums(
    session: Session, record: dict[str, Any], metrics: dict[str, Any], name: str, journal: Journal
) -> Iterator[tuple[str, Event]]:
    """What the sums of a shutdown tell beyond the last ones, and beyond single calls."""
    session.output_left = 0
    for model, sums in metrics.items():
        total, total_credits = _counts(mapping(mapping(sums).get("usage"))), _credits(sums)
        told = session.models[model]
        grown, earned = _minus(total, told.total), total_credits - told.total_credits
        if min(grown) < 0:
            grown, earned = total, total_credits
        told.total, told.total_credits = total, total_credits
        told.summed = _plus(told.summed, grown)
        told.credits_left += max(0.0, earned)
        more = tuple(max(0, count) for count in _minus(told.summed, told.told))
        credits = told.credits_left if told.credits_left >= SMALLEST else 0.0
        if credits and told.without_credits:
            # Whose money it is cannot be told: the calls have a price already.
            journal.warn(f"{session.file} sums up credits of {model} that its calls do not tell.")
            credits = 0.0
        if any(more) or credits:
            told.told, told.credits_left = _plus(told.told, more), 0.0
            request = f"{name}:{model}"
            attributes = _usage(text(model), more, credits) | {"request_id": request}
            yield request, _event("api_request", session, record, attributes)


def _credits(told: Any) -> float:
    return money(mapping(told).get("totalNanoAiu")) or 0.0


def _plus(left: Counts, right: Counts) -> Counts:
    return tuple(a + b for a, b in zip(left, right, strict=True))


def _minus(left: Counts, right: Counts) -> Counts:
    return tuple(a - b for a, b in zip(left, right, strict=True))


def _usage(model: str | None, counts: Counts, credits: float) -> dict[str, Any]:
    sent, received, read, written = counts
    return known(
        model=model,
        input_tokens=max(0, sent - read - written),
        output_tokens=received,
        cache_read_tokens=read,
        cache_creation_tokens=written,
        # No credits is also what is told where nobody knows them: with a provider of one's own.
        cost_usd=credits / NANO_CREDITS_PER_DOLLAR or None,
    )


def _is_prompt(record: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether a message is what a person typed."""
    if record.get("agentId") or data.get("isAutopilotContinuation") is True:
        return False
    content, sent = data.get("content"), data.get("transformedContent")
    injected = any(isinstance(part, str) and part.lstrip().startswith(NOT_TYPED) for part in (content, sent))
    return (text(data.get("source")) or "user") == "user" and not injected


def _tool(session: Session, record: dict[str, Any], data: dict[str, Any], call: str) -> Event:
    tool, begun = session.tools.get(call, (None, None))
    measured = mapping(mapping(data.get("toolTelemetry")).get("metrics"))
    success = data.get("success") is True
    output = mapping(data.get("result")).get("content") if tool in SHELLS else None
    attributes = known(
        tool_name=tool,
        tool_use_id=call,
        success="true" if success else "false",
        duration_ms=_milliseconds(begun, instant(record.get("timestamp"))),
        lines_added=_lines(measured.get("linesAdded")) if success else None,
        lines_removed=_lines(measured.get("linesRemoved")) if success else None,
        **made_in(output),
    )
    return _event("tool_result", session, record, attributes)


def _decision(
    session: Session, record: dict[str, Any], call: str, decision: str, name: str
) -> list[tuple[str, Event]]:
    """What was decided about an edit, the first time that it is told; what was done was accepted."""
    if call not in session.edits:
        return []
    session.edits.remove(call)
    decided = known(tool_name=session.tools[call][0], tool_use_id=call, decision=decision)
    return [(f"decision of {name}", _event("tool_decision", session, record, decided))]


def _milliseconds(begun: dt.datetime | None, ended: dt.datetime) -> int | None:
    return max(0, round((ended - begun).total_seconds() * 1000)) if begun else None


def _lines(value: Any) -> int | None:
    return int(value) if type(value) in (int, float) and 0 <= value < 1e9 else None


def _event(
    name: str, session: Session, record: dict[str, Any], attributes: dict[str, Any], of: str | None = None
) -> Event:
    named = known(
        session__id=of or session.name, thread__id=text(record.get("agentId")), app__version=session.version
    )
    return Event(
        instant(record.get("timestamp")),
        f"{AGENT}.{name}",
        of or session.name,
        named | attributes,
        agent=AGENT,
        cwd=session.cwd,
        version=session.version,
    )
