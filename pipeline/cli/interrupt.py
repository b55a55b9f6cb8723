"""Ctrl-C during a long statement.

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


@contextmanager
def interruptible(engine: "Engine") -> Iterator[None]:
    """Make SIGINT stop the engine's running statement; in the main thread of POSIX systems.

    Raises:
        KeyboardInterrupt: the signal came.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    interrupted = False

    def watch() -> None:
        nonlocal interrupted
        while received := os.read(reader, 1):
            if received[0] == signal.SIGINT:
                interrupted = True
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
            raise KeyboardInterrupt from failure
