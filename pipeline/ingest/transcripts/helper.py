"""A helper process that reads files from the last one on, while this one reads from the first one on."""

import pickle
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from pipeline.system.processes import answers_of, end, processors, start_process

WORTH_HELPER = 24 << 20  # bytes of files from which a helper is worth its start

SERVE = "from pipeline.ingest.transcript_parts import serve; serve()"

# Where what a file tells is left, what it shares with others, and the entries of its journal.
Answer = tuple[int, Sequence[int], list[tuple[str, tuple[Any, ...]]]]


def is_worth_helper(files: Sequence[Path]) -> bool:
    """Whether files are read sooner with a helper."""
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    return size >= WORTH_HELPER and processors() > 1


class Helper:
    """A process that reads files of an agent, the last one first.

    Args:
        agent: whose files.
        files: all that are to be read.
        folder: where it may write.
        key: of the hashes.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, agent: str, files: Sequence[Path], folder: Path, key: bytes) -> None:
        self._files = files
        self._answers: list[Answer] = []
        self._process = start_process(SERVE)
        # Not as arguments, which everybody on this machine can read.
        asked = agent, folder, key, [*reversed(files)]
        self._thread = Thread(target=self._speak, args=[asked], daemon=True)
        self._thread.start()

    def has_read(self, number: int) -> bool:
        """Whether it has read the file of that number, and so all that come after it."""
        return number >= len(self._files) - len(self._answers)

    def answers(self, number: int) -> list[tuple[Path, Answer]]:
        """What it has read of the files from that number on."""
        wanted = self._files[number:]
        return [*zip(reversed(wanted), self._answers[: len(wanted)], strict=True)]

    def close(self) -> None:
        """End it, whatever it does."""
        end(self._process, self._thread)

    def _speak(self, asked: tuple[Any, ...]) -> None:
        assert self._process.stdin
        with suppress(OSError):  # it has ended
            pickle.dump(asked, self._process.stdin)
            self._process.stdin.flush()
        for answer in answers_of(self._process):
            self._answers.append(answer)
