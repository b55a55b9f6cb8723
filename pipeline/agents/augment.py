"""Augment Code."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "augment",
    "Augment Code",
    "Augment Code",
    "ide",
    aliases=("auggie", "augment_code"),
)
