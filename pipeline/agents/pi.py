"""Pi, of Mario Zechner."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "pi",
    "Pi",
    "Mario Zechner",
    "cli",
    aliases=("pi_agent", "pi_coding_agent"),
)
