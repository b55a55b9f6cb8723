"""Jules, of Google."""

from pipeline.agents.conventions import NOREPLY
from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "jules",
    "Jules",
    "Google",
    "cloud",
    aliases=("google_jules", "google_labs_jules"),
    marks=Marks(
        emails=(f"161369871+google-labs-jules[bot]@{NOREPLY}",),
        # Of pull requests, whose text a squashed commit has.
        lines=("pr created automatically by jules for task",),
        rank=5,
    ),
    evidence=(
        Evidence("commits", "public histories of 12 repositories: 162 commits, 111 trailers", "2026-11"),
    ),
)
