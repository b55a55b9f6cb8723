"""What a helper process does (see `helper`): it reads files, then tells those that belong together."""

import pickle
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from pipeline.agents import readers
from pipeline.agents.events import PartReader
from pipeline.ingest.transcripts.parts import Parts, Recorded, hashes_of
from pipeline.ingest.transcripts.records import Records
from pipeline.system.gc import gc_paused
from pipeline.system.processes import answering

LEFT = "left"  # the file in which parts and rows are left


@dataclass
class ToRead:
    """What is asked first.

    Attributes:
        agent: whose files.
        files: in the order in which they are read.
        folder: where the helper may write.
        key: of the hashes.
        developer: whose records they are.
        roots: folders that hold a folder for each project.
    """

    agent: str
    files: Sequence[Path]
    folder: Path
    key: bytes
    developer: str | None
    roots: Sequence[str]


@dataclass
class ToTell:
    """What is asked then, and ends the reading.

    Attributes:
        parts: files of which the parts are given back.
        groups: families of files that are told, in groups whose rows are kept apart.
    """

    parts: Sequence[Path]
    groups: Sequence[Sequence[Sequence[Path]]]


def serve() -> None:
    """Do what is asked on standard input, and answer where it is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked ends this process
    answers = answering()

    def answer(what: Any) -> None:
        pickle.dump(what, answers)
        answers.flush()

    asked: ToRead = pickle.load(sys.stdin.buffer)
    reader = readers()[asked.agent]
    assert isinstance(reader, PartReader)
    asked_next: SimpleQueue[ToTell | None] = SimpleQueue()
    Thread(target=_listen, args=[asked_next], daemon=True).start()
    with gc_paused(), closing(Parts()) as parts, (asked.folder / LEFT).open("wb") as left:

        def leave(what: Any) -> int:
            place = left.tell()
            pickle.dump(what, left, pickle.HIGHEST_PROTOCOL)
            left.flush()
            return place

        for file in asked.files:
            if not asked_next.empty():
                break
            journal = Recorded()
            part = reader.read(file, journal)
            parts.put(file, part)
            answer((hashes_of(part.shared, asked.key), journal.entries))
        to_tell = asked_next.get()
        if to_tell is None:
            return
        answer(None)
        for file in to_tell.parts:
            answer(leave(parts.take(file)))
        records = Records(asked.developer, asked.roots)
        for group in to_tell.groups:
            journal = Recorded()
            for rows in records.of_families(reader, group, parts, journal):
                answer((leave(rows), journal.entries))
                journal.entries = []


def _listen(asked_next: "SimpleQueue[ToTell | None]") -> None:
    """Wait for the next thing that is asked; None if whoever asks is gone."""
    try:
        asked_next.put(pickle.load(sys.stdin.buffer))
    except (EOFError, OSError, pickle.UnpicklingError):
        asked_next.put(None)
