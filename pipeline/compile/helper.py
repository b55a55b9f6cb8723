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

from pipeline.plan import PlanTable
from pipeline.system.processes import answering, answers_of, end, start_process

SERVE = "from pipeline.compile.helper import serve; serve()"


@contextmanager
def compiling(arguments: Mapping[str, Any]) -> Iterator[dict[str, PlanTable]]:
    """What a helper has compiled so far; it ends with the block.

    Args:
        arguments: those of `compile_models`.
    """
    compiled: dict[str, PlanTable] = {}
    try:
        helper = start_process(SERVE)
    except OSError:  # no process can be started
        yield compiled
        return

    def listen() -> None:
        with suppress(AttributeError):  # it sent what is no table
            for table in answers_of(helper):
                compiled[table.name] = table

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert helper.stdin
        with suppress(OSError):  # it has ended
            pickle.dump(dict(arguments), helper.stdin)
            helper.stdin.flush()
        yield compiled
    finally:
        end(helper, listener)


def serve() -> None:
    """Compile what standard input says, the last model first."""
    import gc

    gc.disable()
    answers = answering()
    arguments = pickle.load(sys.stdin.buffer)
    from pipeline.compile.compiler import compile_models

    for table in compile_models(**arguments):
        pickle.dump(table, answers)
        answers.flush()
