"""Aider, of Aider AI."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "aider",
    "Aider",
    "Aider AI",
    "cli",
    aliases=("aider_chat",),
    marks=Marks(emails=("aider@aider.chat",), rank=10),
    evidence=(Evidence("commits", "unverified: no such commit was seen", "2026-11"),),
)
