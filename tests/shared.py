"""What the workers of one run share: each thing is made once, by the first that asks for it."""

import fcntl
from collections.abc import Callable
from pathlib import Path


def make_once(path: Path, make: Callable[[Path], object]) -> Path:
    """A file or folder that `make` makes; other workers wait until it is whole."""
    done = Path(f"{path}.done")
    with Path(f"{path}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(path)
            done.touch()
    return path
