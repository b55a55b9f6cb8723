"""The seeds of agents and their aliases, as the agents' rooms declare them.

`python -m pipeline.seeds.agents` writes those of the agents that are shipped; those of others are read from
their rooms whenever the seeds are loaded.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from pipeline.agents import ADDED, AGENTS
from pipeline.agents.declaration import Agent

COLUMNS = {
    "agents": ("agent_type", "agent_display_name", "vendor", "interface_type"),
    "agent_aliases": ("alias", "agent_type"),
}


def rows(seed: str, agents: Iterable[Agent]) -> list[tuple[str, ...]]:
    """The rows of a seed that some agents declare."""
    if seed == "agents":
        return [(agent.name, agent.display, agent.vendor, agent.interface) for agent in agents]
    return [(alias, agent.name) for agent in agents for alias in sorted(agent.aliases)]


def contents() -> dict[str, str]:
    """Each shipped file's name and what it holds."""
    shipped = [agent for name, agent in AGENTS.items() if name not in ADDED]
    return {f"{seed}.csv": _csv(COLUMNS[seed], rows(seed, shipped)) for seed in COLUMNS}


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


if __name__ == "__main__":
    for name, content in contents().items():
        (Path(__file__).parent / name).write_text(content, encoding="utf-8", newline="\n")
