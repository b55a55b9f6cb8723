"""Antigravity, of Google."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "antigravity",
    "Antigravity",
    "Google",
    "cli",
    aliases=("agy", "antigravity_cli", "google_antigravity"),
    # The address belongs to a person's GitHub account: it is a mark, and nobody's alias.
    marks=Marks(emails=("antigravity@google.com",)),
    evidence=(
        Evidence(
            "commits",
            "google-antigravity/antigravity-cli #230",
            "2026-11-28",
            undercount="It signs only where people tell it to.",
        ),
    ),
)
