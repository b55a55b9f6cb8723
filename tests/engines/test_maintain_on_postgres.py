"""What `maintain` does to PostgreSQL: rows go, and their space with them, beside whoever reads and writes."""

import pytest

from pipeline.engines import connect, meta
from tests.run import test_retention as retention

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(url):
    with connect(url) as engine:
        yield engine


@pytest.mark.parametrize(
    "scenario",
    [
        retention.raw_rows_go_by_whole_days,
        retention.a_cumulative_series_goes_whole,
        retention.old_runs_are_rolled_up,
    ],
)
def test_the_same_goes_as_on_duckdb(engine, scenario):
    scenario(engine)


def test_the_space_of_removed_rows_is_given_back(engine, url):
    meta.ensure(engine)
    engine.execute("CREATE TABLE public.theirs AS SELECT 1 AS i")
    engine.execute("INSERT INTO meta.quarantine (reason) SELECT 'r' || i FROM generate_series(1, 50000) AS i")
    before = engine.sizes()["meta", "quarantine"]
    engine.execute("DELETE FROM meta.quarantine")
    with connect(url) as reader, connect(url) as busy:
        reader.execute("BEGIN; SELECT * FROM meta.runs")
        busy.execute("BEGIN; LOCK TABLE meta.ingests")  # is left out
        assert engine.compact() is None
        busy.rollback()
        reader.rollback()
    assert engine.sizes()["meta", "quarantine"] < before / 10
    assert ("public", "theirs") not in engine.sizes()
    analyzed = "SELECT relname FROM pg_stat_user_tables WHERE last_analyze IS NOT NULL AND relname = 'runs'"
    assert engine.fetch(analyzed) == [("runs",)]
