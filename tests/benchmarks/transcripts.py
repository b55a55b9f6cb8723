"""Time and memory of reading transcripts, beside ccusage reading the same.

    npm install --prefix FOLDER ccusage@20.0.24 @ccusage/ccusage-linux-x64@20.0.24
    chmod +x FOLDER/node_modules/@ccusage/ccusage-linux-x64/bin/ccusage
    python -m tests.benchmarks.transcripts FOLDER --runs 5

Sessions of Claude Code as it writes them, 100 MB in 300 files: prompts, answers, and mostly what tools gave
back. Each command is a process of its own, in turn with `ccusage daily --offline`, its native program. The
quickest of several runs counts: what else the machine does makes either slower, and none quicker. Shown are
how many times that of ccusage it is, and the most memory that any run had, a helper's aside. `--large` reads
a home of 5,000 files and 2 GB as well. `--agentsview PROGRAM` (PyPI's agentsview 0.46) takes part where it is
named: its server does the work, so that only its times by the clock tell.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

AA = Path(sys.executable).with_name("aa-pipeline")
INGEST = [str(AA), "ingest", "transcripts", "-t"]
NATIVE = "node_modules/@ccusage/ccusage-linux-x64/bin/ccusage"
START = 1_793_000_000  # seconds since 1970
MODELS = ("claude-opus-5", "claude-sonnet-5", "claude-haiku-4-5")
WORDS = "def return value self the and of to in if not else for while name path text line file"
LARGE = 2_000, 5_000  # MB, files


def write_home(home: Path, mb: int, files: int) -> None:
    """Sessions of several projects, of the same size each."""
    for number in range(files):
        write_session(home, number, mb * 1_000_000 // files)


def write_session(home: Path, number: int, size: int) -> Path:
    """One session of about so many bytes."""
    rng = random.Random(number)
    name = str(uuid.UUID(int=rng.getrandbits(128)))
    file = home / ".claude" / "projects" / f"-gone-project-{number % 12}" / f"{name}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as written:
        for line in _lines(rng, name, START + number * 7_200):
            text = json.dumps(line, separators=(",", ":"))
            written.write(f"{text}\n")
            size -= len(text)
            if size <= 0:
                break
    return file


def _lines(rng: random.Random, session: str, at: float) -> Iterator[dict]:
    folder = f"/gone/project-{rng.randrange(12)}"
    model = rng.choice(MODELS)
    above = None

    def line(kind: str, **content: object) -> dict:
        nonlocal above, at
        at += rng.random() * 9
        own, before = _name(rng), above
        above = own
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03}Z"
        return {
            "parentUuid": before,
            "isSidechain": False,
            "type": kind,
            **content,
            "uuid": own,
            "timestamp": stamp,
            "userType": "external",
            "entrypoint": "cli",
            "cwd": folder,
            "sessionId": session,
            "version": "2.1.332",
            "gitBranch": "main",
        }

    def answer(block: dict) -> dict:
        written = rng.randrange(9_000)
        usage = {
            "input_tokens": rng.randrange(2_000),
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": rng.randrange(90_000),
            "output_tokens": rng.randrange(1, 2_000),
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
            "service_tier": "standard",
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": written},
            "inference_geo": "",
            "iterations": [],
            "speed": "standard",
        }
        message = {
            "id": f"msg_{rng.getrandbits(96):024x}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "stop_sequence": None,
            "content": [block],
            "stop_reason": "tool_use",
            "usage": usage,
        }
        return line("assistant", message=message, requestId=f"req_{rng.getrandbits(80):020x}")

    yield line("attachment", attachment={"type": "environment", "snapshot": {"platform": "linux"}})
    while True:
        words = _text(rng, 300)
        yield line("user", message={"role": "user", "content": words}, promptSource="typed")
        yield {"type": "last-prompt", "lastPrompt": words, "leafUuid": above, "sessionId": session}
        for _ in range(rng.randrange(2, 12)):
            call, file = f"toolu_{rng.getrandbits(96):024x}", f"{folder}/src/{rng.randrange(99)}.py"
            text, is_edit = _text(rng, int(rng.lognormvariate(7.3, 1.2))), rng.random() < 0.25
            asked = {"file_path": file} | ({"old_string": text[:400], "new_string": text} if is_edit else {})
            yield answer(
                {"type": "tool_use", "id": call, "name": "Edit" if is_edit else "Read", "input": asked}
            )
            patch = [{"oldStart": 1, "lines": [f"+{part}" for part in text.split("\n")]}]
            told = (
                {"filePath": file, "oldString": text[:400], "newString": text, "structuredPatch": patch}
                if is_edit
                else {"type": "text", "file": {"filePath": file, "content": text, "numLines": 9}}
            )
            block = {"tool_use_id": call, "type": "tool_result", "content": text}
            yield line("user", message={"role": "user", "content": [block]}, toolUseResult=told)
            yield line("attachment", attachment={"type": "total_tokens_reminder", "text": "9 tokens left"})
        yield answer({"type": "text", "text": _text(rng, 900)})


def _name(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _text(rng: random.Random, length: int) -> str:
    start = rng.randrange(len(PROSE) // 2)
    return PROSE[start : start + max(20, min(length, 60_000))]


def _prose() -> str:
    rng, words = random.Random(0), WORDS.split()
    return "".join(rng.choice(words) + ("\n    " if rng.random() < 0.12 else " ") for _ in range(40_000))


PROSE = _prose()


def main() -> None:
    """Measure, and print times, how many times as long as ccusage each takes, and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ccusage", type=Path, help="where npm has installed it")
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--agentsview", type=Path, help="the program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        write_home(home, arguments.mb, arguments.files)
        ours = Ours(home, Path(folder) / "ours")
        ours.all_of(0)  # plans are compiled, and files are in the memory of the system
        rival = [str(arguments.ccusage / NATIVE), "daily", "--offline"]
        figures: dict[str, list[Figures]] = {"ccusage daily": []}
        for number in range(1, arguments.runs + 1):
            figures["ccusage daily"].append(measured(rival, home))
            of_all = ours.all_of(number)
            if arguments.agentsview:
                of_all |= of_agentsview(arguments.agentsview, home)
            for name, figure in of_all.items():
                figures.setdefault(name, []).append(figure)
        print_figures(figures)
        if arguments.large:
            shutil.rmtree(home)
            write_home(home, *LARGE)
            first = measured([*INGEST, str(Path(folder) / "large.duckdb")], home)
            print(f"{LARGE[1]:,} files, {LARGE[0]:,} MB: {first.seconds:.1f} s, {first.mib:.0f} MiB")


