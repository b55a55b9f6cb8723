"""A user's home of a test's own, where all agents keep what they keep."""

from pipeline.agents import AGENTS


def move_homes(home, monkeypatch):
    """Make a folder the home of the user; no variable names another place of an agent."""
    for agent in AGENTS.values():
        for place in agent.homes:
            for name in filter(None, (place.variable, place.unless)):
                monkeypatch.setenv(name, "")  # empty is unset
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
