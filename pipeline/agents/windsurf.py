"""Windsurf, of Cognition."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "windsurf",
    "Windsurf",
    "Cognition",
    "ide",
    aliases=("codeium", "codeium_windsurf"),
    marks=Marks(emails=("noreply@windsurf.com", "noreply@codeium.com"), rank=13),
    evidence=(Evidence("commits", "git-ai, agent_detection.rs", "2026-11"),),
)
