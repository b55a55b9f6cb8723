"""Time of `ingest git` beside that of `git log --numstat`, which does what cannot be avoided.

python -m tests.benchmarks.git [COMMITS]     100,000 unless told; most of the time is the making
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.engines import connect
from pipeline.ingest.git import ingest_git

FILES = 1_000
AT_MOST = 1.5


def make_repository(path: Path, commits: int) -> None:
    """A history in which each commit changes some lines of one to four of many files."""
    rng = random.Random(1)
    files = {
        f"src/part{n % 40}/file{n}.py": [f"line {i}" for i in range(rng.randint(20, 200))]
        for n in range(FILES)
    }
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    importing = ["git", "-C", str(path), "fast-import", "--quiet"]
    with subprocess.Popen(importing, stdin=subprocess.PIPE) as process:
        write = process.stdin.write
        for number in range(commits):
            who = f"Dev {number % 30} <dev{number % 30}@example.com> {1_600_000_000 + number * 700} +0200"
            message = f"Change {number}\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n"
            write(f"commit refs/heads/main\nauthor {who}\ncommitter {who}\n".encode())
            write(f"data {len(message)}\n{message}".encode())
            for name in files if number == 0 else rng.sample(list(files), rng.randint(1, 4)):
                lines = files[name]
                lines[rng.randrange(len(lines))] = f"line {rng.random()}"
                content = "\n".join(lines) + "\n"
                write(f"M 100644 inline {name}\ndata {len(content)}\n{content}\n".encode())
    subprocess.run(["git", "-C", str(path), "repack", "-q", "-a", "-d"], check=True)


def main(commits: int) -> None:
    """Print both times, and fail if ours is too long."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "repository")
        make_repository(path, commits)
        with connect(str(Path(folder, "x.duckdb"))) as engine:
            start = time.perf_counter()
            log = ["git", "-C", str(path), "log", "--numstat"]
            subprocess.run(log, stdout=subprocess.DEVNULL, check=True)
            logged = time.perf_counter()
            result = ingest_git(engine, [path])
            landed = time.perf_counter()
            ingest_git(engine, [path])
            again = time.perf_counter()
    ratio = (landed - logged) / (logged - start)
    print(f"{result.landed:,} commits")
    print(f"git log --numstat   {logged - start:6.2f} s")
    print(f"ingest git          {landed - logged:6.2f} s   {ratio:.2f} times")
    print(f"ingest git, again   {again - landed:6.2f} s")
    if ratio > AT_MOST:
        sys.exit(f"more than {AT_MOST} times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
