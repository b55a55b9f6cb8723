"""Folders of tasks, as Cline's extension wrote them, and Roo Code and Kilo Code, which were made from it.

`tasks/<task>/ui_messages.json` is a list of messages, each told by its time `ts`. What a request used stands
as JSON in the text of `api_req_started`, which is filled in when the request has ended. Other files of the
folder tell the model and where the task comes from.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterator
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
from pipeline.agents.files import Sample, json_file, json_text
from pipeline.agents.usage import tell_unknown

MESSAGES, SUMMARY, INDEX = "ui_messages.json", "history_item.json", "_index.json"
CONVERSATION, METADATA = "api_conversation_history.json", "task_metadata.json"
# Folders of extensions and command lines → whose tasks are in them.
OWNERS = {
    "saoudrizwan.claude-dev": "cline",
    ".cline": "cline",
    "rooveterinaryinc.roo-cline": "roo_code",
    "zoocodeorganization.zoo-code": "roo_code",
    "kilocode.kilo-code": "kilo_code",
    ".kilocode": "kilo_code",
}
KINDS = {
    "input_tokens": "tokensIn",
    "output_tokens": "tokensOut",
    "cache_creation_tokens": "cacheWrites",
    "cache_read_tokens": "cacheReads",
}
READ = frozenset({*KINDS.values(), "cost"})
# Requests, those that a restored checkpoint has removed, and the latest sums of sub-agents.
REQUESTS = ("api_req_started", "deleted_api_reqs", "subagent_usage")
SUMS = frozenset({*KINDS.values(), "totalCost", "contextTokens"})
CONDENSED = ("contextCondense",)  # what it cost, and how full the context was and is
FAILURES = ("streaming_failed", "retries_exhausted")
NO_USAGE = frozenset(
    # What people, models and tools said.
    {"task", "text", "user_feedback", "user_feedback_diff", "reasoning", "completion_result", "followup"}
    | {"command", "command_output", "tool", "plan_mode_respond", "act_mode_respond", "new_task", "error"}
    | {
        "use_mcp_server",
        "mcp_server_response",
        "browser_action",
        "browser_action_result",
        "checkpoint_created",
    }
    # How full the context is, and what sub-agents show; their usage is `subagent_usage`.
    | {"compaction", "condense", "summarize_task", "sliding_window_truncation", "subagent", "use_subagents"}
)
MODEL = re.compile(r"<model>([\w.:/@+-]{1,128})</model>")
ENVIRONMENT = "<environment_details>"

# Takes counts, and makes its four kinds disjoint.
Disjoint = Callable[[dict[str, int]], dict[str, int]]


@dataclass
class Task:
    """One folder; what is said of models and of the agent's version is in order of time."""

    name: str
    file: Path
    summary: dict[str, Any] = field(default_factory=dict)
    models: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    versions: list[tuple[int, str]] = field(default_factory=list)

    @property
    def parent(self) -> str | None:
        """The task that started this one."""
        return text(self.summary.get("parentTaskId")) or text(self.summary.get("rootTaskId"))

    def model_at(self, at: Any) -> dict[str, str]:
        """What was said of the model nearest in time: it is written just before a request, or just after."""
        if not self.models or type(at) is not int:
            return {}
        later = bisect(self.models, at, key=lambda told: told[0])
        return min(self.models[max(0, later - 1) : later + 1], key=lambda told: abs(told[0] - at))[1]

    def version_at(self, at: Any) -> str | None:
        """The version that the task last went on with."""
        before = [version for since, version in self.versions if type(at) is int and since <= at]
        return before[-1] if before else self.versions[0][1] if self.versions else None


def owner(sample: Sample) -> str | None:
    """Whose task a file belongs to; None if it belongs to none."""
    if not sample.is_json:
        return None
    messages = sample.path.with_name(MESSAGES)
    name = sample.path.name
    if name not in (MESSAGES, SUMMARY, INDEX, CONVERSATION, METADATA) and not messages.is_file():
        return None
    for part in sample.path.parts:
        if part.lower() in OWNERS:
            return OWNERS[part.lower()]
    if name != MESSAGES and not messages.is_file():
        return None
    head = sample.head if name == MESSAGES else _head(messages)
    if b'"say"' not in head:
        return None
    return "roo_code" if b"apiProtocol" in head or sample.path.with_name(SUMMARY).is_file() else "cline"


