"""Droid: `sessions/<folder>/<session>.jsonl`, and beside it `<session>.settings.json` with what it used.

The settings hold sums that grow in place: the event of a session keeps its request id, by which models take
the latest. Input, cache writes and cache reads are disjoint. `tokenUsage` is the session alone; the inclusive
sums count only where it is missing and the session has started no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import (
    BadRecord,
    Event,
    Journal,
    instant,
    known,
    mapping,
    money,
    objects,
    text,
    tokens,
)
from pipeline.agents.families import root_of
from pipeline.agents.files import Sample, json_file, json_lines, json_text
from pipeline.agents.usage import tell_unknown, tell_unread

AGENT = "droid"
SETTINGS, BACKUP = ".settings.json", ".settings.json.bak"
KINDS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_creation_tokens": "cacheCreationTokens",
    "cache_read_tokens": "cacheReadTokens",
}
# Thinking is part of the output.
READ = frozenset({*KINDS.values(), "thinkingTokens", "factoryCredits"})
OWN, INCLUSIVE, OF_CHILDREN = "tokenUsage", "inclusiveTokenUsage", "childInclusiveTokenUsageBySessionId"
NO_USAGE = frozenset(
    {"settings.lastCallTokenUsage", "session_start", "todo_state", "compaction_state", "session_end"}
    | {"message", "agent_turn_outcome"}
)
LARGEST_CONFIGURATION = 1 << 20
# Who sees a message; what only one side sees is none that a person sent.
HIDDEN = ("llm_only", "user_only")


@dataclass
class Session:
    """What the two files of a session tell."""

    name: str
    settings_file: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    messages: list[tuple[Path, int, dict[str, Any]]] = field(default_factory=list)

    @property
    def caller(self) -> str | None:
        """The session that started this one as a sub-agent."""
        tags = (mapping(tag.get("metadata")) for tag in objects(self.settings.get("tags")))
        return next(filter(None, (text(tag.get("callingSessionId")) for tag in tags)), None)

    @property
    def fork_of(self) -> str | None:
        """The session whose messages this one has copied."""
        return text(self.start.get("parent"))

    @property
    def ended_at(self) -> Any:
        """The time of the last message."""
        times = [at for _, _, line in self.messages if isinstance(at := line.get("timestamp"), str)]
        return max(times, default=self.settings.get("providerLockTimestamp"))


def is_record(value: dict[str, Any]) -> bool:
    """Whether a line opens a session of Droid, or a document on one line is a session's settings."""
    if "type" in value:
        return value["type"] == "session_start" and {"id", "cwd"} <= value.keys()
    return any(isinstance(value.get(name), dict) for name in (OWN, INCLUSIVE))


def is_file(sample: Sample) -> bool:
    """Whether a file is a session's settings, or a session whose first line is longer than what was read."""
    if sample.name.endswith((SETTINGS, BACKUP)):
        return sample.is_json and sample.path.with_name(f"{_stem(sample.path)}.jsonl").is_file()
    return sample.head.startswith(b'{"type":"session_start"') and b'"cwd"' in sample.head


def events(files: list[Path], journal: Journal) -> Iterator[Event]:
    """The sums, prompts and tools of all sessions; messages that a fork has copied count once."""
    sessions: dict[str, Session] = {}
    for file in files:
        if file.name.endswith(BACKUP):
            journal.skip()
        elif ".jsonl" in file.name:
            _read_messages(file, sessions, journal)
        else:
            _read_settings(file, sessions, journal)
    parents = {name: session.caller for name, session in sessions.items() if session.caller}
    told: set[tuple[Any, ...]] = set()
    for session in sorted(sessions.values(), key=lambda one: (one.fork_of is not None, one.name)):
        root = root_of(session.name, parents)
        yield from _sums(session, root, sessions, journal)
        yield from _messages(session, root, told, journal)


def _stem(file: Path) -> str:
    return file.name.partition(SETTINGS)[0].partition(".json")[0]


def _read_settings(file: Path, sessions: dict[str, Session], journal: Journal) -> None:
    session = sessions.setdefault(_stem(file), Session(_stem(file)))
    settings = mapping(json_file(file, journal))
    if session.settings:
        journal.repeat(1)
        if _size(settings) <= _size(session.settings):
            return
    session.settings_file, session.settings = file, settings


def _size(settings: dict[str, Any]) -> int:
    try:
        return sum(tokens(mapping(settings.get(OWN)).get(name)) for name in KINDS.values())
    except BadRecord:
        return -1


def _read_messages(file: Path, sessions: dict[str, Session], journal: Journal) -> None:
    session = Session(_stem(file))
    for number, line in json_lines(file, journal):
        if line.get("type") == "session_start" and not session.start:
            session.start = line
        elif line.get("type") == "message":
            session.messages.append((file, number, line))
        else:
            kind = text(line.get("type")) or "line without a type"
            tell_unknown(journal, file, number, AGENT, kind, line, NO_USAGE)
    name = text(session.start.get("id")) or session.name
    known_as = sessions.setdefault(name, Session(name))
    known_as.start = known_as.start or session.start
    known_as.messages += session.messages


