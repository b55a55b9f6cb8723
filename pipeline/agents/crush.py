"""Crush, of Charm."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "crush",
    "Crush",
    "Charm",
    "cli",
    aliases=("charm_crush",),
    marks=Marks(
        emails=("crush@charm.land", "noreply@crush.charm.land", f"charmcrush@{NOREPLY}"),
        footers=("crush",),
    ),
    evidence=(
        Evidence(
            "commits",
            "charmbracelet/crush, README and bash.md.tpl; public histories of 13 repositories: about 800"
            " footers, 850 co-authors, 350 Assisted-by",
            "2026-11-28",
        ),
    ),
)