def _head(file: Path) -> bytes:
    try:
        return Sample.of(file).head
    except OSError:
        return b""


def events(
    agent: str, files: list[Path], disjoint: Disjoint, journal: Journal
) -> Iterator[tuple[tuple[Any, ...], Event]]:
    """What all tasks tell, each with the key that tells it from others; a copy of a task adds nothing.

    Args:
        agent: whose tasks they are.
        files: all files of their folders.
        disjoint: makes kinds of tokens disjoint.
        journal: keeps account.
    """
    folders = dict.fromkeys(file.parent for file in files if file.name in (MESSAGES, SUMMARY))
    tasks = [_task(folder, journal) for folder in folders]
    parents = {task.name: task.parent for task in tasks if task.parent}
    told: dict[tuple[Any, ...], Event] = {}
    # Sums of a task count only where no folder of it has messages.
    whole = {task.name for task in tasks if task.file.name == MESSAGES}
    for task in tasks:
        root = root_of(task.name, parents)
        if task.file.name == SUMMARY and task.name in whole:
            journal.skip()
            continue
        found = _messages if task.file.name == MESSAGES else _sums
        for key, event in found(agent, task, root, disjoint, journal):
            if key in told:
                journal.repeat(1)
            told[key] = max(told.get(key, event), event, key=_size)
    yield from told.items()


def _size(event: Event) -> int:
    return sum(event.attributes.get(kind, 0) for kind in KINDS)


def _task(folder: Path, journal: Journal) -> Task:
    messages, summary = folder / MESSAGES, folder / SUMMARY
    task = Task(folder.name, messages if messages.is_file() else summary)
    if summary.is_file():
        task.summary = mapping(json_file(summary, journal))
    if (folder / METADATA).is_file():
        metadata = mapping(json_file(folder / METADATA, journal))
        for used in objects(metadata.get("model_usage")):
            if type(used.get("ts")) is int:
                told = known(model=text(used.get("model_id")), provider=text(used.get("model_provider_id")))
                task.models.append((used["ts"], told))
        for begun in objects(metadata.get("environment_history")):
            if type(begun.get("ts")) is int and (version := text(begun.get("cline_version"))):
                task.versions.append((begun["ts"], version))
        task.versions.sort()
    if not task.models and (folder / CONVERSATION).is_file():
        task.models = list(_models(folder / CONVERSATION, journal))
    task.models.sort(key=lambda told: told[0])
    return task


def _models(file: Path, journal: Journal) -> Iterator[tuple[int, dict[str, str]]]:
    """The models that were named to the models themselves, among the details of their environment."""
    for message in objects(json_file(file, journal)):
        content = message.get("content")
        blocks = [{"text": content}] if isinstance(content, str) else objects(content)
        for block in blocks:
            written = block.get("text")
            if not isinstance(written, str) or type(message.get("ts")) is not int:
                continue
            # A person may have written such a tag, too.
            details = written.rpartition(ENVIRONMENT)
            if details[1] and (model := MODEL.search(details[2])):
                yield message["ts"], {"model": model[1]}


def _messages(
    agent: str, task: Task, root: str, disjoint: Disjoint, journal: Journal
) -> Iterator[tuple[tuple[Any, ...], Event]]:
    document = json_file(task.file, journal)
    if not isinstance(document, list):
        journal.quarantine(task.file, None, "the messages are no list")
        return
    messages = objects(document)
    for number, message in enumerate(messages):
        kind = text(message.get("say")) or text(message.get("ask")) or "message without a kind"
        at = message.get("ts")
        try:
            for name, attributes in _told(task, kind, messages, number, disjoint):
                event = _event(agent, task, root, name, at, attributes)
                yield (task.name, name, kind, at), event
            if _is_prompt(kind, number) and root == task.name and message.get("partial") is not True:
                name = f"{task.name}:{at}"
                event = _event(agent, task, root, "user_prompt", at, {"message.uuid": name})
                yield (name, "user_prompt"), event
        except BadRecord as error:
            journal.quarantine(task.file, number + 1, str(error))
        rest = _unread(kind, message)
        tell_unknown(journal, task.file, number + 1, agent, kind, rest, NO_USAGE)


