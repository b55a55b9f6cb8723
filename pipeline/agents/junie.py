"""Junie, of JetBrains."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "junie",
    "Junie",
    "JetBrains",
    "ide",
    aliases=("jetbrains_junie",),
)
