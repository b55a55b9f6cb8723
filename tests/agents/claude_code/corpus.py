"""Transcripts of Claude Code that are the same each time, and what ccusage makes of them.

`python -m tests.agents.claude_code.corpus CCUSAGE` writes its answers anew, into ccusage.json beside this
file. CCUSAGE is the command of `npm i ccusage@20.0.24 @ccusage/ccusage-linux-x64@20.0.24`.
"""

import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ANSWERS = Path(__file__).with_name("ccusage.json")
MEGABYTES = 100
START = dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC)
MODELS = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
KINDS = ("input", "output", "cache_creation", "cache_read")

Line = dict[str, Any]


class Session:
    """A session as it is written, line by line.

    Args:
        chance: where numbers and ids come from.
        name: its id.
        thread: the sub-agent, if it is one's.
    """

    def __init__(self, chance: random.Random, name: str = "", thread: str | None = None) -> None:
        self.chance = chance
        self.name = name or self.id()
        self.thread = thread
        self.at = START + dt.timedelta(seconds=chance.randrange(20 * 86400))
        self.lines: list[Line] = []

    def id(self) -> str:
        digits = f"{self.chance.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def add(self, kind: str, **more: Any) -> Line:
        self.at += dt.timedelta(milliseconds=self.chance.randrange(200, 60_000))
        line = {
            "parentUuid": self.lines[-1]["uuid"] if self.lines else None,
            "isSidechain": self.thread is not None,
            "cwd": "/home/dev/app",
            "sessionId": self.name,
            "version": "2.1.332",
            "type": kind,
            "uuid": self.id(),
            "timestamp": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **({"agentId": self.thread} if self.thread else {}),
            **more,
        }
        self.lines.append(line)
        return line

    def usage(self, output: int) -> Line:
        five, hour = self.chance.randrange(3000), self.chance.randrange(2000)
        return {
            "input_tokens": self.chance.randrange(1, 4000),
            "cache_creation_input_tokens": five + hour,
            "cache_read_input_tokens": self.chance.randrange(120_000),
            "output_tokens": output,
            "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
            "service_tier": "standard",
        }

    def response(self, blocks: int = 1, **changes: Any) -> list[Line]:
        """A response: a line per block, each with the output so far; the last has all of it."""
        message = {"id": f"msg_{self.id()}", "model": self.chance.choice(MODELS), "role": "assistant"}
        usage, request = self.usage(0), f"req_{self.id()}"
        outputs = sorted(self.chance.randrange(1, 3000) for _ in range(blocks))
        return [
            self.add(
                "assistant",
                requestId=request,
                message=message | {"content": self.text(), "usage": usage | {"output_tokens": output}},
                **changes,
            )
            for output in outputs
        ]

    def text(self) -> list[Line]:
        words = self.chance.choices(("refactor", "the", "parser", "and", "its", "tests", "naïve"), k=30)
        return [{"type": "text", "text": " ".join(words)}]

    def turn(self, size: int = 400) -> None:
        """A prompt, responses, and a tool's result of so many words."""
        self.add("user", message={"role": "user", "content": "Please go on."})
        for _ in range(self.chance.randrange(1, 4)):
            self.response(self.chance.randrange(1, 4))
            result = " ".join(self.chance.choices(("def", "return", "None", "class", "import"), k=size))
            content = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": result}]
            self.add("user", message={"role": "user", "content": content})

    def write(self, home: Path, project: str = "-home-dev-app") -> None:
        folder = home / "projects" / project
        if self.thread:
            folder = folder / self.name / "subagents"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / (f"agent-{self.thread}.jsonl" if self.thread else f"{self.name}.jsonl")
        # Compact, as Claude Code writes it: ccusage looks for `"usage":{` before it parses a line.
        written = (json.dumps(line, separators=(",", ":"), ensure_ascii=False) for line in self.lines)
        file.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")


def mixed(home: Path, megabytes: float) -> None:
    """Sessions, sub-agents and copies as they are usual, until there is as much as wanted."""
    chance, size, number = random.Random(42), 0, 0
    while size < megabytes * 1e6:
        number += 1
        session = Session(chance)
        for _ in range(chance.randrange(1, 12)):
            session.turn(chance.choice((20, 400, 4000)))
        if chance.random() < 0.1:  # no model was called
            session.add("assistant", message={"model": "<synthetic>", "usage": session.usage(0)})
        families = [session]
        for _ in range(chance.choice((0, 0, 1, 3))):
            agent = Session(chance, session.name, f"{chance.getrandbits(32):08x}")
            agent.turn()
            families.append(agent)
        if chance.random() < 0.1:  # resumed: its lines again, under a session id of its own
            copy = Session(chance)
            copy.lines = [line | {"sessionId": copy.name} for line in session.lines]
            copy.turn()
            families.append(copy)
        for one in families:
            one.write(home, f"-home-dev-app-{number % 7}")
        size = sum(file.stat().st_size for file in home.rglob("*.jsonl")) if number % 20 == 0 else size


