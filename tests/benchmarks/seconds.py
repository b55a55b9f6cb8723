"""Time by the clock and of processors, of two things that are measured in turn.

The quickest of several rounds counts: what else the machine does makes either slower, and none
quicker.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple


class Seconds(NamedTuple):
    """By the clock, and of processors, those of child processes included."""

    wall: float
    cpu: float


def seconds_printed_by(command: list[str]) -> Seconds:
    """Of a command that prints how long it was at it; its processors' time is that of all of it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return Seconds(float(printed), usage.ru_utime + usage.ru_stime)


def compare(base: str, ours: str, rounds: Sequence[tuple[Seconds, Seconds]]) -> float:
    """Print both; how many times as long ours takes."""
    least, needed = (Seconds(*map(min, zip(*each, strict=True))) for each in zip(*rounds, strict=True))
    ratio = needed.wall / least.wall
    print(f"{'':20} {'by the clock':>14} {'of processors':>15}")
    print(f"{base:20} {least.wall:12.2f} s {least.cpu:13.2f} s")
    print(f"{ours:20} {needed.wall:12.2f} s {needed.cpu:13.2f} s")
    print(f"{'times':20} {ratio:14.2f} {needed.cpu / least.cpu:15.2f}")
    return ratio
