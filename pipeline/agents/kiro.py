"""Kiro, of Amazon."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "kiro",
    "Kiro",
    "Amazon",
    "ide",
    aliases=("kiro_cli",),
    marks=Marks(emails=(f"244629292+kiro-agent@{NOREPLY}", "noreply@kiro.dev", "kiro@kiro.dev")),
    evidence=(
        Evidence(
            "commits",
            "public code search",
            "2026-11-28",
            undercount="It has no mark of its own: people tell it to sign.",
        ),
    ),
)
