"""Processes of ours that work beside this one."""

import os
import subprocess
import sys


def processors() -> int:
    """How many processes can work at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def start_beside(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Python on some code, with pipes to and from it.

    Started afresh rather than forked: a database's threads do not survive a fork. And not by
    `multiprocessing`, whose processes import the program that was started before they begin.
    What such a process complains of is not heard: whoever starts one does its work where it failed.
    """
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
