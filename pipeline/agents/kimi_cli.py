"""Kimi CLI, of Moonshot AI."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "kimi_cli",
    "Kimi CLI",
    "Moonshot AI",
    "cli",
    aliases=("kimi", "kimi_code"),
)
