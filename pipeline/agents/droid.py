"""Droid, of Factory."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "droid",
    "Droid",
    "Factory",
    "cli",
    aliases=("factory", "factory_ai", "factory_cli", "factory_droid"),
    marks=Marks(emails=(f"138933559+factory-droid[bot]@{NOREPLY}",), footers=("droid",), rank=7),
    evidence=(Evidence("commits", "public histories of 12 repositories: 11 commits", "2026-11"),),
)
