"""Attributes of telemetry: what may stay as it is, by what is allowed.

Names of people become pseudonyms, ids that programs drew and the words that models read stay, and so do
numbers. Every other text becomes a hash: it still tells one series of a metric, or one record, from another.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from pipeline.agents import AGENTS, TELEMETRY
from pipeline.agents.conventions import MAIN
from pipeline.agents.projects import project_named
from pipeline.engines.forgotten import MARK
from pipeline.privacy import commits
from pipeline.privacy.pseudonyms import Pseudonyms

_REQUESTS = [request for telemetry in TELEMETRY for request in telemetry.requests]
_METRICS = [metric for telemetry in TELEMETRY for metric in telemetry.activity_metrics]

PEOPLE = ("developer_id", "enduser.id", "user.email", "user.account_uuid", "user.id")
_ALSO_PEOPLE = re.compile(
    r"(?i)(^|[._-])(user|enduser|author|committer|owner)\.|(^|[._-])(e?mail|login|user_?name)$"
)

IDS = frozenset(
    {
        *(name for telemetry in TELEMETRY for name in telemetry.sessions),
        *("request_id", "client_request_id", "response_id", "gen_ai.response.id", "ai.response.id"),
        "thread.id",
    }
)
WORDS = frozenset(
    {
        *(name for telemetry in TELEMETRY for name in (*telemetry.models, *telemetry.tool_names)),
        *(name for telemetry in TELEMETRY for name in (*telemetry.mcp_servers, *telemetry.skills)),
        *(name for request in _REQUESTS for name in request.attributes()),
        *(request.only[0] for request in _REQUESTS if request.only),
        *(name for telemetry in TELEMETRY for name in (*telemetry.costs, *telemetry.failures.values())),
        *(metric.attribute for metric in _METRICS if metric.attribute),
        *("agent_type", "app.version", "decision", "event.sequence", "git_commit_id"),
        *("duration_ms", "error.type", "inference_geo", "is_free", "success"),
        *("lines_added", "lines_removed", "service.name", "service.version", "service_tier", "speed"),
        MARK,
        *("gen_ai.token.type", "terminal.type", "token_type", "type", "web_search_requests", "start_type"),
    }
)
# What names the project: it is called as the projects of commits are.
REPOSITORIES = frozenset(name for telemetry in TELEMETRY for name in telemetry.repositories)
PROJECTS = ("project_id", "project.name", "vcs.repository.name", *REPOSITORIES)
# What a tool was given; of it only the commit that it made may stay.
HOLDS_COMMIT = ("tool_parameters", "tool_input")

_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,127}")
_COMMIT_IN = re.compile(r'"git_commit_id" *: *"([0-9a-fA-F]{7,64})"')

_AGENTS = frozenset(name for agent in AGENTS.values() for name in (agent.name, *agent.aliases))
_EVENTS = frozenset(
    name
    for telemetry in TELEMETRY
    for name in (
        *(request.event for request in telemetry.requests),
        *(*telemetry.cost_events, *telemetry.other_events, *telemetry.starts, *telemetry.ends),
        *(*telemetry.setups, *telemetry.prompts, *telemetry.errors, *telemetry.failures, *telemetry.tools),
        *(*telemetry.decision_events, *telemetry.subagents, *telemetry.retold),
    )
)
_SPAN = re.compile("|".join(f"(?:{name})" for telemetry in TELEMETRY for name in telemetry.spans))


class Attributes:
    """Says what lands of attributes and of the names of events, spans and metrics."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._for = pseudonyms
        self._projects = {*PROJECTS, *pseudonyms.project_attributes}
        # The same few names stand in most records.
        self.event = lru_cache(10_000)(self._event)
        self._rule = lru_cache(10_000)(self._rule_of)

    def document(self, document: Any) -> Any:
        """Attributes as an object, or as the text of one; as they came."""
        if isinstance(document, str | bytes):
            try:
                found = orjson.loads(document)
            except orjson.JSONDecodeError:
                return "{}"
            return orjson.dumps(self.document(found), option=orjson.OPT_SORT_KEYS).decode()
        return self.attributes(document) if isinstance(document, dict) else {}

    def attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Attributes with what may be known of them."""
        found = {}
        for name, value in attributes.items():
            shown, rule = self._rule(name)
            says_nothing = value is None or value == "" or isinstance(value, bool)
            found[shown] = value if says_nothing else rule(value)
        return found

    def words(self, value: Any) -> Any:
        """A JSON document, or its text, whose texts are names of things: languages, editors, modes."""
        if isinstance(value, str | bytes):
            try:
                found = orjson.loads(value)
            except orjson.JSONDecodeError:
                return "null"
            return orjson.dumps(self._words(found), option=orjson.OPT_SORT_KEYS).decode()
        return self._words(value)

    def _event(self, name: str) -> str:
        """The name of an event, or a body: as it is where some agent's event is called so."""
        space, _, rest = name.partition(".")
        known = name in _EVENTS or rest in _EVENTS
        named = bool(rest) and " " not in name and re.sub(r"[-. /:|]", "_", space.lower()) in _AGENTS
        return self._for.word(name) if known or named else self._for.hidden(name)

    def span(self, name: str) -> str:
        """The name of a span: its first word, where models read it."""
        return name.partition(" ")[0] if _SPAN.search(name) else self._for.hidden(name)

    def _name(self, name: str) -> str:
        return name if _NAME.fullmatch(name) else self._for.hidden(name)

    def _rule_of(self, name: str) -> tuple[str, Callable[[Any], Any]]:
        """What an attribute is called, and what becomes of its value."""
        shown = self._name(name)
        if name in self._projects:
            return shown, lambda value: self._value(value, self._project)
        if name in PEOPLE or _ALSO_PEOPLE.search(name):  # an owner of a repository, too
            return shown, lambda value: self._for.person(value if isinstance(value, str) else _text(value))
        rule: Callable[[str], str] = self._for.hidden
        if name == "event.name":
            rule = self.event
        elif name == "pull_request":
            rule = self._request
        elif name == "vcs.ref.head.name":
            rule = self.branch
        elif name in IDS:
            rule = self._for.identifier
        elif name in WORDS:
            rule = self._for.word
        elif name in HOLDS_COMMIT:
            rule = self._parameters
        return shown, lambda value: self._value(value, rule)

    def _project(self, project: str) -> str:
        return commits.project(project_named(project), self._for) or ""

    def _request(self, request: str) -> str:
        """A request, called as the rows of raw.pull_requests are."""
        repository, mark, number = request.rpartition("#")
        named = mark and number.isdecimal()
        return f"{self._project(repository)}#{number}" if named else self._for.hidden(request)

    def branch(self, name: str) -> str:
        """A branch; models know the main one by its name."""
        return name if name in MAIN else self._for.hidden(name)

    def _value(self, value: Any, rule: Callable[[str], str]) -> Any:
        if isinstance(value, int | float):
            return value
        return rule(value) if isinstance(value, str) else self._for.hidden(_text(value))

    def _parameters(self, value: str) -> str:
        commit = _COMMIT_IN.search(value)
        return f'{{"git_commit_id":"{commit[1]}"}}' if commit else self._for.hidden(value)

    def _words(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._name(name): self._words(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._words(item) for item in value]
        return self._for.word(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
