"""How fast a build is, beside the bare driver and beside other tools on the same SQL.

    python -m tests.benchmarks.compare --rows 400 10000 1000000 --runs 3 -o results.json

Every contestant builds the twelve models and their helpers from the same raw tables, in a file of its own,
whole process, interleaved in one run; the numbers are medians, in seconds. The SQL of the other tools
is what `aa-pipeline compile` wrote, model by model, staging and intermediate once as views, as their users
do by default, and once as tables, with tests of keys and of columns that may not be NULL. What takes longer
than `--patience` seconds counts as endless. A tool takes part where its environment is named:

    --dbt      python of an environment with dbt-core 1.11 and dbt-duckdb
    --dbt2     the dbt of dbt-core 2, with a DuckDB driver that ADBC_DRIVER_PATH names
    --sqlmesh  python of an environment with sqlmesh[duckdb]
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import rivals
from tests.benchmarks.generate import add, generate

AA = Path(sys.executable).with_name("aa-pipeline")
AS_OF = "2026-11-23T00:00:00"
ENDLESS = float("inf")
# From so many rows on a limit of 1 GiB makes a difference.
LARGE = 5_000_000


def seconds(command: list[str], folder: Path, *, patience: float | None = None, **environment: str) -> float:
    """Wall-clock time of a process, which must succeed; infinite where it is not done after `patience`."""
    variables = os.environ | environment
    # An installed package has its bytecode; here it is written by the first run.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return ENDLESS
    elapsed = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return elapsed


def ours(database: Path, *options: str) -> list[str]:
    """A build of ours."""
    return [str(AA), "build", "-t", str(database), "--as-of", AS_OF, *options]


def peak_mib(command: list[str], folder: Path) -> float:
    """Peak resident memory of a process, in MiB."""
    report = subprocess.run(
        ["/usr/bin/time", "-f", "%M", *command], cwd=folder, capture_output=True, text=True, check=True
    )
    return int(report.stderr.strip().splitlines()[-1]) / 1024


def measure(rows: int, runs: int, folder: Path, arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each contestant at one size, run by run."""
    raw = folder / "source.duckdb"
    sessions = generate(rows, raw, share=0.99)
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}
    # The rivals take our seeds as they find them, so every contestant starts from the same file.
    seconds([str(AA), "seed", "-t", str(raw)], folder, **cache)
    plan = json.loads(
        subprocess.run(
            [str(AA), "compile", "-t", str(raw), "--as-of", AS_OF, "--format", "json"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | cache,
        ).stdout
    )

    def copy(name: str) -> Path:
        target = folder / f"{name}.duckdb"
        shutil.copy(raw, target)
        return target

    contestants: dict[str, tuple[list[str], Path, dict[str, str]]] = {}
    fresh: dict[str, str] = {}  # tools that would find nothing to do a second time
    warm = copy("warm")
    contestants["ours, warm, everything"] = (ours(warm, "--full-refresh"), folder, cache)
    contestants["ours, nothing new"] = (ours(warm), folder, cache)
    contestants["bare script"] = rivals.bare(plan, copy("bare"), folder / "bare")
    tools = {"dbt-core 1.11": rivals.dbt, "dbt v2": rivals.dbt2, "SQLMesh": rivals.sqlmesh}
    given = {"dbt-core 1.11": arguments.dbt, "dbt v2": arguments.dbt2, "SQLMesh": arguments.sqlmesh}
    for (tool, write), below in itertools.product(tools.items(), ("view", "table")):
        if given[tool]:
            name = f"{tool}, {below}s below the marts"
            file = name.replace(" ", "-").replace(",", "")
            contestants[name] = write(plan, copy(file), folder / file, given[tool], below)
            fresh[name] = file
    times: dict[str, list[float]] = {name: [] for name in contestants}
    times |= {"ours, cold": [], "ours, 1 % new rows": [], "import click, duckdb; open the file": []}
    for number in range(runs):
        for name, (command, where, environment) in contestants.items():
            if ENDLESS in times[name]:
                continue
            if name in fresh:
                copy(fresh[name])
            times[name].append(seconds(command, where, patience=arguments.patience, **environment))
        cold = {"XDG_CACHE_HOME": str(folder / f"cold{number}")}
        database = copy("cold")
        times["ours, cold"].append(seconds(ours(database), folder, **cold))
        add(database, round(sessions * 0.99), sessions, sessions=sessions)
        times["ours, 1 % new rows"].append(seconds(ours(database), folder, **cold))
        opening = f"import click, duckdb; duckdb.connect({str(warm)!r}).execute('SELECT 1').fetchall()"
        times["import click, duckdb; open the file"].append(seconds([sys.executable, "-c", opening], folder))
    times["ours, peak memory in MiB"] = [peak_mib(ours(warm, "--full-refresh"), folder)]
    if rows >= LARGE:
        bounded = folder / "bounded"
        bounded.mkdir()
        (bounded / "aa-pipeline.toml").write_text('memory_limit = "1GiB"\n')
        times["ours, everything within 1 GiB"] = [seconds(ours(warm, "--full-refresh"), bounded, **cache)]
    return times


def start_up(runs: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of the commands that should answer at once."""
    commands = {
        "import click": [sys.executable, "-c", "import click"],
        "ours, --help": [str(AA), "--help"],
        "ours, ls, warm": [str(AA), "ls"],
    }
    seconds(commands["ours, ls, warm"], folder)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(seconds(command, folder))
    return times


def main() -> None:
    """Measure, print a table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--patience", type=float, default=90)
    parser.add_argument("--dbt")
    parser.add_argument("--dbt2")
    parser.add_argument("--sqlmesh")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        results["start-up"] = medians(start_up(max(5, arguments.runs), Path(temporary)))
        for rows in arguments.rows:
            folder = Path(temporary) / str(rows)
            folder.mkdir()
            results[f"{rows:,} raw rows"] = medians(measure(rows, arguments.runs, folder, arguments))
            shutil.rmtree(folder)
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    print(f"Medians in seconds, {machine['cores']} cores, {machine['machine']}.\n")
    print(markdown(results))
    if arguments.output:
        arguments.output.write_text(json.dumps({"machine": machine, "medians": results}, indent=1))


def markdown(results: dict[str, dict[str, float]]) -> str:
    """A table of all sizes, one row per contestant."""
    names = dict.fromkeys(name for numbers in results.values() for name in numbers)
    rows = [["", *results], ["---"] * (len(results) + 1)]
    rows += [[name, *(shown(numbers.get(name)) for numbers in results.values())] for name in names]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def shown(value: float | None) -> str:
    """A number as people read it."""
    if value is None:
        return ""
    return "not done" if value == ENDLESS else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def medians(times: dict[str, list[float]]) -> dict[str, float]:
    """The median of each row of measurements."""
    return {name: round(statistics.median(values), 4) for name, values in times.items() if values}


if __name__ == "__main__":
    main()
