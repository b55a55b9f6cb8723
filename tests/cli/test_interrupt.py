"""Ctrl-C during a long statement."""

import os
import signal
import threading

import pytest

from pipeline.cli.interrupt import Terminated, end_in_order_when_terminated, interruptible
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


@pytest.mark.slow
def test_so_does_sigterm_in_a_process_of_our_own():
    def make_and_wait(engine):
        with interruptible(engine), engine.transaction():
            engine.execute("CREATE TABLE x AS SELECT 1")
            threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM]).start()
            engine.execute(ENDLESS)

    before = signal.getsignal(signal.SIGTERM)
    end_in_order_when_terminated()
    try:
        with connect(":memory:") as engine:
            with pytest.raises(Terminated):
                make_and_wait(engine)

            assert engine.kinds() == {}
    finally:
        signal.signal(signal.SIGTERM, before)


def test_afterwards_signals_are_as_they_were():
    with connect(":memory:") as engine, interruptible(engine):
        pass

    assert signal.set_wakeup_fd(-1) == -1
