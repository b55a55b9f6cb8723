"""A build on PostgreSQL beside psql, which runs the SQL of the same plan on the same server.

    python -m tests.benchmarks.postgres 1000000

Whole processes in turn, the quickest of three. psql makes every model a table, with the statistics that the
next one's plan needs, in one transaction; it audits nothing, writes nothing down and makes no index.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.compile.compiler import compile_plan
from pipeline.engines import connect
from tests.benchmarks.generate import generate
from tests.engines.servers import PostgresServer, postgres_server

AS_OF = "2026-11-23 00:00:00+00:00"
AA = Path(sys.executable).with_name("aa-pipeline")
RUNS = 3
AT_MOST = 1.3


def script(url: str) -> str:
    """The plan's SQL for psql; undone at the end, so that both find the same database."""
    with connect(url) as engine:
        plan = compile_plan("postgres", shapes=engine.shapes("raw"))
    lines = ["\\set ON_ERROR_STOP on", "SET TIME ZONE 'UTC';", "BEGIN;"]
    for table in plan.tables.values():
        if table.kind == "model":
            name = f'"{table.schema}"."{table.name}"'
            sql = (table.sql or "").replace("{{as_of}}", AS_OF)
            lines += [f"DROP TABLE {name} CASCADE;", f"CREATE TABLE {name} AS {sql};", f"ANALYZE {name};"]
    return "\n".join([*lines, "ROLLBACK;"])


def seconds(command: list[str], **variables: str) -> float:
    """Wall-clock time of a process, which must succeed."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | variables)
    return time.perf_counter() - start


def measure(rows: int, folder: Path, server: PostgresServer) -> tuple[float, float]:
    """The quickest build of ours, and psql's."""
    laptop, url = folder / "laptop.duckdb", server.url()
    generate(rows, laptop)
    seconds([str(AA), "copy", "--from", str(laptop), "--to", url])
    ours = [str(AA), "build", "-t", url, "--as-of", AS_OF, "--full-refresh"]
    seconds(ours)
    file = folder / "plan.sql"
    file.write_text(script(url))
    psql = [str(server.programs / "psql"), "-X", "-q", "-o", os.devnull, "-f", str(file)]
    address = f"postgresql://{server.USER}@127.0.0.1:{server.port}/postgres"
    times: list[tuple[float, float]] = []
    for _ in range(RUNS):
        times.append((seconds(ours), seconds([*psql, address], PGPASSWORD=server.PASSWORD)))
    return min(one for one, _ in times), min(other for _, other in times)


def main() -> None:
    """Print both, and fail if ours takes too long."""
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        ours, psql = measure(int(sys.argv[1]), Path(folder), server)
    print(f"aa-pipeline build  {ours:8.2f} s")
    print(f"psql               {psql:8.2f} s")
    print(f"{ours / psql:.2f} times")
    if ours > AT_MOST * psql:
        sys.exit(f"more than {AT_MOST} times")


if __name__ == "__main__":
    main()
