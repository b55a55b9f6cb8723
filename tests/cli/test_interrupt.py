"""Ctrl-C during a long statement."""

import os
import signal
import threading

import pytest

from pipeline.cli.interrupt import interruptible
from pipeline.engines import connect

ENDLESS = "SELECT sum(a.range * b.range) FROM range(1000000) AS a, range(1000000) AS b"


@pytest.mark.slow
def test_an_interrupt_stops_the_statement_and_undoes_the_transaction(interrupts):
    def make_and_wait(engine):
        with interruptible(engine), engine.transaction():
            engine.execute("CREATE TABLE x AS SELECT 1")
            threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
            engine.execute(ENDLESS)

    with connect(":memory:") as engine:
        with pytest.raises(KeyboardInterrupt):
            make_and_wait(engine)

        assert engine.kinds() == {}


def test_afterwards_signals_are_as_they_were():
    with connect(":memory:") as engine, interruptible(engine):
        pass

    assert signal.set_wakeup_fd(-1) == -1
