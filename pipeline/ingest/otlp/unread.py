"""Usage in telemetry that no model reads: it lands, and is told, since nobody would miss it.

What models read stands in `pipeline.ingest.otlp.kinds`. What has fields, kinds of tokens or names beyond
that, and numbers in these, carries usage that is not counted; so does a number that cannot be.
"""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pipeline.agents.events import MOST_USD
from pipeline.agents.usage import is_usage, usage_in
from pipeline.ingest.otlp.kinds import RETOLD, TYPE, VALUE, Kind, log_kind, metric_kind, span_kind

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


class Unread:
    """Looks through records for usage that models do not read.

    Attributes:
        found: how many records carry it.
        understood: agents of which a record was read.
    """

    def __init__(self) -> None:
        self.found: Counter[Found] = Counter()
        self.understood: set[str] = set()
        self._kinds: dict[tuple[Any, ...], Kind | None] = {}
        self._metrics: dict[tuple[str | None, str], Kind | None] = {}

    def log(self, service: str | None, name: Any, body: Any, attributes: Mapping[str, Any]) -> None:
        """Look through a log record."""
        full = body if name is None or (isinstance(body, str) and body.endswith(f".{name}")) else name
        if not isinstance(full, str) or (service, full) not in self._kinds:
            if not (isinstance(full, str) and _EVENT_NAME.fullmatch(full)):
                full = "log record"
            if (service, full) not in self._kinds:
                self._kinds[service, full] = log_kind(service, full)
        if kind := self._kinds[service, full]:
            self._look(kind, attributes)

    def span(self, service: str | None, name: Any, attributes: Mapping[str, Any]) -> None:
        """Look through a span."""
        first = name.partition(" ")[0] if isinstance(name, str) and name else "span"
        key = service, first, "span"
        if key not in self._kinds:
            self._kinds[key] = span_kind(service, first)
        if kind := self._kinds[key]:
            self._look(kind, attributes)

    def point(
        self,
        service: str | None,
        metric: str,
        form: str,
        value: float | None,
        count: int | None,
        attributes: Mapping[str, Any],
    ) -> None:
        """Look at a point of a metric: its value, or its sum and how many values that adds up."""
        key = service, metric
        if key not in self._metrics:
            self._metrics[key] = metric_kind(service, metric)
        kind = self._metrics[key]
        if kind is None or not (value or (value is None and count)):
            return
        if told := _unread_point(kind, form, value, attributes):
            self._tell(Found(kind.agent, kind.name, told))
        elif kind.most:
            self.understood.add(kind.agent)

    def _look(self, kind: Kind, attributes: Mapping[str, Any]) -> None:
        if kind.most:
            read = kind.most.keys() & attributes.keys()
            if read:
                self.understood.add(kind.agent)
            for name in read:
                value = attributes[name]
                # Zero, nothing and what most records have need no closer look.
                if not value or (type(value) is int and 0 < value <= MOST_USD):
                    continue
                if not _can_be(value, kind.most[name]):
                    self._tell(Found(kind.agent, kind.name, _beyond(name, kind.most[name]), kind.is_span))
                    return
        if kind.harmless.issuperset(attributes):
            return
        for name, value in attributes.items():
            if name in kind.harmless:
                continue
            may_hold_usage = is_usage(name) or isinstance(value, dict | list)
            if name in kind.most or name in RETOLD or not may_hold_usage:
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


def _unread_point(kind: Kind, form: str, value: float | None, attributes: Mapping[str, Any]) -> str | None:
    """What of a point models do not read."""
    if not kind.most:
        return VALUE if value is None or value > 0 else None
    if value is None:
        return "points without a sum"
    if form == "gauge":
        return "a gauge, which does not add up"
    if not 0 < value <= kind.most[VALUE]:
        return _beyond(VALUE, kind.most[VALUE])
    if not kind.types:
        return None
    stated = next((text for name in _TOKEN_KIND if (text := attributes.get(name))), None)
    if stated is None:
        return "points without a type"
    return None if stated in kind.types else f"{TYPE}{stated!s:.80}"


def _can_be(value: Any, most: int) -> bool:
    """Whether models take a value for a number: exporters write numbers as text, too."""
    with suppress(ValueError, TypeError, OverflowError):
        return not isinstance(value, bool) and 0 <= float(value) <= most
    return False


def _beyond(name: str, most: int) -> str:
    return f"{name}, no number from 0 to {most:,}"


def _number(value: Any) -> Any:
    """A number as one: exporters write them as text, too."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
