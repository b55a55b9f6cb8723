"""How fast a build on Spark is, beside Spark's own time for the same SQL, on a real cluster.

    python -m tests.benchmarks.spark 1000000
    python -m tests.benchmarks.spark 20000000 --runs 1 --memory 6g
    python -m tests.benchmarks.spark 1000000 --partitions

Raw rows of realistic shape are built on a cluster of one master and two workers, processes of this
machine, and on DuckDB, whose sums must be the same. Then builds alternate with the bare statements
that a build has sent, models and audits, in the same session; the numbers are medians, in seconds.
With `--partitions` the largest table and the largest mart are written once more as they are and once in
partitions of a day, and read: whole, and one day of them.
"""

import argparse
import datetime as dt
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb

from pipeline import run
from pipeline.compile import plan_cache
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.engines.base import Engine
from pipeline.engines.spark import Spark
from pipeline.plan import Plan
from pipeline.plan.render import render
from tests.benchmarks.generate import generate
from tests.engines.servers import SparkCluster, spark_cluster

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
SUMS = {
    "fct_daily_agent_usage": "count(*), sum(total_sessions), sum(total_tokens), sum(total_cost_usd)",
    "fct_agent_costs": "count(*), sum(daily_cost_usd), sum(mtd_cost_usd), sum(avg_7day_cost_usd)",
    "fct_git_commits": "count(*), sum(lines_changed), sum(tokens_used), sum(cost_usd)",
    "dim_developers": "count(*), min(developer_id), max(developer_id), count(DISTINCT agents_used)",
}

# Table → its column of days.
DAYS = {"staging.stg_log_events": "day", "mart.fct_daily_agent_usage": "date"}


def plan_of(engine: Engine) -> Plan:
    """The plan for an open database."""
    return plan_cache.load(engine.dialect, Config(), engine.shapes("raw"))


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def load(raw: Path, folder: Path, engine: Spark) -> None:
    """Bring the raw tables of a DuckDB file to Spark, as Parquet files."""
    engine.create_schema("raw")
    with duckdb.connect(str(raw)) as connection:
        for (table,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'"
        ).fetchall():
            files = folder / "parquet" / table
            files.mkdir(parents=True)
            connection.execute(
                f"COPY raw.{table} TO '{files}' (FORMAT parquet, PER_THREAD_OUTPUT, OVERWRITE)"
            )
            engine.execute(f"CREATE TABLE raw.{table} USING PARQUET LOCATION '{files}'")


def build(engine: Engine) -> run.RunResult:
    """Everything, anew."""
    result = run.build(engine, plan_of(engine), as_of=NOW, full_refresh=True)
    assert result.status == "success"
    return result


def queries_of_a_build(engine: Spark) -> list[str]:
    """The queries of a build beside its models: audits, and what it asks of raw tables and run metadata."""
    asked: list[str] = []
    fetch_result = engine.fetch_result

    def remember(sql, params=None):
        if not params and sql.lstrip().startswith(("SELECT", "WITH")):
            asked.append(sql)
        return fetch_result(sql, params)

    engine.fetch_result = remember  # type: ignore[method-assign] # for this build alone
    build(engine)
    del engine.fetch_result  # type: ignore[method-assign] # the class's own again
    return asked


def make_models(engine: Spark, plan: Plan) -> None:
    """The SQL of the models, from what is published into tables of their own."""
    engine.session.sql("CREATE DATABASE bare")
    for table in plan.tables.values():
        if table.sql:
            sql = render(table.sql, NOW)
            engine.session.sql(f"CREATE TABLE bare.{table.name} USING PARQUET AS {sql}")
    engine.session.sql("DROP DATABASE bare CASCADE")


def ask(engine: Spark, queries: list[str]) -> None:
    """All queries, one after the other."""
    for query in queries:
        engine.session.sql(query).collect()


def sums(engine: Engine) -> dict[str, tuple[object, ...]]:
    """What two engines must agree on."""
    return {table: engine.fetch(f"SELECT {what} FROM mart.{table}")[0] for table, what in SUMS.items()}


