"""Copying from one database into another: what both know of runs."""

import datetime as dt

import pytest

from pipeline.engines import connect, meta
from pipeline.outputs.copy import copy_database
from pipeline.run.record import record
from pipeline.run.results import RunResult
from tests.projects import compile_shop

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def databases():
    with connect(":memory:") as source, connect(":memory:") as target:
        yield source, target


def run_at(engine, *hours):
    meta.ensure(engine)
    for hour in hours:
        at = NOON + dt.timedelta(hours=hour)
        record(engine, RunResult("run", at, engine.url, "f", "1", started_at=at))


def copy(databases):
    plan = compile_shop(shapes={})
    copy_database(*databases, plan, lambda: plan)


def hours(engine):
    found = engine.fetch("SELECT run_number, started_at FROM meta.runs ORDER BY 1")
    return [(number, (at - NOON) // dt.timedelta(hours=1)) for number, at in found]


def test_into_an_empty_database_runs_come_in_their_order(databases):
    source, target = databases
    run_at(source, 5, 0, 1)
    copy(databases)
    copy(databases)
    run_at(target, 0)
    assert hours(target) == [(1, 5), (2, 0), (3, 1), (4, 0)]


def test_runs_of_elsewhere_come_before_those_that_made_what_is_there(databases):
    source, target = databases
    run_at(source, 5, 0, 9)
    run_at(target, 1, 2)
    copy(databases)
    assert hours(target) == [(-2, 5), (-1, 0), (0, 9), (1, 1), (2, 2)]


def test_runs_that_an_older_release_made_keep_their_order(databases):
    source, target = databases
    run_at(source, 3, 1, 2)
    source.execute("ALTER TABLE meta.runs DROP COLUMN run_number")
    copy(databases)
    assert hours(target) == [(1, 1), (2, 2), (3, 3)]
