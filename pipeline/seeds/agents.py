"""Writes the seeds of agents and their aliases from the agents' rooms: `python -m pipeline.seeds.agents`."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from pipeline.agents import AGENTS


def contents() -> dict[str, str]:
    """Each file's name and what it holds."""
    agents = ((agent.name, agent.display, agent.vendor, agent.interface) for agent in AGENTS.values())
    aliases = ((alias, agent.name) for agent in AGENTS.values() for alias in sorted(agent.aliases))
    return {
        "agents.csv": _csv(("agent_type", "agent_display_name", "vendor", "interface_type"), agents),
        "agent_aliases.csv": _csv(("alias", "agent_type"), aliases),
    }


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


if __name__ == "__main__":
    for name, content in contents().items():
        (Path(__file__).parent / name).write_text(content, encoding="utf-8", newline="\n")
