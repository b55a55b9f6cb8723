"""Zed, of Zed Industries."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "zed",
    "Zed",
    "Zed Industries",
    "ide",
    aliases=("zed_agent", "zed_editor"),
)