class Figures(NamedTuple):
    """Of one process: by the clock and of processors, and the most memory that it had."""

    seconds: float
    cpu: float
    mib: float


class Ours:
    """The commands that read transcripts, each on a database that is as it says.

    Args:
        home: of the user.
        folder: for databases.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self._folder = folder

    def all_of(self, number: int) -> dict[str, Figures]:
        """Every command once."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        ingest, usage = [*INGEST, str(self._folder / "a.duckdb")], [str(AA), "usage"]
        figures = {
            "ingest transcripts, first": self._of(ingest),
            "ingest transcripts, nothing new": self._of(ingest),
            "usage, first": self._of(usage),
            "usage, nothing new": self._of(usage),
        }
        new = write_session(self._home, 100_000 + number, 300_000)
        figures["ingest transcripts, a new session"] = self._of(ingest)
        figures["usage, a new session"] = self._of(usage)
        new.unlink()  # every run reads the same
        return figures

    def _of(self, command: list[str]) -> Figures:
        return measured(command, self._home, XDG_DATA_HOME=str(self._folder / "data"))


def of_agentsview(program: Path, home: Path) -> dict[str, Figures]:
    """Its commands that read sessions, from a home that it has not seen."""
    shutil.rmtree(home / ".agentsview", ignore_errors=True)
    sync = [str(program), "sync"]
    figures = {
        "agentsview sync, first": measured(sync, home),
        "agentsview sync, nothing new": measured(sync, home),
        "agentsview usage daily": measured([str(program), "usage", "daily", "--all", "--offline"], home),
    }
    measured([str(program), "daemon", "stop"], home)
    return figures


def measured(command: list[str], home: Path, **environment: str) -> Figures:
    """What a command takes whose user has that home; it must succeed."""
    variables = os.environ | environment | {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
    # An installed package has its bytecode; here it is written by the first run.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=home, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return Figures(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def print_figures(figures: dict[str, list[Figures]]) -> None:
    """A line per command: the quickest run, its ratio to the first one's, and the most memory."""
    base = None
    print(f"{'':34} {'by the clock':>20} {'of processors':>20}")
    for name, those in figures.items():
        seconds, cpu = map(min, list(zip(*those, strict=True))[:2])
        base = base or (seconds, cpu)
        mib = max(one.mib for one in those)
        print(
            f"{name:34} {seconds:6.2f} s {seconds / base[0]:5.2f} times"
            f" {cpu:6.2f} s {cpu / base[1]:5.2f} times {mib:5.0f} MiB"
        )


if __name__ == "__main__":
    main()
