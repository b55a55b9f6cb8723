"""A full disk, as far as it can be had without a disk of our own."""

import errno
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

TOO_LARGE = os.strerror(errno.EFBIG)
NEXT = "Make room on that disk"  # what a message goes on with


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The system refuses to let a file grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
