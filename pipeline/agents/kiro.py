"""Kiro, of Amazon."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "kiro",
    "Kiro",
    "Amazon",
    "ide",
    aliases=("kiro_cli",),
)
