"""Goose, of Block."""

from pipeline.agents.declaration import Agent

AGENT = Agent(
    "goose",
    "Goose",
    "Block",
    "cli",
    aliases=("block_goose", "codename_goose", "goose_cli"),
)
