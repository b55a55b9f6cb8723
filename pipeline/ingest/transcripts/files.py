"""Where agents keep their sessions, and which agent a file is from."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.agents import AGENTS
from pipeline.agents.declaration import Home
from pipeline.agents.events import Journal, Reader, Sample

SUFFIXES = (".jsonl", ".json", ".csv", ".db")
HEAD = 1 << 16  # bytes that are looked at to tell what a file is
LINES = 20


def homes() -> list[Path]:
    """Where agents keep their sessions; an empty variable is an unset one."""
    return [
        place
        for agent in AGENTS.values()
        for home in agent.homes
        for base in _bases(home)
        for folder in home.folders
        for place in _places(base, folder)
    ]


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
    return sorted(base.glob(folder)) or [base / folder.replace("*", "")]


def find(place: Path, journal: Journal) -> Iterator[Path]:
    """The place itself if it is a file, else the files in it that can be transcripts."""
    if place.is_file():
        yield place
        return

    def on_error(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            journal.warn(f"{error.filename} could not be read: {error.strerror}.")

    for folder, _, names in os.walk(place, onerror=on_error):
        for name in names:
            file = Path(folder) / name
            if name.endswith(SUFFIXES) and file.is_file():
                yield file


def agent_of(file: Path, readers: Mapping[str, Reader], journal: Journal) -> str | None:
    """The agent that wrote a file, judged by how it begins; None for what is no transcript."""
    try:
        with file.open("rb") as opened:
            sample = Sample(file, opened.read(HEAD))
    except OSError as error:
        journal.warn(f"{file} could not be read: {error.strerror}.")
        return None
    # The first line that tells decides, before anything that stands somewhere in the file's beginning.
    for value in _objects(sample):
        for name, reader in readers.items():
            if reader.is_record(value):
                return name
    return next((name for name, reader in readers.items() if reader.is_file(sample)), None)


def _objects(sample: Sample) -> Iterator[dict[str, object]]:
    """The objects that stand alone on a line."""
    import orjson

    for line in sample.head.split(b"\n")[:LINES] if sample.is_json else []:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            yield value
