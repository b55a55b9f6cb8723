"""Roo Code."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "roo_code",
    "Roo Code",
    "Roo Code",
    "ide",
    aliases=("roo", "roo_cline", "roocode", "roomote"),
    marks=Marks(emails=("roomote@roocode.com",), rank=12),
    evidence=(Evidence("commits", "git-ai, agent_detection.rs", "2026-11"),),
)
