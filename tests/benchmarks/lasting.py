"""How large a DuckDB file becomes over months of builds, beside a fresh one of the same raw rows.

    python -m tests.benchmarks.lasting 10000 1440

Builds every hour, with new sessions each time, and is maintained every day. Prints the size at the end, just
maintained, and that of a file which holds the same raw rows and was built once.
"""

import datetime as dt
import sys
import tempfile
from pathlib import Path

import duckdb

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.run.retention import Retention
from tests.benchmarks.generate import add, generate

START = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def build(path: Path, at: dt.datetime) -> None:
    with connect(str(path), wait=60) as engine:
        result = run.build(engine, plan(engine), as_of=at)
        assert result.status == "success"


def maintain(path: Path, at: dt.datetime) -> None:
    with connect(str(path), wait=60) as engine:
        Retention(engine, plan(engine), {}, "UTC", at).apply()
        assert engine.compact() is None


def plan(engine):
    return plan_cache.load("duckdb", Config(), engine.shapes("raw"))


def fresh(old: Path, new: Path, at: dt.datetime) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{old}' AS old (READ_ONLY)")
        connection.execute(f"ATTACH '{new}' AS new (STORAGE_VERSION 'v1.5.0')")
        connection.execute("CREATE SCHEMA new.raw")
        tables = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old' AND schema_name = 'raw'"
        for (table,) in connection.execute(tables).fetchall():
            connection.execute(f"CREATE TABLE new.raw.{table} AS FROM old.raw.{table}")
    build(new, at)


def measure(rows: int, hours: int, folder: Path) -> None:
    live, beside = folder / "live.duckdb", folder / "fresh.duckdb"
    # As many sessions come in these hours as in the ninety days before at the same pace.
    before = generate(rows, live)
    pace = max(1, before // (90 * 24))
    largest = 0
    for hour in range(hours):
        at = START + dt.timedelta(hours=hour)
        first = before + hour * pace
        add(live, first, first + pace, sessions=before)
        build(live, at)
        if hour % 24 == 23:
            largest = max(largest, live.stat().st_size)
            maintain(live, at)
            print(f"day {hour // 24 + 1:3}: {live.stat().st_size:,} bytes", file=sys.stderr, flush=True)
    fresh(live, beside, at)
    size, new = live.stat().st_size, beside.stat().st_size
    print(
        f"{hours} builds: {size:,} bytes, at most {largest:,}; a fresh file: {new:,}; {size / new:.2f} times"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure(int(sys.argv[1]), int(sys.argv[2]), Path(folder))
