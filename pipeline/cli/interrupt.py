"""Ctrl-C during a long statement, and SIGTERM, which is what systemd, containers and `timeout` send.

While a database works, the main thread waits in the driver, where Python cannot raise
KeyboardInterrupt. DuckDB's driver looks for signals now and then, misses some, and calls what it
finds a RuntimeError. So a second thread hears of the signal and tells the database to stop; the
transaction is rolled back, and whatever was raised by then becomes a KeyboardInterrupt.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.engines.base import Engine


class Terminated(KeyboardInterrupt):
    """SIGTERM came. All that Ctrl-C cleans up is cleaned up."""


def end_in_order_when_terminated() -> None:
    """Make SIGTERM raise `Terminated`, in a process of our own."""

    def terminate(*_: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)


INTERRUPTS: dict[int, type[KeyboardInterrupt]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: Terminated,
}


@contextmanager
def interruptible(engine: "Engine") -> Iterator[None]:
    """Make a signal stop the engine's running statement; in the main thread of POSIX systems.

    Raises:
        KeyboardInterrupt: SIGINT came.
        Terminated: SIGTERM came.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    interrupted: type[KeyboardInterrupt] | None = None

    def watch() -> None:
        nonlocal interrupted
        while received := os.read(reader, 1):
            if received[0] in INTERRUPTS:
                interrupted = INTERRUPTS[received[0]]
                engine.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    failure: Exception | None = None
    try:
        yield
    except Exception as error:
        failure = error
        raise
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)
        watcher.join()
        os.close(reader)
        if failure and interrupted:
            raise interrupted from failure
