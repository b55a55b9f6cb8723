"""OpenHands, of All Hands AI."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "openhands",
    "OpenHands",
    "All Hands AI",
    "cloud",
    aliases=("all_hands", "open_hands", "opendevin"),
)
