"""What a single line of Claude Code tells, without what people, models and tools wrote."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline.agents.commits import commit_in, request_at, request_in
from pipeline.agents.events import Event, instant, known, mapping, money, objects, text, tokens

AGENT = "claude_code"
EDIT_TOOLS = ("Edit", "MultiEdit", "NotebookEdit", "Write")
# What Claude Code itself writes into the user's turn, shell commands and their output among it.
NOT_TYPED = (
    *("<command-", "<local-command-", "<task-notification>", "<bash-", "[Request interrupted"),
    *("<ide_", "<teammate-message", "This session is being continued from a previous conversation"),
)
REMINDER, ITS_END = "<system-reminder>", "</system-reminder>"
TYPED_BY_PEOPLE = (None, "user", "human")  # kinds of `origin`
REJECTED = ("User rejected tool use", "The user doesn't want to proceed with this tool use")
ANYWHERE = ("global", "not_available")  # values of `inference_geo` that name no place
HASH = re.compile("[0-9a-f]{7,64}")
USUAL_TIERS = ("standard", "default", "auto")


@dataclass(frozen=True)
class Place:
    """Where a line belongs.

    Attributes:
        session: the session that a person started.
        thread: the sub-agent, if it is one's.
    """

    session: str
    thread: str | None = None

    def event(self, name: str, line: dict[str, Any], attributes: dict[str, Any]) -> Event:
        """What happened, as of the line's time, in the line's folder."""
        told = self.session, self.thread, line.get("version"), line.get("gitBranch"), line.get("cwd")
        try:
            of_line, version, cwd = _of_line(*told)
        except TypeError:  # a list, or an object
            of_line, version, cwd = _of_line.__wrapped__(*told)
        return Event(
            instant(line.get("timestamp")),
            f"{AGENT}.{name}",
            self.session,
            of_line | attributes,
            agent=AGENT,
            cwd=cwd,
            version=version,
        )


@lru_cache(maxsize=64)
def _of_line(
    session: str, thread: str | None, version: Any, branch: Any, cwd: Any
) -> tuple[dict[str, Any], str | None, str | None]:
    """What all events of a line have, version and folder: mostly what those of the line before had."""
    version, branch = text(version), text(branch)
    attributes = known(
        session__id=session,
        thread__id=thread if thread != session else None,
        app__version=version,
        vcs__ref__head__name=None if branch == "HEAD" else branch,
    )
    return attributes, version, text(cwd)


def api_request(place: Place, line: dict[str, Any], model: Any, usage: dict[str, Any]) -> Event:
    """A response; its request id is the line's, or the message's."""
    lives = mapping(usage.get("cache_creation"))
    an_hour = tokens(lives.get("ephemeral_1h_input_tokens"))
    written = usage.get("cache_creation_input_tokens")
    if written is None:
        written = an_hour + tokens(lives.get("ephemeral_5m_input_tokens"))
    message = text(mapping(line.get("message")).get("id"))
    geo, tier = text(usage.get("inference_geo")), text(usage.get("service_tier"))
    attributes = known(
        model=text(model),
        input_tokens=tokens(usage.get("input_tokens")),
        output_tokens=tokens(usage.get("output_tokens")),
        cache_read_tokens=tokens(usage.get("cache_read_input_tokens")),
        cache_creation_tokens=tokens(written),
        cache_creation_1h_tokens=an_hour if lives else None,
        request_id=text(line.get("requestId")) or message,
        message__id=message,
        speed=text(usage.get("speed")),
        service_tier=None if tier in USUAL_TIERS else tier,
        inference_geo=None if geo in ANYWHERE else geo,
        web_search_requests=tokens(mapping(usage.get("server_tool_use")).get("web_search_requests")) or None,
        cost_usd=money(line.get("costUSD")),
    )
    return place.event("api_request", line, attributes)


def calls_within(place: Place, line: dict[str, Any], model: Any, usage: dict[str, Any]) -> dict[int, Event]:
    """The calls of other models, or of a compaction, that a response holds, by their number.

    They are not in the usage above them: platform.claude.com/docs, advisor tool and compaction.
    """
    return {
        number: api_request(place, line | {"costUSD": None}, text(call.get("model")) or model, call)
        for number, call in enumerate(objects(usage.get("iterations")))
        if call.get("type") not in (None, "message")
    }


def prompt(place: Place, line: dict[str, Any]) -> Event | None:
    """What a person typed, not a tool's result or the agent's own words."""
    if not _is_prompt(line):
        return None
    return place.event("user_prompt", line, known(message__uuid=text(line.get("uuid"))))


def _is_prompt(line: dict[str, Any]) -> bool:
    # What is typed while the agent works is attached to the turn that goes on.
    queued = mapping(line.get("attachment"))
    told = queued if line.get("type") == "attachment" else line
    if told is queued and (
        queued.get("type") != "queued_command" or queued.get("commandMode") not in (None, "prompt")
    ):
        return False
    if line.get("isMeta") is True or line.get("isSidechain") is True or line.get("isCompactSummary") is True:
        return False
    if told.get("promptSource") == "system" or mapping(told.get("origin")).get("kind") not in TYPED_BY_PEOPLE:
        return False
    content = queued.get("prompt") if told is queued else mapping(line.get("message")).get("content")
    if isinstance(content, str):
        return _is_typed(content)
    blocks = objects(content)
    if any(block.get("type") == "tool_result" for block in blocks):
        return False
    texts = [str(block.get("text") or "") for block in blocks if block.get("type") == "text"]
    return any(map(_is_typed, texts)) or (bool(blocks) and not texts)


def _is_typed(words: str) -> bool:
    """Whether a text is a person's, reminders before it aside."""
    typed = words.lstrip()
    while typed.startswith(REMINDER):
        _, end, typed = typed.partition(ITS_END)
        typed = typed.lstrip() if end else ""
    return bool(typed) and not typed.startswith(NOT_TYPED)


