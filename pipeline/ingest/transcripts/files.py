"""Where agents keep their sessions, and which agent a file is from."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    if "*" not in folder or not base.is_dir():
        return [base / folder]
    return sorted(base.glob(folder)) or [base / folder]


@dataclass(frozen=True)
class Found:
    """Whose files are.

    Attributes:
        files: those that an agent's reader reads, by agent.
        unread: the others, with the reason.
        failed: those among them that may be readable next time.
    """

    files: dict[str, list[Path]]
    unread: dict[Path, str]
    failed: set[Path]


def find(place: Path, readers: Mapping[str, Reader], warn: Callable[[str], None]) -> Found:
    """The files of a place, which may be a file itself, by the agent that wrote them.

    Links to folders are followed, each folder once; `warn` is told of what cannot be read.
    """
    return tell_apart(map(Path, walk(place, warn)), readers)


def tell_apart(files: Iterable[Path], readers: Mapping[str, Reader]) -> Found:
    """Files by the agent that wrote them."""
    found = Found({}, {}, set())
    for file in files:
        try:
            agent, reason = agent_of(file, readers)
        except OSError as error:
            found.unread[file] = f"it cannot be read: {error.strerror}" if error.strerror else str(error)
            if file.is_file():
                found.failed.add(file)
            continue
        if agent:
            found.files.setdefault(agent, []).append(file)
        elif reason:
            found.unread[file] = reason
    return found


def walk(place: Path, warn: Callable[[str], None]) -> dict[str, str]:
    """The files of a place, and of each in which state it is: as long as that is the same, so is the file."""
    states: dict[str, str] = {}
    if place.is_dir():
        _look_into(str(place), states, set(), warn)
    elif place.exists():
        states[str(place)] = _state(place.stat())
    return states


def _look_into(
    folder: str, states: dict[str, str], seen: set[tuple[int, int]], warn: Callable[[str], None]
) -> None:
    try:
        there = os.stat(folder)  # noqa: PTH116 # of thousands of folders
        if (there.st_dev, there.st_ino) in seen:
            return
        seen.add((there.st_dev, there.st_ino))
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        warn(f"{error.filename} could not be read: {error.strerror}.")
        return
    folders = []
    for entry in entries:
        try:
            if entry.is_dir():
                folders.append(entry.path)
            else:
                states[entry.path] = _state(entry.stat())
        except OSError:  # a link to nothing, or it is gone meanwhile
            states[entry.path] = "gone"
    for inner in folders:
        _look_into(inner, states, seen, warn)


def _state(status: os.stat_result) -> str:
    """A text that is another one when a file was written, replaced or made readable.

    A copy may keep the time of its content; it has a new one of its own.
    """
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


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
