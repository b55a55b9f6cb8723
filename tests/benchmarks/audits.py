"""What the audits of a build cost, beside building, and beside Pandera's own `validate`.

    python -m tests.benchmarks.audits 1000000

Prints seconds for building without audits, for the audits of a build (only what is not proven),
for all audits (`test`), and for `Contract.validate` on the same tables.
"""

import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

from pandera.errors import SchemaErrors

from pipeline import run
from pipeline.compile.compiler import compile_plan
from pipeline.compile.contracts import contracts_of
from pipeline.engines import connect
from tests.benchmarks.generate import generate

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def measure(rows: int, folder: Path) -> dict[str, float]:
    """Seconds by what was done to `rows` raw rows."""
    database = folder / "benchmark.duckdb"
    generate(rows, database)
    with connect(str(database)) as engine:
        plan = compile_plan("duckdb", shapes=engine.shapes("raw"))
        queries: dict[str, float] = {}
        fetch = engine.fetch

        def timed(sql, params=None):
            start = time.perf_counter()
            try:
                return fetch(sql, params)
            finally:
                queries[sql] = time.perf_counter() - start

        engine.fetch = timed
        start = time.perf_counter()
        run.build(engine, plan, as_of=NOW, full_refresh=True)
        whole = time.perf_counter() - start
        audits = sum(
            taken for sql, taken in queries.items() if sql.startswith(("SELECT COUNT(*),", "SELECT NULL,"))
        )
        engine.fetch = fetch

        start = time.perf_counter()
        run.audit(engine, plan)
        all_audits = time.perf_counter() - start

        tables = [table for table in plan.tables.values() if table.kind == "model"]
        connection = engine.ibis()
        contracts = contracts_of("schemas")
        start = time.perf_counter()
        for table in tables:
            try:
                contracts[table.name].validate(connection.table(table.name, database=table.schema))
            except SchemaErrors as errors:
                print(f"{table.name}: {len(errors.schema_errors)} errors", file=sys.stderr)
        pandera = time.perf_counter() - start
    return {"build": whole - audits, "its audits": audits, "test": all_audits, "Pandera": pandera}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = measure(int(sys.argv[1]), Path(folder))
    for what, seconds in found.items():
        print(f"{what:12} {seconds:8.2f} s")
    print(f"audits are {found['its audits'] / found['build']:.1%} of building")
    print(f"they take 1/{found['Pandera'] / found['its audits']:.1f} of Pandera's validate")
    # `test` also looks at raw tables and seeds, and across tables, which Pandera's validate does not.
    print(f"all audits, proven ones included, take 1/{found['Pandera'] / found['test']:.1f}")
