"""Time of `ingest git --survival` beside that of `git log -p`, which shows the lines that it follows.

python -m tests.benchmarks.survival [COMMITS]     10,000 unless told

The first time, and once more when fifty commits have come.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.engines import connect
from pipeline.ingest.git.ingest import ingest_git
from tests.benchmarks.git import make_repository, ordinary
from tests.benchmarks.seconds import Seconds, compare, seconds_printed_by

NEW = 50
ROUNDS = 3
AT_MOST = 5


def ingest(database: str, path: str) -> None:
    """Ingest commits; then what became of their lines, and print the seconds."""
    with connect(database) as engine:
        ingest_git(engine, [path])
        start = time.perf_counter()
        ingest_git(engine, [path], survival=True)
        print(time.perf_counter() - start, flush=True)


def seconds_to_show(path: Path) -> Seconds:
    """What `git log -p` needs."""
    program = (
        "import subprocess, sys, time; start = time.perf_counter();"
        " subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        " print(time.perf_counter() - start)"
    )
    return seconds_printed_by([sys.executable, "-c", program, "git", "-C", str(path), "log", "-p"])


def main(commits: int) -> None:
    """Print how many times as long ours takes; the code is 1 if that is too long."""
    firsts, agains = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            path, database = Path(folder, "repository"), Path(folder, "x.duckdb")
            make_repository(path, ordinary(commits))
            whole = git(path, "rev-parse", "main").strip()
            git(path, "update-ref", "refs/heads/main", f"{whole}~{NEW}")
            shown = seconds_to_show(path)
            command = [sys.executable, "-m", "tests.benchmarks.survival", "ingest", str(database), str(path)]
            firsts.append((shown, seconds_printed_by(command)))
            git(path, "update-ref", "refs/heads/main", whole)
            agains.append((shown, seconds_printed_by(command)))
    print(f"{commits:,} commits, the first time:")
    first = compare("git log -p", "--survival", firsts)
    print(f"{NEW} more:")
    again = compare("git log -p", "--survival", agains)
    if first > AT_MOST or again > first:
        sys.exit(f"more than {AT_MOST} times, or no quicker when it was there before")


def git(path: Path, *words: str) -> str:
    """What git says."""
    return subprocess.run(["git", "-C", path, *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    if sys.argv[1:2] == ["ingest"]:
        ingest(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