@dataclass(frozen=True)
class Asked:
    """A tool that a response asks for."""

    name: str
    may_commit: bool


def asked_tools(line: dict[str, Any]) -> Iterator[tuple[str, Asked]]:
    """The tools that a response asks for, by the id of the call."""
    for block in objects(mapping(line.get("message")).get("content")):
        if block.get("type") != "tool_use":
            continue
        call, name = text(block.get("id")), text(block.get("name"))
        if call and name:
            yield call, Asked(name, "commit" in str(mapping(block.get("input")).get("command")))


@dataclass(frozen=True)
class Result:
    """What a tool gave back, without what only its call tells, which may stand in another file.

    Attributes:
        call: the id of the call.
        line: an event with what the line tells of all that happens in it.
        outcome: what came of it.
        commit: what it names as a commit, if the call was one that commits.
        decision: what was decided about it.
        if_edit: the same, if the call was an edit.
    """

    call: str
    line: Event
    outcome: dict[str, Any]
    commit: str | None
    decision: str | None
    if_edit: str | None

    def events(self, tool: Asked | None) -> Iterator[tuple[str, Event]]:
        """The result and the decision about it, by what tells them from others."""
        of_tool = known(tool_name=tool.name if tool else None, tool_use_id=self.call)
        commit = self.commit if tool and tool.may_commit else None
        yield self.call, self._event("tool_result", of_tool | self.outcome | known(git_commit_id=commit))
        decision = self.decision or (self.if_edit if tool and tool.name in EDIT_TOOLS else None)
        if decision:
            yield f"decision {self.call}", self._event("tool_decision", of_tool | {"decision": decision})

    def _event(self, name: str, attributes: dict[str, Any]) -> Event:
        line = self.line
        return Event(
            line.at,
            f"{AGENT}.{name}",
            line.session,
            line.attributes | attributes,
            agent=AGENT,
            cwd=line.cwd,
            version=line.version,
        )


