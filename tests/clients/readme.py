"""README's table of settings, as files and environments; nothing in it but paths is replaced."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TEXT = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
HEAD = "| agent | where | what |\n| --- | --- | --- |\n"
HOME = "/home/me"  # of whom README speaks


@dataclass(frozen=True)
class Settings:
    """One way to have an agent send its telemetry, or write it for a command that ingests it.

    `files` has by path what a JSON file holds, or the text of a TOML file.
    """

    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    ingest: str = ""


def rows() -> list[list[str]]:
    """Agents, where they are told, and what."""
    table = TEXT.partition(HEAD)[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()]


def settings(agent: str) -> list[Settings]:
    """All ways that README knows for an agent, in its order."""
    return [way for agents, where, what in rows() if agent in agents for way in _ways(where, what)]


def listener() -> list[str]:
    """The command that starts the listener."""
    (command,) = re.findall(r"\| agents, and no Collector \| `(.*?)`", TEXT)
    return command.split()


def name_of_a_person() -> dict[str, str]:
    """What names those who log in by a key."""
    return dict(re.findall(r"`(OTEL_RESOURCE_ATTRIBUTES)=(.*?)`", TEXT))


def node_of_claude_code() -> int:
    (version,) = re.findall(r"Claude Code\s+from\s+npm\s+needs\s+Node\s+(\d+)", TEXT)
    return int(version)


def _ways(where: str, what: str) -> Iterator[Settings]:
    told = _code(what)
    environment = dict(code.split("=", 1) for code in told if re.match("[A-Z_]+=", code))
    ingests = [f"aa-pipeline {code}" for code in told if code.startswith("ingest ")]
    texts = [code for code in told if code.startswith(('"', "{", "exporter"))]
    assert len(environment) + len(ingests) + len(texts) == len(told), f"not understood: {what}"

    paths = [code for code in _code(where) if code.startswith("~/")]
    key = next((code for code in _code(where) if code not in paths), None)
    assert paths or not texts, f"into which file? {where}"
    if "environment, or" in where:
        yield Settings(environment)
        yield Settings(files={path: {key: environment} for path in paths})
    else:
        files = {path: _document(path, key, text) for path in paths for text in texts}
        yield Settings(environment, files, *ingests)


def _document(path: str, key: str | None, text: str) -> Any:
    if path.endswith(".toml"):
        return f"{key}\n{text}\n"
    return {key: json.loads(text)} if key else json.loads(f"{{{text}}}")


def _code(cell: str) -> list[str]:
    return re.findall("`(.*?)`", cell)
