"""Which usage in telemetry is read: that of records, fields and kinds of tokens which some agent declares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from pipeline.agents import AGENTS
from pipeline.agents.conventions import CONVENTIONS
from pipeline.agents.events import MOST_MEASURED, MOST_TOKENS, MOST_USD
from pipeline.agents.usage import is_usage

_NAMES = (*(agent.telemetry for agent in AGENTS.values()), *CONVENTIONS)
_REQUESTS = [request for telemetry in _NAMES for request in telemetry.requests]
_COUNTS = dict.fromkeys((name for request in _REQUESTS for name in request.attributes()), MOST_TOKENS)
# Attribute → the most that it can say: a million dollars, in its own unit.
_COSTS = {name: round(MOST_USD / unit) for telemetry in _NAMES for name, unit in telemetry.costs.items()}
_COST_EVENTS = frozenset(name for telemetry in _NAMES for name in telemetry.cost_events)
_OTHER_EVENTS = frozenset(name for telemetry in _NAMES for name in telemetry.other_events)
# Names whose usage others tell.
RETOLD = frozenset(name for telemetry in _NAMES for name in telemetry.retold)
_SPANS = re.compile("|".join(f"({name})" for telemetry in _NAMES for name in telemetry.spans))
_TOKEN_METRICS = [
    (re.compile(metric.name), frozenset(metric.kinds))
    for telemetry in _NAMES
    for metric in telemetry.token_metrics
]
_COST_METRICS = [
    (re.compile(name), round(MOST_USD / unit))
    for telemetry in _NAMES
    for name, unit in telemetry.cost_metrics.items()
]

SPAN, METRIC, TYPE, VALUE = "span ", "metric ", "type ", "value"
LONGEST = 80  # characters of a name that are told


@dataclass
class Kind:
    """A kind of records.

    Attributes:
        agent: whose they are.
        name: what they are called, for a person.
        most: fields that models read → the most that one can say; of a metric, its value.
        types: of a metric whose points tell kinds of tokens apart, those that models read.
        is_span: whether they are spans; then logs or metrics may tell the same.
        harmless: fields known to hold no usage, or usage that others tell.
    """

    agent: str
    name: str
    most: Mapping[str, int] = field(default_factory=dict)
    types: frozenset[str] = frozenset()
    is_span: bool = False
    harmless: set[str] = field(default_factory=set)


def is_read(kind: str, field: str) -> bool:
    """Whether models read a field in records of a kind, both as `Unread` tells them."""
    if kind.startswith(METRIC):
        metric = metric_kind(None, kind.removeprefix(METRIC))
        return metric is None or field in metric.most or field.removeprefix(TYPE) in metric.types
    is_span = kind.startswith(SPAN)
    found = span_kind(None, kind.removeprefix(SPAN)) if is_span else log_kind(None, kind)
    return found is None or field in found.most or field in RETOLD


@cache
def _aliases() -> dict[str, str]:
    return {alias: agent.name for agent in AGENTS.values() for alias in (agent.name, *agent.aliases)}


def agent_named(name: str, service: str | None) -> str:
    """The agent that the prefix of a name or its service names, else the service as it is."""
    for given in (name.partition(".")[0] if "." in name else "", service or ""):
        if agent := _aliases().get(given.lower().replace("-", "_")):
            return agent
    return (service or "unknown")[:LONGEST]


def log_kind(service: str | None, name: str) -> Kind | None:
    """The kind of log records of a name; None where others tell all of its usage."""
    bare = name.partition(".")[2] or name
    if name in _OTHER_EVENTS or not RETOLD.isdisjoint((name, bare)):
        return None
    most: dict[str, int] = {}
    for request in _REQUESTS:
        if request.event in (name, bare):
            most |= dict.fromkeys(request.attributes(), MOST_TOKENS) | _COSTS
    if not _COST_EVENTS.isdisjoint((name, bare)):
        most |= _COSTS
    return Kind(agent_named(name, service), name, most)


def span_kind(service: str | None, name: str) -> Kind | None:
    """The kind of spans of a name; None where others tell all of their usage."""
    if name in RETOLD:
        return None
    most = _COUNTS | _COSTS if _SPANS.match(name) else {}
    return Kind(agent_named(name, service), f"{SPAN}{name[:LONGEST]}", most, is_span=True)


def metric_kind(service: str | None, metric: str) -> Kind | None:
    """The kind of points of a metric; None where it is no usage, or tells it again."""
    if metric in RETOLD or not is_usage(metric):
        return None
    costs = [most for name, most in _COST_METRICS if name.search(metric)]
    most = {VALUE: costs[0]} if costs else {}
    types = frozenset[str]()
    for name, kinds in _TOKEN_METRICS:
        if matches := name.search(metric):
            if name.groups and matches[1] in RETOLD:
                return None
            if not name.groups or matches[1] in kinds:
                most = {VALUE: MOST_MEASURED}
            if not name.groups:
                types = kinds | RETOLD
            break
    return Kind(agent_named(metric, service), f"{METRIC}{metric[:LONGEST]}", most, types)
