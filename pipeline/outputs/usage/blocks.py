"""Blocks of five hours: the windows in which plans of some agents limit what may be used.

A block begins with the first request at the full hour (UTC) before it, and ends five hours later; the next
request begins the next block. So ccusage counts them: `identify_session_blocks` in
https://github.com/ccusage/ccusage, rust/crates/ccusage/src/blocks.rs, but for a request at the very moment of
the end. There a block also ends with a gap of more than five hours, which comes to the same: it ends earlier
anyway. Each person's use of each agent has blocks of its own, as each has its own plan.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.outputs.usage.figures import NANO, Figures

LENGTH = dt.timedelta(hours=5)
MINUTE = dt.timedelta(minutes=1)
SHORTEST = 5  # minutes after the first request from which on a rate says something


@dataclass
class Block:
    """One block.

    Attributes:
        developer: whose it is.
        agent: the agent that was used.
        start: its first hour.
        figures: what was used in it.
    """

    developer: str
    agent: str
    start: dt.datetime
    figures: Figures = field(default_factory=Figures)

    @property
    def end(self) -> dt.datetime:
        """The first moment after it."""
        return self.start + LENGTH

    def is_running(self, now: dt.datetime) -> bool:
        """Whether it has not ended."""
        return self.start <= now < self.end

    def labels(self, now: dt.datetime) -> dict[str, Any]:
        """What it is, and how fast a running one has gone since its first request, if that is a while ago.

        If it goes on like that, it costs `projected_cost_usd` by its end.
        """
        found: dict[str, Any] = {
            "start": self.start,
            "end": self.end,
            "developer": self.developer,
            "agent": self.agent,
            "is_running": self.is_running(now),
            "tokens_per_minute": None,
            "cost_per_hour_usd": None,
            "projected_cost_usd": None,
        }
        minutes = (now - (self.figures.first_at or now)) / MINUTE
        if found["is_running"] and minutes >= SHORTEST:
            found["tokens_per_minute"] = self.figures.total_tokens / minutes
            if (cost := self.figures.cost_nano_usd) is not None:
                found["cost_per_hour_usd"] = cost * 60 / minutes / NANO
                left = (self.end - now) / MINUTE
                found["projected_cost_usd"] = cost * (1 + left / minutes) / NANO
        return found


def blocks_of(hours: Iterable[tuple[str, str, dt.datetime, Figures]]) -> list[Block]:
    """Blocks, in order of time.

    Args:
        hours: developer, agent, a full hour of UTC, and what was used in it; in any order.
    """
    blocks: list[Block] = []
    last: dict[tuple[str, str], Block] = {}
    for developer, agent, hour, figures in sorted(hours, key=lambda told: (told[2], told[0], told[1])):
        block = last.get((developer, agent))
        if block is None or hour >= block.end:
            block = last[developer, agent] = Block(developer, agent, hour)
            blocks.append(block)
        block.figures.add(figures)
    return blocks
