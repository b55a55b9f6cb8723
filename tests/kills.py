"""Kills commands at any moment, and looks whether anything is lost, doubled or half done.

    python -m tests.kills 1000
    python -m tests.kills 100 --postgres

Each command runs once undisturbed: that is what it comes to, and how long it takes. Then it runs again and
again from the same database, each time killed (SIGKILL) after a random part of that time. What it leaves must
be what was there before or what comes of it, raw and published tables each as a whole. Then it runs to its
end, and everything must be as if it had never been killed: every row, every file, nothing in TMPDIR.
"""

import argparse
import datetime as dt
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.demo import write_demo
from pipeline.engines import connect, exists
from pipeline.engines.base import Engine
from tests.conftest import AS_OF

AA = [sys.executable, "-c", "from pipeline.cli import main; main()"]
# What differs from one run to the next, and no more than that.
VOLATILE = {"raw": {"id", "created_at"}}
PUBLISHED = ("seeds", "staging", "intermediate", "mart")
SESSION = "0c2f7d0e-7a51-4b8f-a0a1-3a1b2c3d4e5f"

Picture = dict[str, dict[str, str]]  # raw and published: table → hash of its rows


@dataclass(frozen=True)
class Job:
    """A command that is killed.

    Attributes:
        name: what people read.
        start: the prepared state that it begins with: loaded, or with news that are not built yet.
        words: of the command line; `{files}` is the folder of inputs, `{here}` the database that it begins
            with, `{there}` one that is empty.
        looks_at: the database in which it shows, if not the one that it begins with.
        then: a command whose result is looked at, after the job.
        in_batches: it lands rows in several transactions, and goes on where it was.
    """

    name: str
    start: str
    words: tuple[str, ...]
    looks_at: str = "here"
    then: tuple[str, ...] = ()
    in_batches: bool = False


JOBS = [
    Job("build", "news", ("build", "--as-of", AS_OF)),
    Job("build --full-refresh", "news", ("build", "--full-refresh", "--as-of", AS_OF)),
    Job("ingest otlp", "loaded", ("ingest", "otlp", "{files}/news.jsonl")),
    Job(
        "ingest transcripts",
        "loaded",
        ("ingest", "transcripts", "{files}/claude", "--developer", "a@example.com"),
    ),
    Job("ingest git", "loaded", ("ingest", "git", "{files}/repositories/billing")),
    Job("ingest copilot", "loaded", ("ingest", "copilot", "{files}/copilot")),
    Job("maintain", "news", ("maintain",)),
    Job("forget", "loaded", ("forget", "alice@example.com", "--drop", "--yes")),
    Job("copy", "news", ("copy", "--from", "{here}", "--to", "{there}"), looks_at="there", in_batches=True),
    Job(
        "backup",
        "news",
        ("backup", "backup.zip"),
        looks_at="there",
        then=("restore", "backup.zip", "--target", "{there}"),
    ),
    Job(
        "restore",
        "news",
        ("restore", "{files}/news.zip", "--replace", "--target", "{there}"),
        looks_at="there",
    ),
]


@dataclass
class Place:
    """Where databases are, and how one begins as a copy of another."""

    url: Callable[[Path, str], str]
    copy: Callable[[str, str], None]


@dataclass
class Known:
    """What a job comes to undisturbed, and what was there before."""

    before: Picture
    after: Picture
    files: list[str]
    seconds: float


@dataclass
class Result:
    """How many kills came in time, and what was found."""

    kills: int = 0
    in_time: int = 0
    faults: list[str] = field(default_factory=list)


def picture(url: str) -> Picture:
    """The rows of a database, hashed; without what differs from run to run."""
    if not exists(url):
        return {"raw": {}, "published": {}}
    with connect(url, read_only=True, wait=120) as engine:
        return {
            "raw": _hashes(engine, "raw"),
            "published": {
                name: hash for schema in PUBLISHED for name, hash in _hashes(engine, schema).items()
            },
        }


def _hashes(engine: Engine, schema: str) -> dict[str, str]:
    hashes = {}
    for table, shape in engine.shapes(schema).items():
        columns = ", ".join(
            f"CAST({engine.quote(name)} AS TEXT) AS {engine.quote(name)}"
            for name in sorted(shape)
            if name not in VOLATILE.get(schema, ())
        )
        hashes[f"{schema}.{table}"] = str(
            engine.content_hash(f"SELECT {columns} FROM {engine.name(schema, table)}")
        )
    return hashes