def tool_results(place: Place, line: dict[str, Any], tools: dict[str, Asked]) -> Iterator[Result]:
    """What tools gave back; `tools` are those whose calls are known."""
    told = line.get("toolUseResult")
    detail = mapping(told)
    for block in objects(mapping(line.get("message")).get("content")):
        call = text(block.get("tool_use_id"))
        if block.get("type") != "tool_result" or call is None:
            continue
        tool = tools.get(call)
        success = block.get("is_error") is not True
        outcome = {"success": "true" if success else "false"} | _outcome(detail, success)
        commit = None
        if "git_commit_id" not in outcome and (tool is None or tool.may_commit):
            commit = commit_in(detail.get("stdout") or block.get("content"))
        decision = mapping(line.get("permissionDecision")).get("decision")
        yield Result(
            call,
            place.event("tool_result", line, {}),
            outcome,
            commit,
            decision if decision in ("accept", "reject") else None,
            _if_edit(told, block.get("content"), success),
        )


def _outcome(detail: dict[str, Any], success: bool) -> dict[str, Any]:
    """Numbers of a result, and the commit and the pull request that it names."""
    made = mapping(detail.get("gitOperation"))
    commit = mapping(made.get("commit")).get("sha")
    took = next(
        (detail[key] for key in ("durationMs", "totalDurationMs") if type(detail.get(key)) is int), -1
    )
    added, removed = _lines(detail) if success else (None, None)
    return known(
        duration_ms=took if 0 <= took < 2**53 else None,
        git_commit_id=commit if isinstance(commit, str) and HASH.fullmatch(commit) else None,
        pull_request=request_at(mapping(made.get("pr")).get("url")) or request_in(detail.get("stdout")),
        lines_added=added,
        lines_removed=removed,
        # Searches of a call that is told nowhere else.
        web_search_requests=detail["searchCount"] if type(detail.get("searchCount")) is int else None,
    )


def _lines(detail: dict[str, Any]) -> tuple[int | None, int | None]:
    """Lines that an edit added and removed; a new file has no patch."""
    patch, content = detail.get("structuredPatch"), detail.get("content")
    if detail.get("type") == "create" and isinstance(content, str):
        return len(content.splitlines()), 0
    if not isinstance(patch, list):
        return None, None
    signs = [line[:1] for hunk in objects(patch) for line in _strings(hunk.get("lines"))]
    return signs.count("+"), signs.count("-")


def _strings(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _if_edit(detail: Any, content: Any, success: bool) -> str | None:
    """What was decided about an edit; older versions do not say, but what was done was accepted."""
    if any(isinstance(said, str) and said.startswith(REJECTED) for said in (detail, content)):
        return "reject"
    return "accept" if success else None


def linked_request(place: Place, line: dict[str, Any]) -> Event | None:
    """The pull request to which Claude Code has tied the session; it says so again after each resumption."""
    request = request_at(line.get("prUrl"))
    return place.event("pr_link", line, {"pull_request": request}) if request else None


def api_error(place: Place, line: dict[str, Any]) -> tuple[str, Event] | None:
    """A request that failed: one that is tried again, or the last one, which stands in an answer's place."""
    if line.get("type") == "system" and line.get("subtype") == "api_error":
        error = mapping(line.get("error"))
        status, kind = error.get("status"), mapping(mapping(error.get("error")).get("error")).get("type")
        request = text(error.get("requestId")) or text(line.get("requestId"))
    elif line.get("isApiErrorMessage") is True:
        status, kind, request = (
            line.get("apiErrorStatus"),
            line.get("apiErrorType"),
            text(line.get("requestId")),
        )
    else:
        return None
    attributes = known(
        status_code=status if type(status) is int and 100 <= status < 600 else None,
        error_type=text(kind),
        request_id=request,
    )
    event = place.event("api_error", line, attributes)
    return f"error {request or text(line.get('uuid')) or event.at}", event
