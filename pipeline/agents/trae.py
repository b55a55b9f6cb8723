"""Trae, of ByteDance."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "trae",
    "Trae",
    "ByteDance",
    "ide",
)
