"""A helper of the compiler: another process that compiles models too.

It goes from the last model to the first while the caller goes from the first to the last. Where
they meet, all of them are compiled, in little more than half the time.
"""

import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from pipeline.beside import start_beside
from pipeline.plan import PlanTable

SERVE = "from pipeline.compile_helper import serve; serve()"


@contextmanager
def compiling(arguments: Mapping[str, Any]) -> Iterator[dict[str, PlanTable]]:
    """What a helper has compiled so far; it ends with the block.

    Args:
        arguments: those of `compile_models`.
    """
    compiled: dict[str, PlanTable] = {}
    with start_beside(SERVE) as helper:
        given, answers = helper.stdin, helper.stdout
        assert given is not None
        assert answers is not None

        def listen() -> None:
            with suppress(EOFError, OSError, pickle.UnpicklingError):  # it has ended
                while True:
                    table: PlanTable = pickle.load(answers)
                    compiled[table.name] = table

        listener = Thread(target=listen, daemon=True)
        listener.start()
        try:
            with suppress(OSError):
                pickle.dump(dict(arguments), given)
                given.flush()
            yield compiled
        finally:
            helper.kill()
            listener.join()


def serve() -> None:
    """Compile what standard input says, the last model first."""
    import gc

    gc.disable()
    arguments = pickle.load(sys.stdin.buffer)
    from pipeline.compile.compiler import compile_models

    for table in compile_models(**arguments):
        pickle.dump(table, sys.stdout.buffer)
        sys.stdout.buffer.flush()
