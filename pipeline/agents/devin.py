"""Devin, of Cognition."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "devin",
    "Devin",
    "Cognition",
    "cloud",
    aliases=("devin_ai", "devin_ai_integration"),
    marks=Marks(
        emails=(f"158243242+devin-ai-integration[bot]@{NOREPLY}",),
        lines=("devin session: https://app.devin.ai/",),
        footers=("devin",),
        rank=6,
    ),
    evidence=(
        Evidence(
            "commits",
            "public histories of 12 repositories: 407 commits, 129 trailers; the line is from pull requests",
            "2026-11",
        ),
    ),
)
