"""A sample of `tests.kills`; the script itself takes as long as one likes."""

import pytest

from tests.kills import JOBS, Arena, duckdb, run

SAMPLE = [job for job in JOBS if job.name in ("build", "ingest otlp", "forget")]


@pytest.mark.slow
def test_whatever_is_killed_loses_nothing_doubles_nothing_and_leaves_nothing_half_done(company, tmp_path):
    result = run(Arena(tmp_path, duckdb(), company), SAMPLE, kills=len(SAMPLE), seed=1)

    assert (result.kills, result.faults) == (len(SAMPLE), [])
