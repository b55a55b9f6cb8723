"""What is summed of usage: tokens by kind, requests, sessions, cost, and what has no price."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

NANO = 1_000_000_000
# Sums of `int_usage_costs`, in the order in which `read` asks for them.
SUMS = (
    *("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "total_tokens"),
    *("unpriced_tokens", "request_count", "unpriced_requests", "cost_nano_usd"),
)


@dataclass
class Figures:
    """Sums over some usage.

    Attributes:
        sessions: sessions that started in it, under their main model; each counts once.
        cost_nano_usd: the known cost in billionths of a dollar; None where none of it is known.
        unpriced_tokens: tokens with neither reported cost nor price: their cost is missing.
        agents: the agents that were used, with their tokens.
        models: the models that were used, with their tokens.
        unpriced_models: those of `unpriced_tokens`.
        first_at: first moment of usage.
        last_at: last moment of usage.
    """

    sessions: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_read_tokens: int = 0
    total_tokens: int = 0
    unpriced_tokens: int = 0
    request_count: int = 0
    unpriced_requests: int = 0
    cost_nano_usd: int | None = None
    agents: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    unpriced_models: set[str] = field(default_factory=set)
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None

    @classmethod
    def of(cls, agent: str, model: str, sums: Iterable[Any], first: Any, last: Any) -> Self:
        """Of one agent and model, as a row of `int_usage_costs` has it."""
        found = cls(**dict(zip(SUMS, sums, strict=True)), first_at=first, last_at=last)
        found.agents[agent] = found.models[model] = found.total_tokens
        found.unpriced_models = {model} if found.unpriced_tokens else set()
        return found

    def add(self, other: "Figures") -> None:
        """Add other usage; an unknown cost leaves a known one as it is."""
        for name in ("sessions", *SUMS[:-1]):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.cost_nano_usd is not None:
            self.cost_nano_usd = (self.cost_nano_usd or 0) + other.cost_nano_usd
        self.agents.update(other.agents)
        self.models.update(other.models)
        self.unpriced_models |= other.unpriced_models
        self.first_at = min(filter(None, (self.first_at, other.first_at)), default=None)
        self.last_at = max(filter(None, (self.last_at, other.last_at)), default=None)

    @property
    def cost_usd(self) -> float | None:
        """The known cost; None where none of it is known, never a silent 0."""
        return None if self.cost_nano_usd is None else self.cost_nano_usd / NANO

    def document(self) -> dict[str, Any]:
        """All of it as JSON tells it."""
        return {
            "agents": sorted(self.agents),
            "models": sorted(self.models),
            "requests": self.request_count,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_creation_tokens": self.cache_creation_tokens,
            "cache_read_tokens": self.cache_read_tokens,
            "total_tokens": self.total_tokens,
            "cost_usd": self.cost_usd,
            "unpriced_tokens": self.unpriced_tokens,
            "unpriced_requests": self.unpriced_requests,
            "unpriced_models": sorted(self.unpriced_models),
        }


@dataclass(frozen=True)
class Row:
    """One line of the answer.

    Attributes:
        labels: what it is about, by the names that JSON has: a day, a session and its project.
        figures: what was used.
    """

    labels: Mapping[str, Any]
    figures: Figures


@dataclass(frozen=True)
class Usage:
    """The answer.

    Attributes:
        by: day, week, month, session, project, model, agent or block.
        since: the first day that was asked for; None for all before `until`.
        until: the last one.
        timezone: in which days begin.
        rows: in order of time, or the most expensive first where rows are no times.
        names: agents as people call them.
    """

    by: str
    since: dt.date | None
    until: dt.date | None
    timezone: str
    rows: list[Row]
    names: Mapping[str, str]

    @property
    def counts_sessions(self) -> bool:
        """Whether rows count sessions: not where they are parts of sessions, or sessions."""
        return self.by not in ("session", "block")

    @property
    def total(self) -> Figures:
        """All rows together."""
        total = Figures()
        for row in self.rows:
            total.add(row.figures)
        return total

    def document(self) -> dict[str, Any]:
        """The answer as JSON tells it."""
        return {
            "by": self.by,
            "since": self.since,
            "until": self.until,
            "timezone": self.timezone,
            "rows": [{**row.labels, **self._figures(row.figures)} for row in self.rows],
            "total": self._figures(self.total),
        }

    def _figures(self, figures: Figures) -> dict[str, Any]:
        sessions = {"sessions": figures.sessions} if self.counts_sessions else {}
        return sessions | figures.document()
