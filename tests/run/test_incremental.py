"""Incremental equals full: whatever came, went or was altered, skipping changes no row."""

import datetime as dt
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import run
from pipeline.engines import connect
from tests.projects import compile_shop

pytestmark = pytest.mark.slow

TABLES = (
    "staging.stg_sales",
    "staging.stg_recent_visits",
    "mart.dim_products",
    "mart.fct_product_sales",
    "mart.fct_visits",
)

days = st.integers(0, 20)
sale = st.tuples(
    st.just("sale"),
    st.sampled_from(["tea", "milk", "cake", None]),
    st.integers(0, 3),
    days,
)
visit = st.tuples(st.just("visit"), days)
forget = st.tuples(st.just("forget"), st.sampled_from(["sales", "visits"]), st.integers(1, 8))
seed = st.tuples(st.just("seed"), st.sampled_from(["tea,Green tea", "cake,Cake", ""]))
batch = st.tuples(st.lists(st.one_of(sale, visit, forget, seed), max_size=4), st.integers(85, 110))


class Stream:
    """Raw tables that rows come to and go from."""

    def __init__(self, engine, project_dir):
        self.engine = engine
        self.numbers = count(1)  # a number is never given twice
        self.seed = project_dir / "seeds" / "products.csv"
        self.seed.parent.mkdir(exist_ok=True)
        self.seed.write_text("product,label\n")
        engine.create_schema("raw")
        engine.execute("CREATE TABLE raw.sales (id BIGINT, timestamp TIMESTAMP, product TEXT, amount DOUBLE)")
        engine.execute("CREATE TABLE raw.visits (id BIGINT, timestamp TIMESTAMP)")

    def take(self, event):
        match event:
            case ("sale", product, amount, day):
                self._insert("sales", day, product, amount)
            case ("visit", day):
                self._insert("visits", day)
            case ("forget", table, number):
                self.engine.execute(f"DELETE FROM raw.{table} WHERE id = {number}")
            case ("seed", line):
                self.seed.write_text(f"product,label\n{line}\n")

    def _insert(self, table, day, *values):
        at = dt.datetime(2026, 1, 1) + dt.timedelta(days=day)
        number = next(self.numbers)
        marks = ", ".join("?" for _ in (number, at, *values))
        self.engine.execute(f"INSERT INTO raw.{table} VALUES ({marks})", [number, at, *values])


def contents(engine):
    return {table: engine.fetch(f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(batch, min_size=1, max_size=5))
def test_a_build_that_skips_publishes_what_a_full_refresh_would(tmp_path: Path, batches):
    with connect(":memory:") as engine:
        stream = Stream(engine, tmp_path)
        plan = compile_shop(shapes=engine.shapes("raw"))
        for events, day in batches:
            for event in events:
                stream.take(event)
            now = {
                "as_of": dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day),
                "project_dir": tmp_path,
            }
            first = run.build(engine, plan, **now)
            skipping = contents(engine)
            full = run.build(engine, plan, full_refresh=True, **now)
            assert (first.status, full.status) == ("success", "success")
            assert skipping == contents(engine)
            # … and what has just been built is not built again.
            again = run.build(engine, plan, **now)
            assert {table.action for table in again.tables} == {"read", "skipped"}
            assert contents(engine) == skipping