class Arena:
    """Prepared databases, and jobs that begin with copies of them.

    Args:
        folder: an empty one.
        place: which kind of database.
        company: the folder of the demo's company.
    """

    def __init__(self, folder: Path, place: Place, company: Path) -> None:
        self.folder = folder
        self.place = place
        self.files = folder / "files"
        self.states: dict[str, str] = {}
        self.runs = 0
        self._prepare(company)

    def _prepare(self, company: Path) -> None:
        for name in ("copilot", "repositories", "seeds"):
            shutil.copytree(company / name, self.files / name)
        lines = {file.name: file.read_text().splitlines(True) for file in (company / "telemetry").iterdir()}
        (self.files / "telemetry").mkdir()
        for name, some in lines.items():
            (self.files / "telemetry" / name).write_text("".join(some[:60]))
        (self.files / "news.jsonl").write_text("".join(lines["claude-code.jsonl"][60:160]))
        _write_transcript(self.files / "claude" / "projects" / "-gone" / f"{SESSION}.jsonl")

        folder = self._project("prepared")
        loaded = self.place.url(folder, "loaded")
        webshop = str(self.files / "repositories" / "webshop")
        for words in (
            ("ingest", "otlp", str(self.files / "telemetry")),
            ("ingest", "git", webshop),
            ("build", "--as-of", AS_OF),
        ):
            self._run(folder, (*words, "--target", loaded))
        news = self.place.url(folder, "news")
        self.place.copy(loaded, news)
        self._run(folder, ("ingest", "otlp", str(self.files / "news.jsonl"), "--target", news))
        self._run(folder, ("backup", str(self.files / "news.zip"), "--target", news))
        self.states = {"loaded": loaded, "news": news}

    def _project(self, name: str) -> Path:
        folder = self.folder / name
        (folder / "tmp").mkdir(parents=True)
        shutil.copytree(self.files / "seeds", folder / "seeds")
        lines = ['internal_domains = ["example.com"]', "[retention]", "otel_logs = 60", "otel_metrics = 60"]
        (folder / "aa-pipeline.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    def _start(self, folder: Path, words: tuple[str, ...]) -> "subprocess.Popen[str]":
        environment = os.environ | {
            "TMPDIR": str(folder / "tmp"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "AA_PIPELINE_PRIVACY_KEY": "a key of this test alone",
        }
        return subprocess.Popen(
            [*AA, *words, "--wait", "120"],
            **{"cwd": folder, "env": environment, "text": True},
            **{"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE},
        )

    def _run(self, folder: Path, words: tuple[str, ...]) -> None:
        with self._start(folder, words) as process:
            said = process.communicate(timeout=600)[1]
        if process.returncode:
            raise AssertionError(f"aa-pipeline {' '.join(words)} ended with {process.returncode}: {said}")

    @contextmanager
    def _begin(self, job: Job) -> Iterator[tuple[Path, Mapping[str, str]]]:
        """A project folder whose database `here` is a copy of the job's beginning."""
        self.runs += 1
        name = f"run{self.runs}"
        targets = {key: self.place.url(self.folder / name, f"{key}{self.runs}") for key in ("here", "there")}
        folder = self._project(name)
        self.place.copy(self.states[job.start], targets["here"])
        try:
            yield folder, targets
        finally:
            shutil.rmtree(folder)

    def _finish(self, job: Job, folder: Path, targets: Mapping[str, str]) -> None:
        self._run(folder, self._words(job.words, targets))
        if job.then:
            self._run(folder, self._words(job.then, targets))

    def _words(self, words: tuple[str, ...], targets: Mapping[str, str]) -> tuple[str, ...]:
        words = words if {"--to", "--target"} & {*words} else (*words, "--target", "{here}")
        return tuple(word.format(files=self.files, **targets) for word in words)

    def know(self, job: Job) -> Known:
        """What the job comes to undisturbed."""
        with self._begin(job) as (folder, targets):
            before = picture(targets[job.looks_at])
            start = time.monotonic()
            self._run(folder, self._words(job.words, targets))
            seconds = time.monotonic() - start
            if job.then:
                self._run(folder, self._words(job.then, targets))
            return Known(before, picture(targets[job.looks_at]), self._left(folder), seconds)

    def _left(self, folder: Path) -> list[str]:
        return sorted(
            str(path.relative_to(folder)).replace(str(self.runs), "")
            for path in folder.rglob("*")
            if path.is_file()
        )

    def kill(self, job: Job, known: Known, after: float, result: Result) -> None:
        """Kill the job once after so many seconds, and look."""

        def found(what: str) -> None:
            result.faults.append(f"{job.name}, killed after {after:.2f} s: {what}")

        with self._begin(job) as (folder, targets):
            process = self._start(folder, self._words(job.words, targets))
            try:
                process.communicate(timeout=after)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                result.in_time += 1
            result.kills += 1
            try:
                now = picture(targets[job.looks_at])
                for part, tables in now.items():
                    is_whole = tables in (known.before[part], known.after[part])
                    if not is_whole and not (job.in_batches and part == "raw"):
                        found(
                            f"{part} tables are as neither before nor after: {_unlike(tables, known, part)}"
                        )
                self._finish(job, folder, targets)
                end = picture(targets[job.looks_at])
                for part, tables in end.items():
                    if tables != known.after[part]:
                        found(
                            f"{part} tables are not as after the same command undisturbed: "
                            f"{_unlike(tables, known, part)}"
                        )
                if (left := self._left(folder)) != known.files:
                    found(f"it leaves other files than undisturbed: {sorted({*left} ^ {*known.files})}")
            except Exception as error:  # whatever it is, it is a finding
                found(f"{type(error).__name__}: {error}")


def _unlike(tables: Mapping[str, str], known: Known, part: str) -> str:
    def other(pictured: Mapping[str, str]) -> str:
        return ", ".join(
            sorted(name for name in {*tables, *pictured} if tables.get(name) != pictured.get(name))
        )

    return f"unlike before {other(known.before[part])}; unlike after {other(known.after[part])}"


def _write_transcript(file: Path) -> None:
    file.parent.mkdir(parents=True)
    lines = [
        {
            "type": "assistant",
            "uuid": f"uuid-{number}",
            "sessionId": SESSION,
            "timestamp": f"2026-11-02T10:{number // 60:02}:{number % 60:02}.000Z",
            "cwd": "/gone",
            "version": "2.1.290",
            "requestId": f"req_{number}",
            "message": {
                "id": f"msg_{number}",
                "model": "claude-opus-5-5",
                "content": [],
                "usage": {"input_tokens": 4, "output_tokens": number, "cache_read_input_tokens": 1000},
            },
        }
        for number in range(600)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def duckdb() -> Place:
    """Databases that are files."""
    return Place(
        url=lambda folder, name: str(folder / f"{name}.duckdb"),
        copy=lambda old, new: shutil.copyfile(old, new),
    )


def postgres(server) -> Place:
    """Databases on one server."""
    import psycopg

    def copy(old: str, new: str) -> None:
        names = [url.rpartition("/")[2] for url in (old, new)]
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {names[1]} TEMPLATE {names[0]}")

    def url(folder: Path, name: str) -> str:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            if name.startswith(("loaded", "there")):
                connection.execute(f"CREATE DATABASE {name}")
        return server.url(name)

    return Place(url, copy)


def run(
    arena: Arena, jobs: Sequence[Job], kills: int, seed: int, say: Callable[[str], None] = lambda _: None
) -> Result:
    """Kill every job in turn, so many times together."""
    chance = random.Random(seed)
    result = Result()
    known = {job.name: arena.know(job) for job in jobs}
    for number in range(kills):
        job = jobs[number % len(jobs)]
        arena.kill(job, known[job.name], chance.uniform(0, 1.1) * known[job.name].seconds, result)
        if number % 20 == 19:
            say(f"{result.kills} kills, {result.in_time} before the end, {len(result.faults)} faults")
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", type=int)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def go(place: Place) -> None:
        with tempfile.TemporaryDirectory(prefix="aa-kills-") as folder:
            company = Path(folder) / "company"
            write_demo(company, as_of=dt.datetime.fromisoformat(AS_OF))
            result = run(Arena(Path(folder), place, company), JOBS, words.kills, words.seed, say)
        print(f"{result.kills} kills, {result.in_time} of them before the end, {len(result.faults)} faults")
        print("\n".join(result.faults))
        sys.exit(bool(result.faults))

    if words.postgres:
        from tests.engines.servers import postgres_server

        with postgres_server() as server:
            go(postgres(server))
    else:
        go(duckdb())


if __name__ == "__main__":
    main()