def _unread(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    """A message without the usage that is read."""
    written = message.get("text")
    # What is no object is somebody's words.
    told = mapping(json_text(written)) if isinstance(written, str) and written[:1] == "{" else {}
    if kind in (*REQUESTS, "api_req_finished"):
        told = {name: value for name, value in told.items() if name not in READ}
    read = CONDENSED if kind == "condense_context" else ()
    return {name: value for name, value in message.items() if name not in read} | {kind: told}


def _is_prompt(kind: str, number: int) -> bool:
    return kind in ("task", "user_feedback", "user_feedback_diff") or (kind == "text" and number == 0)


def _told(
    task: Task, kind: str, messages: list[dict[str, Any]], number: int, disjoint: Disjoint
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The call, the failure or the tool of a message."""
    message, later = messages[number], (messages[at] for at in range(number + 1, len(messages)))
    written, at = mapping(json_text(message.get("text"))), message.get("ts")
    if kind in REQUESTS:
        if kind == "api_req_started":
            written |= _finished(later)
        yield from _request(task, message, written, disjoint)
        if written.get("cancelReason") in FAILURES:
            yield "api_error", {"error_type": written["cancelReason"]}
    elif kind == "condense_context":
        cost = money(mapping(message.get("contextCondense")).get("cost"))
        if cost:  # there is nothing but money
            yield "api_request", task.model_at(at) | {"cost_usd": cost, "request_id": f"{task.name}:{at}"}
    elif kind == "api_req_failed":
        yield "api_error", {}
    elif kind == "tool" and message.get("partial") is not True and text(written.get("tool")):
        yield "tool_result", {"tool_name": text(written["tool"]), "tool_use_id": f"{task.name}:{at}"}
    elif kind == "command" and message.get("partial") is not True:
        attributes = {"tool_name": "execute_command", "tool_use_id": f"{task.name}:{at}"}
        yield "tool_result", attributes | known(**made_in(_output(later)))


def _finished(later: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """What the oldest versions wrote in a message of its own when a request had ended."""
    for message in later:
        if message.get("say") == "api_req_started":
            break
        if message.get("say") == "api_req_finished":
            return mapping(json_text(message.get("text")))
    return {}


def _output(later: Iterator[dict[str, Any]]) -> str:
    """What a command wrote, before anything else was asked or done."""
    lines = []
    for message in later:
        if "command" in (message.get("say"), message.get("ask")):
            break
        if "command_output" in (message.get("say"), message.get("ask")):
            lines.append(text(message.get("text")) or "")
    return "\n".join(lines)


def _request(
    task: Task, message: dict[str, Any], written: dict[str, Any], disjoint: Disjoint
) -> Iterator[tuple[str, dict[str, Any]]]:
    counts = {kind: tokens(written.get(name)) for kind, name in KINDS.items()}
    cost = money(written.get("cost"))
    if not any(counts.values()) and not cost:
        return  # it has only begun, or nobody knows what it used
    told = mapping(message.get("modelInfo"))
    # What a checkpoint has removed may be of several models.
    nearest = {} if message.get("say") == "deleted_api_reqs" else task.model_at(message.get("ts"))
    model = known(model=text(told.get("modelId")), provider=text(told.get("providerId"))) or nearest
    rest = known(cost_usd=cost or None, request_id=f"{task.name}:{message.get('ts')}")
    yield "api_request", disjoint(counts) | model | rest


def _sums(
    agent: str, task: Task, root: str, disjoint: Disjoint, journal: Journal
) -> Iterator[tuple[tuple[Any, ...], Event]]:
    """A task of which only its sums are left."""
    try:
        counts = {kind: tokens(task.summary.get(name)) for kind, name in KINDS.items()}
        cost = money(task.summary.get("totalCost")) or None
        if any(counts.values()) or cost:
            attributes = disjoint(counts) | known(cost_usd=cost, request_id=f"{task.name}:sums")
            yield (
                (task.name, "sums"),
                _event(agent, task, root, "api_request", task.summary.get("ts"), attributes),
            )
        rest = {name: value for name, value in task.summary.items() if name not in SUMS}
        tell_unknown(journal, task.file, None, agent, "task", rest)
    except BadRecord as error:
        journal.quarantine(task.file, None, str(error))


def _event(agent: str, task: Task, root: str, name: str, at: Any, attributes: dict[str, Any]) -> Event:
    version, thread = task.version_at(at), task.name if root != task.name else None
    return Event(
        instant(at),
        f"{agent}.{name}",
        root,
        known(session__id=root, thread__id=thread, app__version=version) | attributes,
        agent=agent,
        cwd=text(task.summary.get("workspace")),
        version=version,
    )
