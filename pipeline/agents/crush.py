"""Crush, of Charm."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "crush",
    "Crush",
    "Charm",
    "cli",
    aliases=("charm_crush",),
)
