"""Amp."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "amp",
    "Amp",
    "Amp",
    "cli",
    aliases=("amp_code", "ampcode", "sourcegraph_amp"),
    marks=Marks(emails=("amp@ampcode.com",), lines=("amp-thread-id:",), rank=8),
    evidence=(Evidence("commits", "public code search; Amp intercepts `git commit`", "2026-11"),),
)
