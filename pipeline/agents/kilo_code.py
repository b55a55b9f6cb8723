"""Kilo Code, of Kilo."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "kilo_code",
    "Kilo Code",
    "Kilo",
    "ide",
    aliases=("kilo", "kilocode"),
)
