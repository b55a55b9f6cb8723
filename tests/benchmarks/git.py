"""Time of `ingest git` beside that of `git log --numstat`, which does what cannot be avoided.

python -m tests.benchmarks.git [COMMITS]     100,000 unless told; most of the time is the making

Once with commits as people make them, once with commits of a single line, for which git has
the least to do.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_raw_table
from pipeline.ingest.git.ingest import ingest_git
from tests.benchmarks.seconds import Seconds, compare, seconds_printed_by

FILES = 1_000
ROUNDS = 5
AT_MOST = 1.5

# For each commit, the files that it changes, and their new content.
Changes = Iterator[dict[str, str]]


def ordinary(commits: int) -> Changes:
    """Some lines of one to four of many files."""
    rng = random.Random(1)
    files = {
        f"src/part{n % 40}/file{n}.py": [f"line {i}" for i in range(rng.randint(20, 200))]
        for n in range(FILES)
    }
    for number in range(commits):
        changed = list(files) if number == 0 else rng.sample(list(files), rng.randint(1, 4))
        for name in changed:
            lines = files[name]
            lines[rng.randrange(len(lines))] = f"line {rng.random()}"
        yield {name: "\n".join(files[name]) + "\n" for name in changed}


def one_line(commits: int) -> Changes:
    """The only line of the only file."""
    for number in range(commits):
        yield {"a.txt": f"{number}\n"}


def make_repository(path: Path, changes: Changes) -> None:
    """A history of commits that change files so."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    importing = ["git", "-C", str(path), "fast-import", "--quiet"]
    with subprocess.Popen(importing, stdin=subprocess.PIPE) as process:
        write = process.stdin.write
        for number, files in enumerate(changes):
            who = f"Dev {number % 30} <dev{number % 30}@example.com> {1_600_000_000 + number * 700} +0200"
            message = f"Change {number}\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n"
            write(f"commit refs/heads/main\nauthor {who}\ncommitter {who}\n".encode())
            write(f"data {len(message)}\n{message}".encode())
            for name, content in files.items():
                write(f"M 100644 inline {name}\ndata {len(content)}\n{content}\n".encode())
    subprocess.run(["git", "-C", str(path), "repack", "-q", "-a", "-d"], check=True)


def seconds_to_log(path: Path) -> Seconds:
    """What `git log --numstat` needs."""
    start = time.perf_counter()
    process = subprocess.Popen(["git", "-C", str(path), "log", "--numstat"], stdout=subprocess.DEVNULL)
    _, process.returncode, usage = os.wait4(process.pid, 0)
    return Seconds(time.perf_counter() - start, usage.ru_utime + usage.ru_stime)


def seconds_to_ingest(path: Path, database: Path) -> Seconds:
    """What `ingest_git` needs, in a process and a database of its own."""
    database.unlink(missing_ok=True)
    with connect(str(database)) as engine:
        engine.create_schema("raw")
        make_raw_table(engine, "git_commits")
    return seconds_printed_by(
        [sys.executable, "-m", "tests.benchmarks.git", "ingest", str(database), str(path)]
    )


def ingest(database: str, path: str) -> None:
    """Ingest a repository and print the seconds."""
    with connect(database) as engine:
        start = time.perf_counter()
        ingest_git(engine, [path])
        print(time.perf_counter() - start, flush=True)


def measure(kind: Callable[[int], Changes], commits: int) -> float:
    """Print both times for such commits; how many times as long ours is."""
    with tempfile.TemporaryDirectory() as folder:
        path, database = Path(folder, "repository"), Path(folder, "x.duckdb")
        make_repository(path, kind(commits))
        rounds = [(seconds_to_log(path), seconds_to_ingest(path, database)) for _ in range(ROUNDS)]
    print(f"{commits:,} commits: {kind.__doc__}")
    return compare("git log --numstat", "ingest git", rounds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["ingest"]:
        ingest(*sys.argv[2:])
    else:
        many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
        if max(measure(kind, many) for kind in (ordinary, one_line)) > AT_MOST:
            sys.exit(f"more than {AT_MOST} times")
