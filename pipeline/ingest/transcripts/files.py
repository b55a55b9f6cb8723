"""Where agents keep their sessions, and which agent a file is from."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.ingest.landing.landing import Landing

SUFFIXES = (".jsonl", ".json", ".csv", ".db")
HEAD = 1 << 16  # bytes that are looked at to tell what a file is
LINES = 20


def homes() -> list[Path]:
    """Where agents keep their sessions; an empty variable is an unset one."""
    home = Path.home()

    def setting(name: str, default: Path) -> Path:
        value = os.environ.get(name, "").strip()
        return Path(value).expanduser() if value else default

    configured = os.environ.get("CLAUDE_CONFIG_DIR", "").strip()
    if configured:
        claude = [Path(name.strip()).expanduser() for name in configured.split(",") if name.strip()]
    else:
        claude = [setting("XDG_CONFIG_HOME", home / ".config") / "claude", home / ".claude"]
    codex = setting("CODEX_HOME", home / ".codex")
    gemini = setting("GEMINI_CLI_HOME", home) / ".gemini"
    opencode = setting("XDG_DATA_HOME", home / ".local" / "share") / "opencode"
    databases = sorted(opencode.glob("opencode*.db")) or [opencode / "opencode.db"]
    return [
        *(folder / "projects" for folder in claude),
        codex / "sessions",
        codex / "archived_sessions",
        gemini / "tmp",
        *databases,
        opencode / "storage" / "message",
    ]


def find(place: Path, landing: Landing) -> Iterator[Path]:
    """The place itself if it is a file, else the files in it that can be transcripts."""
    if place.is_file():
        yield place
        return

    def on_error(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            landing.warn(f"{error.filename} could not be read: {error.strerror}.")

    for folder, _, names in os.walk(place, onerror=on_error):
        for name in names:
            file = Path(folder) / name
            if name.endswith(SUFFIXES) and file.is_file():
                yield file


def kind_of(file: Path, landing: Landing) -> str | None:
    """The agent that wrote a file, judged by how it begins; None for what is no transcript."""
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
    except OSError as error:
        landing.warn(f"{file} could not be read: {error.strerror}.")
        return None
    if head.startswith(b"SQLite format 3\0"):
        return "opencode" if file.name.startswith("opencode") else None
    first_line = head.split(b"\n", 1)[0]
    if b"Date" in first_line and b"Model" in first_line and b"Cache Read" in first_line:
        return "cursor"
    if head[:4096].lstrip()[:1] not in (b"{", b"["):
        return None
    return _kind_of_lines(head) or _kind_of_document(head, file)


def _kind_of_lines(head: bytes) -> str | None:
    import orjson

    for line in head.split(b"\n")[:LINES]:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict) and (kind := _kind_of_object(value)):
            return kind
    return None


def _kind_of_object(value: dict[str, Any]) -> str | None:
    if isinstance(value.get("payload"), dict) and "type" in value:
        return "codex"
    if "projectHash" in value or "$set" in value:
        return "gemini_cli"
    if "usageEvents" in value or "usageEventsDisplay" in value:
        return "cursor"
    if "sessionID" in value and "role" in value:
        return "opencode"
    if "type" in value and value.keys() & {"sessionId", "uuid", "leafUuid", "messageId"}:
        return "claude_code"
    return None


def _kind_of_document(head: bytes, file: Path) -> str | None:
    """Of a JSON document over several lines: by its keys, wherever they stand in its beginning."""
    if b'"usageEvents' in head:
        return "cursor"
    if b'"projectHash"' in head:
        return "gemini_cli"
    if file.name.startswith("msg_") and b'"sessionID"' in head:
        return "opencode"
    # A first line that is longer than what was read: the names of Claude Code's keys are telling.
    if b'"sessionId"' in head and b'"uuid"' in head:
        return "claude_code"
    if file.name.startswith("rollout-") and b'"payload"' in head:
        return "codex"
    return None
