"""Continue."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "continue",
    "Continue",
    "Continue",
    "ide",
    aliases=("continue_dev",),
)
