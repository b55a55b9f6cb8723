"""Cline, of Cline Bot."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "cline",
    "Cline",
    "Cline Bot",
    "ide",
    aliases=("cline_bot",),
)
