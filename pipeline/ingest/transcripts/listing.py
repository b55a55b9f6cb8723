"""Whose transcripts are read, where they are looked for, what is there, and how we know the format."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.agents import AGENTS, readers
from pipeline.agents.declaration import Evidence
from pipeline.ingest.transcripts.files import find, places_of

FOLDERS_OF = {"Library": "darwin", "AppData": "win32"}  # as `sys.platform` has them


@dataclass(frozen=True)
class Place:
    """Where an agent's transcripts are looked for on this machine.

    Attributes:
        path: a file or a folder.
        variables: the environment variables that move it.
        files: how many of the agent's files lie there.
    """

    path: Path
    variables: tuple[str, ...]
    files: int

    @property
    def is_foreign(self) -> bool:
        """Whether there is nothing, and rightly so: only other systems have such a folder."""
        return not self.files and any(
            folder in self.path.parts and sys.platform != system for folder, system in FOLDERS_OF.items()
        )


@dataclass(frozen=True)
class Listed:
    """An agent with a reader.

    Attributes:
        agent: its name.
        display: as people write it.
        places: where it is looked for; none if only files that are named are read.
        evidence: how its format is known, and what its files do not tell.
    """

    agent: str
    display: str
    places: tuple[Place, ...]
    evidence: Evidence

    @property
    def files(self) -> int:
        """How many files were found."""
        return sum(place.files for place in self.places)


def list_agents(warn: Callable[[str], None]) -> list[Listed]:
    """Every agent whose transcripts are read, by name.

    Args:
        warn: is told of what cannot be read.
    """
    read = readers()
    listed = []
    for name, agent in ((name, AGENTS[name]) for name in read):
        variables: dict[Path, list[str]] = {}
        for home in agent.homes:
            for path in places_of(home):
                variables.setdefault(path, []).extend([home.variable] if home.variable else [])
        places = (
            Place(path, tuple(moving), len(find(path, read, warn).files.get(name, ())))
            for path, moving in variables.items()
        )
        known = (evidence for evidence in agent.evidence if evidence.what == "transcripts")
        evidence = next(known, Evidence("transcripts", "nobody says", ""))  # of an agent that a project adds
        listed.append(Listed(name, agent.display, tuple(places), evidence))
    return listed
