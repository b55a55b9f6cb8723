"""Samples of what is tried for minutes on demand: kills under load, and attacks."""

import sys

import pytest

from tests.benchmarks import attacks, listener

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def test_what_was_acknowledged_before_a_kill_lands_once(tmp_path):
    outcome = listener.run(tmp_path, kills=2, rate=400, between=2)
    assert outcome.sent == outcome.acknowledged == outcome.landed > 0
    assert (outcome.lost, outcome.doubled) == (0, 0)


def test_large_bodies_at_once_do_not_fill_the_memory(tmp_path):
    megabytes, _ = attacks.run(tmp_path, attacks.large)
    assert megabytes < listener.MOST_MEGABYTES
