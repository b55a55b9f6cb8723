"""Pi, of Mario Zechner."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "pi",
    "Pi",
    "Mario Zechner",
    "cli",
    aliases=("pi_agent", "pi_coding_agent"),
    marks=Marks(emails=("noreply@pi.dev",), footers=("pi",)),
    evidence=(Evidence("commits", "public histories of 13 repositories: 7 commits", "2026-11-28"),),
)
