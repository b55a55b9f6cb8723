"""Time and memory of reading transcripts, beside ccusage reading the same.

    npm install --prefix /tmp/ccusage ccusage@20.0.24 @ccusage/ccusage-linux-x64@20.0.24
    python -m tests.benchmarks.transcripts /tmp/ccusage [--mb 100] [--files 300] [--runs 3]

Sessions of Claude Code as it writes them: of what they hold, prompts, answers and what tools gave back,
mostly the last. Each command is a process of its own, in turn with `ccusage daily --offline`, its native
program; medians. `--large` measures the peak memory of a home of 5,000 files and 2 GB as well.
"""

import json
import random
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

AA = Path(sys.executable).with_name("aa-pipeline")
NATIVE = "node_modules/@ccusage/ccusage-linux-x64/bin/ccusage"
START = 1_793_000_000  # seconds since 1970
MODELS = ("claude-opus-5", "claude-sonnet-5", "claude-haiku-4-5")
WORDS = "def return value self the and of to in if not else for while name path text line file"
LARGE = 2_000, 5_000  # MB, files
SETTLE = 5  # seconds after which a file counts as written


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
