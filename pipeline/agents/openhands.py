"""OpenHands, of All Hands AI."""

from pipeline.agents.declaration import Agent, Evidence, Marks

AGENT = Agent(
    "openhands",
    "OpenHands",
    "All Hands AI",
    "cloud",
    aliases=("all_hands", "open_hands", "opendevin"),
    marks=Marks(emails=("openhands@all-hands.dev",)),
    evidence=(Evidence("commits", "public histories of 13 repositories: 3 trailers", "2026-11-28"),),
)