def agree(one: object, other: object) -> bool:
    """The same, floats to 1e-9 relative."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other


def try_partitions(engine: Spark, runs: int) -> None:
    """Print what writing and reading takes of tables as they are, and in partitions of a day."""
    engine.session.sql("CREATE DATABASE bare")
    for table, day in DAYS.items():
        files = f"PARTITIONED BY ({day}) AS SELECT * FROM {table} DISTRIBUTE BY {day}"
        for layout, storage in {"as it is": f"AS SELECT * FROM {table}", "by day": files}.items():
            times: dict[str, list[float]] = {"written": [], "read": [], "one day read": []}
            for _ in range(runs):
                engine.session.sql("DROP TABLE IF EXISTS bare.t")
                for what, sql in {
                    "written": f"CREATE TABLE bare.t USING PARQUET {storage}",
                    "read": "SELECT bit_xor(xxhash64(*)) FROM bare.t",
                    "one day read": f"SELECT bit_xor(xxhash64(*)) FROM bare.t WHERE {day} = '2026-10-10'",
                }.items():
                    # A statement that makes a table runs at once, a query when its rows are asked for.
                    times[what].append(seconds(lambda sql=sql: engine.session.sql(sql).collect()))
            print(
                table, layout, *(f"{what}: {statistics.median(found):.2f}" for what, found in times.items())
            )
    engine.session.sql("DROP DATABASE bare CASCADE")


def measure(
    rows: int, runs: int, folder: Path, cluster: SparkCluster, memory: str, *, partitions: bool
) -> None:
    """Print the numbers of one size."""
    raw = folder / "source.duckdb"
    generate(rows, raw)
    with connect(str(raw)) as expected:
        print(f"{rows:,} raw rows. DuckDB, first build: {seconds(partial(build, expected)):.1f}")
        on_duckdb = sums(expected)
    url = f"pyspark://{folder}/warehouse?spark.master=spark://127.0.0.1:{cluster.port}"
    with connect(f"{url}&spark.executor.memory={memory}") as engine:
        assert isinstance(engine, Spark)
        load(raw, folder, engine)
        print(f"Spark, first build: {seconds(partial(build, engine)):.1f}", flush=True)
        for table, here in sums(engine).items():
            same = all(map(agree, here, on_duckdb[table]))
            print(f"{table}: {'the same' if same else f'{here} and {on_duckdb[table]}'}", flush=True)
        if partitions:
            try_partitions(engine, runs)
        if partitions or runs < 2:
            return
        queries = queries_of_a_build(engine)
        times: dict[str, list[float]] = {"build": [], "models alone": [], "its queries alone": []}
        for _ in range(runs):
            times["build"].append(seconds(partial(build, engine)))
            times["models alone"].append(seconds(partial(make_models, engine, plan_of(engine))))
            times["its queries alone"].append(seconds(partial(ask, engine, queries)))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.1f}  ({', '.join(f'{value:.1f}' for value in times[name])})")
    bare = medians["models alone"] + medians["its queries alone"]
    print(f"A build takes {medians['build'] / bare:.2f} times what Spark takes for the same SQL.")


def main() -> None:
    """Read the command line and print the numbers."""
    parser = argparse.ArgumentParser(description="Builds on a Spark cluster of this machine.")
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="1: compare the sums, and no times")
    parser.add_argument("--partitions", action="store_true", help="try tables in partitions of a day")
    parser.add_argument("--memory", default="2g", help="of each of the two executors")
    arguments = parser.parse_args()
    SparkCluster.MEMORY = arguments.memory
    with tempfile.TemporaryDirectory(prefix="aa-benchmark-") as folder, spark_cluster() as cluster:
        measure(
            arguments.rows,
            arguments.runs,
            Path(folder),
            cluster,
            arguments.memory,
            partitions=arguments.partitions,
        )


if __name__ == "__main__":
    main()
