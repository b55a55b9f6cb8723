"""How much memory the machine can spare."""

import os
import re
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")


def spare(meminfo: Path = MEMINFO, container: Path = CONTAINER) -> int:
    """Bytes that nobody uses, of the machine or the container; 0 where the system does not tell.

    On Linux what could be taken without swapping; elsewhere half of what is built in.
    """
    if meminfo.exists():
        found = re.search(r"^MemAvailable: *([0-9]+) kB", meminfo.read_text(), re.MULTILINE)
        available = int(found[1]) * 1024 if found else 0
        return min([available, *_left_in_container(container)])
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return 0


def _left_in_container(container: Path) -> list[int]:
    """Bytes that a container may still take, if it is told a limit."""
    try:
        most, used = ((container / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return []
    return [max(0, int(most) - int(used))] if most.isdigit() else []