def usual(home: Path) -> None:
    mixed(home, 1)


def one_session(build: Callable[[Session], object]) -> Callable[[Path], None]:
    def write(home: Path) -> None:
        session = Session(random.Random(build.__name__))
        build(session)
        session.write(home)

    return write


def blocks_that_grow(session: Session) -> None:
    session.response(4)


def no_request_id(session: Session) -> None:
    for line in (*session.response(3), *session.response(2)):
        del line["requestId"]


def one_id_of_a_gateway(session: Session) -> None:
    for line in (*session.response(), *session.response(), *session.response()):
        del line["requestId"]
        line["message"]["id"] = "msg_gateway"


def calls_of_an_advisor(session: Session) -> None:
    (line,) = session.response()
    line["message"]["usage"]["iterations"] = [
        {"type": "message", "input_tokens": 1, "output_tokens": 1},
        {
            "type": "advisor_message",
            "model": "claude-opus-4-5-20251101",
            "input_tokens": 900,
            "output_tokens": 70,
        },
    ]


def cache_writes_by_life_alone(session: Session) -> None:
    (line,) = session.response()
    del line["message"]["usage"]["cache_creation_input_tokens"]


def half_a_character(session: Session) -> None:
    (line,) = session.response()
    line["message"]["content"] = "HALF"


def compacted(session: Session) -> None:
    session.response()
    session.add("user", isCompactSummary=True, message={"role": "user", "content": "This session goes on."})
    session.response()


def replayed_side_chain(home: Path) -> None:
    """A sub-agent's file opens with the session's responses, under other request ids."""
    chance = random.Random(3)
    session = Session(chance)
    copied = session.response()[0]
    session.write(home)
    agent = Session(chance, session.name, "0a1b2c3d")
    agent.lines.append(copied | {"isSidechain": True, "requestId": "req_other", "agentId": agent.thread})
    agent.response()
    agent.write(home)


def forked(home: Path) -> None:
    chance = random.Random(4)
    session, fork = Session(chance), Session(chance)
    session.turn()
    fork.lines = [line | {"sessionId": fork.name} for line in session.lines]
    fork.turn()
    session.write(home)
    fork.write(home)


def with_half_a_character(home: Path) -> None:
    one_session(half_a_character)(home)
    (file,) = home.rglob("*.jsonl")
    file.write_text(file.read_text().replace('"HALF"', r'"\ud83d"'))


def with_a_byte_order_mark(home: Path) -> None:
    one_session(blocks_that_grow)(home)
    (file,) = home.rglob("*.jsonl")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())


SINGLE = (
    *(blocks_that_grow, no_request_id, one_id_of_a_gateway, calls_of_an_advisor, cache_writes_by_life_alone),
    compacted,
)
CASES: dict[str, Callable[[Path], None]] = {
    "usual": usual,
    **{build.__name__: one_session(build) for build in SINGLE},
    **{
        write.__name__: write
        for write in (replayed_side_chain, forked, with_half_a_character, with_a_byte_order_mark)
    },
}


def asked(command: str, home: Path) -> dict[str, list[int]]:
    """Tokens of each kind by model, as ccusage tells them."""
    environment = os.environ | {"CLAUDE_CONFIG_DIR": str(home), "TZ": "UTC", "LOG_LEVEL": "0"}
    ran = subprocess.run(
        [command, "claude", "daily", "--json", "--offline", "--breakdown"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * len(KINDS))
    for day in json.loads(ran.stdout)["daily"]:
        for model in day["modelBreakdowns"]:
            counts = (model[f"{name}Tokens"] for name in ("input", "output", "cacheCreation", "cacheRead"))
            sums[model["modelName"]] = [a + b for a, b in zip(sums[model["modelName"]], counts, strict=True)]
    return dict(sorted(sums.items()))


def answers(command: str) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """ccusage's answer to each case, and to the large corpus."""
    every = {**CASES, "large": lambda home: mixed(home, MEGABYTES)}
    for name, write in every.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder))
            yield name, asked(command, Path(folder))


if __name__ == "__main__":
    lines = [f"  {json.dumps(name)}: {json.dumps(told)}" for name, told in answers(sys.argv[1])]
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
