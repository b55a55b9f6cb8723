"""How soon the documentation is there: written for the demo, and its graph drawn for 500 tables.

python -m tests.benchmarks.docs     needs Chromium and Playwright
"""

import datetime as dt
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.outputs.docs.folder import write_site
from pipeline.outputs.docs.site import site_files
from pipeline.outputs.docs.state import State
from pipeline.plan import Plan, PlanColumn, PlanTable
from tests.benchmarks.browser import RUNS, milliseconds_to_open

AA = Path(sys.executable).with_name("aa-pipeline")
TABLES = 500
MOST_SECONDS, MOST_BYTES, MOST_MILLISECONDS = 1.0, 2_000_000, 1000


def generate(folder: Path) -> tuple[float, int]:
    """Median seconds of `docs generate` on the demo with a warm plan, and the bytes of its site."""
    subprocess.run([AA, "demo"], cwd=folder, check=True, capture_output=True)
    demo = folder / "aa-demo"
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run([AA, "docs", "generate"], cwd=demo, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    size = sum(file.stat().st_size for file in (demo / "site").rglob("*") if file.is_file())
    return statistics.median(times[1:]), size


def many_tables() -> Plan:
    """A pipeline of 500 tables of 20 columns, each made of one to three earlier ones."""
    rng = random.Random(1)
    tables: dict[str, PlanTable] = {}
    for number in range(TABLES):
        layer = "raw" if number < 60 else "staging" if number < 300 else "marts"
        names = list(tables)
        reads = [] if layer == "raw" else rng.sample(names[max(0, number - 120) :], rng.randint(1, 3))
        columns = [PlanColumn(f"column_{n}", "int64", "BIGINT", True, "What it means.") for n in range(20)]
        sources = {c.name: [[t, f"column_{rng.randrange(20)}", "value"] for t in reads] for c in columns}
        tables[f"{layer}_table_{number}"] = PlanTable(
            name=f"{layer}_table_{number}",
            layer=layer,
            schema=layer,
            kind="source" if layer == "raw" else "model",
            description="One row per thing.",
            columns=columns,
            key=["column_0"],
            depends_on=reads,
            lineage=sources if reads else {},
        )
    return Plan("many", "duckdb", "0", {}, tables)


def draw(folder: Path) -> float:
    """Median milliseconds from opening the lineage page of 500 tables until it answers."""
    write_site(folder, site_files(many_tables(), State(), generated_at=dt.datetime.now(dt.UTC)))
    return milliseconds_to_open(folder / "lineage.html", "document.body.matches('[data-ready]')")


def main() -> None:
    """Print the numbers, and fail if one is too large."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, size = generate(Path(folder))
        milliseconds = draw(Path(folder) / "many")
    print(f"docs generate, warm plan      {seconds:8.2f} s")
    print(f"site of the demo              {size / 1e6:8.2f} MB")
    print(f"lineage of {TABLES} tables ready   {milliseconds:8.0f} ms")
    if seconds > MOST_SECONDS or size > MOST_BYTES or milliseconds > MOST_MILLISECONDS:
        sys.exit(f"more than {MOST_SECONDS} s, {MOST_BYTES / 1e6} MB or {MOST_MILLISECONDS} ms")


if __name__ == "__main__":
    main()
