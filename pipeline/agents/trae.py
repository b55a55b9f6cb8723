"""Trae, of ByteDance."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "trae",
    "Trae",
    "ByteDance",
    "ide",
    marks=Marks(emails=("traecli@bytedance.com", f"traeagent@{NOREPLY}")),
    evidence=(Evidence("commits", "public histories of 13 repositories: 1 commit", "2026-11-28"),),
)
