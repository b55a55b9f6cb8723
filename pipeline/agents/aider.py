"""Aider, of Aider AI."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "aider",
    "Aider",
    "Aider AI",
    "cli",
    aliases=("aider_chat",),
    marks=Marks(
        emails=("aider@aider.chat", "noreply@aider.chat", "noreply@aider.dev"),
        author_names=(" (aider)",),
        rank=10,
    ),
    evidence=(
        Evidence(
            "commits",
            "Aider-AI/aider, repo.py and #3789; public histories of 13 repositories: 148 trailers",
            "2026-11-28",
            undercount="By default only the author's name tells.",
        ),
    ),
)
