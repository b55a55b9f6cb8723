"""Kimi CLI, of Moonshot AI."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "kimi_cli",
    "Kimi CLI",
    "Moonshot AI",
    "cli",
    aliases=("kimi", "kimi_code"),
    marks=Marks(emails=("noreply@kimi.com", f"kimi-agent-bot@{NOREPLY}")),
    evidence=(
        Evidence(
            "commits",
            "public histories of 13 repositories: 32 trailers, 44 authors",
            "2026-11-28",
            undercount="It has no mark of its own (MoonshotAI/kimi-code #371): people tell it to sign.",
        ),
    ),
)
