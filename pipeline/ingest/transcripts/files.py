"""Where agents keep their sessions, and which agent a file is from."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.agents import AGENTS
from pipeline.agents.declaration import Home
from pipeline.agents.events import Reader
from pipeline.agents.files import Sample, json_value

SUFFIXES = (".jsonl", ".json", ".csv", ".db")
# What agents keep beside their transcripts, and what tells no usage.
NOISE = (
    ".md",
    ".txt",
    ".log",
    ".cwd",
    ".lock",
    ".tmp",
    ".png",
    ".jpg",
    ".diff",
    "-wal",
    "-shm",
    "-journal",
    ".project_root",
    ".meta.json",
    ".jsonl.stream",
)
LINES = 20


def homes() -> list[Path]:
    """Where agents keep their sessions, each place once."""
    places = [place for agent in AGENTS.values() for home in agent.homes for place in places_of(home)]
    return list(dict.fromkeys(places))


def places_of(home: Home) -> list[Path]:
    """What to read of a home on this machine; an empty variable is an unset one."""
    return [place for base in _bases(home) for folder in home.folders for place in _places(base, folder)]


def _bases(home: Home) -> list[Path]:
    if home.unless and _setting(home.unless):
        return []
    set_to = (home.variable and _setting(home.variable)) or home.base
    names = [name.strip() for name in set_to.split(",")] if home.is_list else [set_to]
    return [Path(name).expanduser() for name in names if name]


def _setting(variable: str) -> str:
    return os.environ.get(variable, "").strip()


def _places(base: Path, folder: str) -> list[Path]:
    if "*" not in folder:
        return [base / folder]
    return sorted(base.glob(folder)) or [base / folder]


@dataclass(frozen=True)
class Found:
    """What lies below a place.

    Attributes:
        files: those that an agent's reader reads, by agent.
        unread: the others, with the reason.
    """

    files: dict[str, list[Path]]
    unread: dict[Path, str]


def find(place: Path, readers: Mapping[str, Reader], warn: Callable[[str], None]) -> Found:
    """The files of a place, which may be a file itself, by the agent that wrote them.

    Links to folders are followed, each folder once; `warn` is told of what cannot be read.
    """
    found = Found({name: [] for name in readers}, {})
    files = _walk(place, warn) if place.is_dir() else [place] if place.exists() else ()
    for file in files:
        try:
            agent, reason = agent_of(file, readers)
        except OSError as error:
            found.unread[file] = f"it cannot be read: {error.strerror}" if error.strerror else str(error)
            continue
        if agent:
            found.files[agent].append(file)
        elif reason:
            found.unread[file] = reason
    return found


def _walk(place: Path, warn: Callable[[str], None]) -> Iterator[Path]:
    def on_error(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            warn(f"{error.filename} could not be read: {error.strerror}.")

    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(place, onerror=on_error, followlinks=True):
        there = Path(folder).stat()
        if (there.st_dev, there.st_ino) in seen:
            folders.clear()
            continue
        seen.add((there.st_dev, there.st_ino))
        yield from (Path(folder) / name for name in sorted(names))


def agent_of(file: Path, readers: Mapping[str, Reader]) -> tuple[str | None, str | None]:
    """The agent that wrote a file, judged by how it begins; else why it is not read, if that is worth a word.

    Raises:
        OSError: it cannot be read.
    """
    if not file.exists():
        return None, "it is a link to nothing"
    sample = Sample.of(file)
    if not sample.head.strip():
        return None, "it is empty"
    # The first line that tells decides, before anything that stands somewhere in the file's beginning.
    for value in _objects(sample):
        for name, reader in readers.items():
            if reader.is_record(value):
                return name, None
    for name, reader in readers.items():
        if reader.is_file(sample):
            return name, None
    if sample.name.endswith(NOISE):
        return None, None
    if sample.name.endswith(SUFFIXES):
        return None, "no reader knows what it holds"
    return None, "no agent's transcript ends like that"


def _objects(sample: Sample) -> Iterator[dict[str, object]]:
    """The objects that stand alone on a line."""
    for line in sample.head.split(b"\n")[:LINES] if sample.is_json else []:
        try:
            value = json_value(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value
