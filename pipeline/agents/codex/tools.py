"""Codex's calls of tools: what was called, and what came of it. Nothing of what they say is kept."""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from pipeline.agents.commits import made_in
from pipeline.agents.events import known, mapping, objects, text

EDIT_TOOL = "apply_patch"
CALLS = ("function_call", "custom_tool_call", "local_shell_call")
OUTPUTS = ("function_call_output", "custom_tool_call_output")

MAKES = re.compile("commit|(pr|mr) create")  # commands of git, gh and glab
_EXIT = re.compile(r"(?:Process exited with code|Exit code:|\"exit_code\":) ?(-?\d{1,9})\b")
LOOKED_AT = 1000  # characters of an output that tell how the command ended


@dataclass
class Call:
    """The call of a tool; it has no time before its output is there."""

    line: int
    name: str | None
    may_make: bool = False
    at: dt.datetime | None = None
    success: bool | None = None
    is_declined: bool = False
    milliseconds: int | None = None
    added: int | None = None
    removed: int | None = None
    made: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def asked(cls, line: int, payload: dict[str, Any]) -> "Call":
        """A call as the model asked for it."""
        shell = "local_shell" if payload.get("type") == "local_shell_call" else None
        asked = payload.get("arguments") or payload.get("input") or payload.get("action")
        call = cls(line, text(payload.get("name")) or shell, may_make=MAKES.search(str(asked)) is not None)
        if call.name == EDIT_TOOL and isinstance(asked, str):
            call.added, call.removed = _changed_lines(asked)
        return call

    def answer(self, at: dt.datetime, output: Any) -> None:
        """What the tool answered the model."""
        self.at = at
        if isinstance(output, dict):
            success = output.get("success")
            if isinstance(success, bool) and self.success is None:
                self.success = success
            output = output.get("content")
        if isinstance(output, list):
            output = "\n".join(text(item.get("text")) or "" for item in objects(output))
        if not isinstance(output, str):
            return
        code = _EXIT.search(output[:LOOKED_AT]) or _EXIT.search(output[-LOOKED_AT:])
        if code and self.success is None:
            self.success = int(code[1]) == 0
        if self.may_make and not self.made:
            # Older versions answer in JSON.
            self.made = known(**made_in(output.replace("\\n", "\n").removeprefix('{"output":"')))

    def detail(self, told: dict[str, Any]) -> None:
        """What an item or an event tells of a call, better than its output does."""
        status, code = told.get("status"), told.get("exit_code")
        if isinstance(told.get("success"), bool):
            self.success = told["success"]
        elif type(code) is int:
            self.success = code == 0
        elif status in ("completed", "failed", "declined"):
            self.success = status == "completed"
        elif isinstance(told.get("result"), dict):
            self.success = "Err" not in told["result"]
        self.is_declined = status == "declined"
        duration = mapping(told.get("duration"))
        seconds, nanos = duration.get("secs"), duration.get("nanos")
        if type(seconds) is int and type(nanos) is int and 0 <= seconds < 1e9 and 0 <= nanos < 1e9:
            self.milliseconds = seconds * 1000 + nanos // 1_000_000
        if self.may_make:
            self.made |= known(**made_in(told.get("aggregated_output")))
        if isinstance(told.get("changes"), dict):
            lines = [_change(mapping(change)) for change in told["changes"].values()]
            self.added = sum(added for added, _ in lines)
            self.removed = sum(removed for _, removed in lines)


def _change(change: dict[str, Any]) -> tuple[int, int]:
    """Lines added and removed in one file."""
    kind = change.get("type")
    if kind is None and len(change) == 1:  # older: {"update": {"unified_diff": …}}
        kind, change = next((name, mapping(value)) for name, value in change.items())
    content, diff = change.get("content"), change.get("unified_diff")
    if isinstance(diff, str):
        return _changed_lines(diff)
    lines = len(content.splitlines()) if isinstance(content, str) else 0
    return (0, lines) if kind == "delete" else (lines, 0)


def _changed_lines(patch: str) -> tuple[int, int]:
    lines = [line for line in patch.splitlines() if not line.startswith(("+++ ", "--- ", "*** "))]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)