def _sums(session: Session, root: str, sessions: dict[str, Session], journal: Journal) -> Iterator[Event]:
    settings, file = session.settings, session.settings_file
    usage = settings.get(OWN)
    if not isinstance(usage, dict) and not settings.get(OF_CHILDREN):
        usage = settings.get(INCLUSIVE)
    used = mapping(usage)
    understood = any(name in used for name in (*KINDS.values(), "factoryCredits"))
    for key, value in settings.items():
        if not understood or key not in (OWN, INCLUSIVE, OF_CHILDREN):
            tell_unknown(journal, file, None, AGENT, f"settings.{key}", {key: value}, NO_USAGE)
    if understood:
        tell_unread(journal, file, None, AGENT, "settings.tokenUsage", used, READ)
    try:
        counts = {kind: tokens(used.get(name)) for kind, name in KINDS.items()}
        attributes = counts | known(
            model=_model(settings, file),
            provider=text(settings.get("providerLock")),
            credits=money(used.get("factoryCredits")),
            request_id=session.name,
        )
        if any(counts.values()) or attributes.get("credits"):
            yield _event(session, root, "api_request", session.ended_at, attributes)
            if session.fork_of in sessions and _holds(session, sessions[session.fork_of]):
                journal.warn(
                    f"{file} may count again what its session took over from {session.fork_of}: Droid does"
                    " not tell whether a fork begins with its parent's sums."
                )
    except BadRecord as error:
        journal.quarantine(file, None, str(error))


def _holds(session: Session, parent: Session) -> bool:
    """Whether a session's sums are as large as its parent's, kind by kind."""
    own, others = mapping(session.settings.get(OWN)), mapping(parent.settings.get(OWN))
    try:
        pairs = [(tokens(own.get(name)), tokens(others.get(name))) for name in KINDS.values()]
    except BadRecord:
        return False
    return any(less for _, less in pairs) and all(more >= less for more, less in pairs)


def _model(settings: dict[str, Any], file: Path | None) -> str | None:
    """The session's model; of one that a person has configured, the name that its provider knows."""
    model = text(settings.get("model"))
    if not model or not model.startswith("custom:") or file is None:
        return model
    for folder in file.parents[:4]:
        configured = _configured(folder / "settings.json")
        for custom in objects(mapping(configured).get("customModels")):
            if text(custom.get("id")) == model:
                return text(custom.get("model")) or model
    return model


def _configured(file: Path) -> Any:
    if not file.is_file() or file.stat().st_size > LARGEST_CONFIGURATION:
        return None
    try:
        return json_text(file.read_bytes())
    except OSError:
        return None


def _messages(session: Session, root: str, told: set[tuple[Any, ...]], journal: Journal) -> Iterator[Event]:
    tools: dict[str, str] = {}
    for file, number, line in session.messages:
        try:
            for key, event in _message(session, root, line, tools):
                if key in told:
                    journal.repeat(1)
                    continue
                told.add(key)
                yield event
        except BadRecord as error:
            journal.quarantine(file, number, str(error))


def _message(
    session: Session, root: str, line: dict[str, Any], tools: dict[str, str]
) -> Iterator[tuple[tuple[Any, ...], Event]]:
    message, at = mapping(line.get("message")), line.get("timestamp")
    content, name = message.get("content"), str(line.get("id"))
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else objects(content)
    for block in blocks:
        if block.get("type") == "tool_use":
            tools[str(block.get("id"))] = text(block.get("name")) or ""
        elif block.get("type") == "tool_result":
            call = str(block.get("tool_use_id"))
            tool = tools.get(call)
            attributes = known(
                tool_name=tool or None,
                tool_use_id=call,
                success="false" if block.get("is_error") is True else "true",
                **made_in(_output(block.get("content")) if tool == "Execute" else None),
            )
            yield (call, at), _event(session, root, "tool_result", at, attributes)
    if root == session.name and _is_prompt(line, message, blocks):
        yield (name, at), _event(session, root, "user_prompt", at, {"message.uuid": name})


def _is_prompt(line: dict[str, Any], message: dict[str, Any], blocks: list[dict[str, Any]]) -> bool:
    """Whether a message is what a person typed."""
    if message.get("role") != "user" or line.get("visibility") in HIDDEN:
        return False
    if str(line.get("id")).startswith("context-") or any(b.get("type") == "tool_result" for b in blocks):
        return False
    typed = (b.get("text") for b in blocks if b.get("type") == "text")
    return any(isinstance(words, str) and not words.lstrip().startswith("<system-") for words in typed)


def _output(content: Any) -> str | None:
    if isinstance(content, str):
        return content
    return "\n".join(text(block.get("text")) or "" for block in objects(content))


def _event(session: Session, root: str, name: str, at: Any, attributes: dict[str, Any]) -> Event:
    return Event(
        instant(at),
        f"{AGENT}.{name}",
        root,
        known(session__id=root, thread__id=session.name if root != session.name else None) | attributes,
        agent=AGENT,
        cwd=text(session.start.get("cwd")),
    )
