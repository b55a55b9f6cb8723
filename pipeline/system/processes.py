"""Helper processes, and the pipes to and from them."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO


def processors() -> int:
    """How many processes can work at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def start_process(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Python on some code, with pipes to and from it.

    Started afresh rather than forked: a database's threads do not survive a fork. And not by
    `multiprocessing`, whose processes import the program that was started before they begin.
    It finds the modules that this process finds: `-P` keeps the folder that we are in, which may
    hold another `pipeline`, out of the way unless it is in our own search path.
    What such a process writes to standard error is dropped: whoever starts one does the work itself where
    it fails.
    """
    places = [str(Path(place).absolute()) for place in sys.path if isinstance(place, str)]
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(places)},
    )


def answers_of(process: subprocess.Popen[bytes]) -> Iterator[Any]:
    """What such a process sends, until it ends or sends what is no answer."""
    assert process.stdout
    with suppress(Exception):  # bytes that are no pickle can raise anything
        while True:
            yield pickle.load(process.stdout)


def end(process: subprocess.Popen[bytes], *threads: Thread) -> None:
    """Kill such a process, and wait until it and the threads that speak with it are gone."""
    process.kill()
    for thread in threads:
        thread.join()
    with suppress(OSError):  # what it did not take
        process.__exit__(None, None, None)


def answering() -> BinaryIO:
    """Where such a process sends its answers; what is printed in it goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers
