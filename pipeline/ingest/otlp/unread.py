"""Usage in telemetry that no model reads: it lands, and is told, since nobody would miss it.

What models read stands in the declarations of `pipeline.agents`. What has fields, kinds of tokens or names
beyond them, and numbers in these, carries usage that is not counted.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from pipeline.agents import AGENTS
from pipeline.agents.conventions import CONVENTIONS
from pipeline.agents.usage import is_usage, usage_in

_NAMES = (*(agent.telemetry for agent in AGENTS.values()), *CONVENTIONS)
_REQUESTS = [request for telemetry in _NAMES for request in telemetry.requests]
_COUNTS = frozenset(name for request in _REQUESTS for name in request.attributes())
_COSTS = frozenset(name for telemetry in _NAMES for name in telemetry.costs)
_COST_EVENTS = frozenset(name for telemetry in _NAMES for name in telemetry.cost_events)
_OTHER_EVENTS = frozenset(name for telemetry in _NAMES for name in telemetry.other_events)
_RETOLD = frozenset(name for telemetry in _NAMES for name in telemetry.retold)
_SPANS = re.compile("|".join(f"({name})" for telemetry in _NAMES for name in telemetry.spans))
_TOKEN_METRICS = [
    (re.compile(metric.name), frozenset(metric.kinds))
    for telemetry in _NAMES
    for metric in telemetry.token_metrics
]
_COST_METRICS = [re.compile(name) for telemetry in _NAMES for name in telemetry.cost_metrics]
_TOKEN_KIND = ("type", "token_type", "gen_ai.token.type")
MOST = 1000  # kinds that are told apart, whatever somebody sends
_EVENT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")


class Found(NamedTuple):
    """Where usage was found that is not read.

    Attributes:
        agent: who tells it, else the service.
        kind: what kind of record, for a person.
        field: the attribute, or kind of tokens.
        is_span: whether a span tells it; then logs or metrics may tell the same.
    """

    agent: str
    kind: str
    field: str
    is_span: bool = False


MORE = Found("unknown", "more kinds", "many fields")


@dataclass
class _Kind:
    """A kind of records.

    Attributes:
        read: fields that models read, or others tell again.
        harmless: fields known to be read, or to be no usage.
    """

    agent: str
    name: str
    read: frozenset[str]
    is_span: bool = False
    harmless: set[str] = field(default_factory=set)


class Unread:
    """Looks through records for usage that models do not read.

    Attributes:
        found: how many records carry it.
        understood: agents of which a record was read.
    """

    def __init__(self) -> None:
        self.found: Counter[Found] = Counter()
        self.understood: set[str] = set()
        self._kinds: dict[tuple[Any, ...], _Kind | None] = {}
        self._metrics: dict[tuple[str | None, str], _Kind | None] = {}

    def log(self, service: str | None, name: Any, body: Any, attributes: Mapping[str, Any]) -> None:
        """Look through a log record."""
        full = body if name is None or (isinstance(body, str) and body.endswith(f".{name}")) else name
        if not (isinstance(full, str) and _EVENT_NAME.fullmatch(full)):
            full = "log record"
        key = service, full
        if key not in self._kinds:
            self._kinds[key] = _log_kind(service, full)
        if kind := self._kinds[key]:
            self._look(kind, attributes)

    def span(self, service: str | None, name: Any, attributes: Mapping[str, Any]) -> None:
        """Look through a span."""
        first = name.partition(" ")[0] if isinstance(name, str) and name else "span"
        key = service, first, "span"
        if key not in self._kinds:
            self._kinds[key] = _span_kind(service, first)
        if kind := self._kinds[key]:
            self._look(kind, attributes)

    def point(
        self, service: str | None, metric: str, value: float | None, attributes: Mapping[str, Any]
    ) -> None:
        """Look at a point of a metric."""
        key = service, metric
        if key not in self._metrics:
            self._metrics[key] = _metric_kind(service, metric)
        kind = self._metrics[key]
        if not (kind and value and value > 0):
            return
        stated = next((text for name in _TOKEN_KIND if (text := attributes.get(name))), None)
        if not kind.read:
            self._tell(Found(kind.agent, kind.name, "value"))
        elif stated is not None and stated not in kind.read:
            self._tell(Found(kind.agent, kind.name, f"type {stated!s:.80}"))
        else:
            self.understood.add(kind.agent)

    def _look(self, kind: _Kind, attributes: Mapping[str, Any]) -> None:
        if kind.agent not in self.understood and not kind.read.isdisjoint(attributes):
            self.understood.add(kind.agent)
        if kind.harmless.issuperset(attributes):
            return
        for name, value in attributes.items():
            if name in kind.harmless:
                continue
            may_hold_usage = is_usage(name) or isinstance(value, dict | list)
            if name in kind.read or name in _RETOLD or not may_hold_usage:
                kind.harmless.add(name)
            elif found := usage_in({name: _number(value)}):
                self._tell(Found(kind.agent, kind.name, found[:200], kind.is_span))
                return

    def _tell(self, found: Found, number: int = 1) -> None:
        is_new = found not in self.found and len(self.found) >= MOST
        self.found[MORE if is_new else found] += number

    def take(self, other: "Unread") -> None:
        """Take over what another has found."""
        for found, number in other.found.items():
            self._tell(found, number)
        self.understood |= other.understood


@cache
def _aliases() -> dict[str, str]:
    return {alias: agent.name for agent in AGENTS.values() for alias in (agent.name, *agent.aliases)}


def agent_named(name: str, service: str | None) -> str:
    """The agent that the prefix of a name or its service names, else the service as it is."""
    for given in (name.partition(".")[0] if "." in name else "", service or ""):
        if agent := _aliases().get(given.lower().replace("-", "_")):
            return agent
    return (service or "unknown")[:80]


def _log_kind(service: str | None, name: str) -> _Kind | None:
    bare = name.partition(".")[2] or name
    if name in _OTHER_EVENTS or not _RETOLD.isdisjoint((name, bare)):
        return None
    read: set[str] = set()
    for request in _REQUESTS:
        if request.event in (name, bare):
            read |= {*request.attributes(), *_COSTS}
    if not _COST_EVENTS.isdisjoint((name, bare)):
        read |= _COSTS
    return _Kind(agent_named(name, service), name, frozenset(read))


def _span_kind(service: str | None, name: str) -> _Kind | None:
    if name in _RETOLD:
        return None
    read = _COUNTS | _COSTS if _SPANS.match(name) else frozenset[str]()
    return _Kind(agent_named(name, service), f"span {name[:80]}", read, is_span=True)


def _metric_kind(service: str | None, metric: str) -> _Kind | None:
    """None for a metric that is no usage, or tells it again; else the kinds of tokens that are read."""
    if metric in _RETOLD or not is_usage(metric) or any(name.search(metric) for name in _COST_METRICS):
        return None
    read: Collection[str] = ()
    for name, kinds in _TOKEN_METRICS:
        if matches := name.search(metric):
            if name.groups:
                return None if matches[1] in kinds or matches[1] in _RETOLD else _kind_of(service, metric)
            read = kinds | _RETOLD
            break
    return _kind_of(service, metric, read)


def _kind_of(service: str | None, metric: str, read: Collection[str] = ()) -> _Kind:
    return _Kind(agent_named(metric, service), f"metric {metric[:80]}", frozenset(read))


def _number(value: Any) -> Any:
    """A number as one: exporters write them as text, too."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
