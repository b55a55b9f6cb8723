"""Time and memory of `ingest otlp` beside the time that parsing the same lines takes.

python -m tests.benchmarks.otlp [MEGABYTES]     100 unless told; 5000 for the memory of a big file

Both are measured in turn, several times, and the quickest of each counts: what else the machine
does makes either slower, and none quicker.
"""

import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_raw_table
from pipeline.ingest.landing.arrow import import_arrow_alone
from pipeline.ingest.otlp.ingest import ingest_otlp
from tests.benchmarks.seconds import Seconds, compare, seconds_printed_by
from tests.ingest.otlp.samples import log, logs, metric, metrics, point

BLOCK = 25 << 20  # bytes that are generated; the rest repeats them at other times
FIRST_SECOND = 1_000_000_000
ROUNDS = 7
AT_MOST = 3.0
MOST_MEMORY = 600  # MB


def make_file(path: Path, megabytes: int) -> None:
    """Exports of Claude Code as a Collector writes them: two log batches to one of metrics."""
    rng = random.Random(1)
    block, size = [], 0
    second = FIRST_SECOND
    while size < min(BLOCK, megabytes << 20):
        second += rng.randrange(30)
        line = json.dumps(batch(rng, second), separators=(",", ":")) + "\n"
        block.append(line)
        size += len(line)
    text = "".join(block).encode()
    with path.open("wb") as file:
        for number in range(-(-(megabytes << 20) // len(text))):
            now = b'UnixNano":"1%03d' % number
            file.write(text.replace(b'UnixNano":"1000', now))


def batch(rng: random.Random, second: int) -> dict:
    """One export of one session."""
    session = f"{rng.getrandbits(128):032x}"
    common = {
        "session.id": session,
        "user.email": f"dev{rng.randrange(50)}@example.com",
        "user.id": f"{rng.getrandbits(256):064x}",
        "organization.id": "0af7651916cd43dd8448eb211c80319c",
        "terminal.type": "vscode",
    }
    nanos = second * 10**9
    if rng.random() < 0.33:
        return metrics(
            metric(
                *(
                    point(
                        float(rng.randrange(9000)),
                        common | {"type": kind, "model": "claude-opus-5"},
                        at=nanos,
                    )
                    for kind in ("input", "output", "cacheRead", "cacheCreation")
                )
            )
        )
    return logs(*(event(rng, common, nanos + i * 10**6, i) for i in range(rng.randrange(1, 30))))


def event(rng: random.Random, common: dict, nanos: int, sequence: int) -> dict:
    """A model request or a tool result."""
    attributes = common | {"event.sequence": sequence, "prompt.id": f"{rng.getrandbits(128):032x}"}
    if sequence % 2:
        name = "api_request"
        attributes |= {
            "model": "claude-opus-5",
            "cost_usd": rng.random(),
            "duration_ms": rng.randrange(10_000),
            "input_tokens": rng.randrange(1000),
            "output_tokens": rng.randrange(1000),
            "cache_read_tokens": rng.randrange(100_000),
            "cache_creation_tokens": rng.randrange(1000),
            "request_id": f"req_{rng.getrandbits(64):x}",
            "query_source": "repl_main_thread",
        }
    else:
        name = "tool_result"
        attributes |= {
            "tool_name": "Bash",
            "success": "true",
            "duration_ms": str(rng.randrange(10_000)),
            "tool_use_id": f"toolu_{rng.getrandbits(64):x}",
            "tool_parameters": '{"bash_command":"git status"}',
        }
    observed = str(nanos + 5000)
    named = attributes | {"event.name": name}
    return log(named, at=nanos, body=f"claude_code.{name}", observedTimeUnixNano=observed)


def seconds_to_parse(path: Path) -> Seconds:
    """What `orjson.loads` needs for every line, reading apart."""
    wall = cpu = 0.0
    with path.open("rb") as file:
        while lines := file.readlines(1 << 20):
            start, started = time.perf_counter(), time.process_time()
            for line in lines:
                orjson.loads(line)
            wall += time.perf_counter() - start
            cpu += time.process_time() - started
    return Seconds(wall, cpu)


def seconds_to_ingest(path: Path, database: Path) -> Seconds:
    """What `ingest_otlp` needs for the file, in a process and a database of its own."""
    make_tables(database)
    return seconds_printed_by(ingesting(path, database))


def ingesting(path: Path, database: Path) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.otlp", "ingest", str(database), str(path)]


def make_tables(database: Path) -> None:
    """An empty database, as `init` leaves it."""
    database.unlink(missing_ok=True)
    with connect(str(database)) as engine:
        engine.create_schema("raw")
        for table in ("otel_logs", "otel_metrics"):
            make_raw_table(engine, table)


def ingest(database: str, path: str) -> None:
    """Ingest a file and print the seconds."""
    with connect(database) as engine:
        start = time.perf_counter()
        import_arrow_alone()  # as the command does
        result = ingest_otlp(engine, [path])
        seconds = time.perf_counter() - start
    if result.quarantined or not result.landed:
        sys.exit(f"something is wrong: {result}")
    print(seconds, flush=True)


def memory(process: int) -> int:
    """MB that a process and its children share fairly; Linux only."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    kilobytes = 0
    for one in (str(process), *children):
        text = Path(f"/proc/{one}/smaps_rollup").read_text()
        kilobytes += int(text.split("\nPss:")[1].split()[0])
    return kilobytes // 1000


def peak_memory(command: list[str]) -> int:
    """Run a command; the most MB that it and its children had at once."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            with contextlib.suppress(OSError, IndexError):  # a process that has just ended
                peak = max(peak, memory(process.pid))
            time.sleep(0.05)
    return peak


def main(megabytes: int) -> None:
    """Print time and memory, and fail if there is too much of either."""
    with tempfile.TemporaryDirectory() as folder:
        path, database = Path(folder, "telemetry.jsonl"), Path(folder, "x.duckdb")
        make_file(path, megabytes)
        rounds = [
            (seconds_to_parse(path), seconds_to_ingest(path, database))
            for _ in range(ROUNDS if megabytes <= 1000 else 1)
        ]
        make_tables(database)
        peak = peak_memory(ingesting(path, database))
    ratio = compare("orjson.loads", "ingest otlp", rounds)
    print(f"{peak} MB")
    if ratio > AT_MOST or peak > MOST_MEMORY:
        sys.exit(f"more than {AT_MOST:g} times or {MOST_MEMORY} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["ingest"]:
        ingest(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
