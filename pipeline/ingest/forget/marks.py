"""What of a commit tells of an agent, and nothing of the person: its marks in message and author."""

import re
from collections.abc import Sequence

from pipeline.agents import AGENTS, EMAILS
from pipeline.agents.marks import OwnMark, own_agent
from pipeline.engines.base import Engine

MARKS = [agent.marks for agent in AGENTS.values()]
LINES = tuple(line for marks in MARKS for line in marks.lines)
FOOTERS = "|".join(re.escape(footer) for marks in MARKS for footer in marks.footers)
AUTHOR_NAMES = tuple(name for marks in MARKS for name in marks.author_names)

SIGNED = re.compile(r" *(co-authored|assisted|generated)-by:")
GENERATED = re.compile(rf"[^a-z0-9]*generated (with|by) \[?({FOOTERS})")
IN_BRACKETS = re.compile(r"<([^<>]*)>")


def own_marks(engine: Engine) -> list[OwnMark]:
    """The project's own marks, as the last build has loaded them."""
    if "commit_marks" not in engine.shapes("staging"):
        return []
    found = engine.fetch(
        f"SELECT agent_type, kind, lower(mark) FROM {engine.name('staging', 'commit_marks')}"
    )
    return [OwnMark(*row) for row in found]


def signatures(message: str, own: Sequence[OwnMark] = ()) -> str | None:
    """The lines of a commit's message by which agents sign; None if there are none."""
    lines = message.split("\n")
    return "\n".join(line for line in lines if _signs(line.lower()) or _is_own(line.lower(), own)) or None


def name_mark(author_name: str | None, own: Sequence[OwnMark] = ()) -> str:
    """The end of an author's name that an agent has put there, such as ` (aider)`; else nothing."""
    name = author_name or ""
    marks = (*AUTHOR_NAMES, *(mark.mark for mark in own if mark.kind == "author_name"))
    end = next((mark for mark in marks if name.lower().endswith(mark)), "")
    return name[len(name) - len(end) :]


def _is_own(line: str, own: Sequence[OwnMark]) -> bool:
    # Two lines are the author's.
    return own_agent(f"\n\n{line}\n", own) is not None


def _signs(line: str) -> bool:
    if SIGNED.match(line):
        addresses = set(IN_BRACKETS.findall(line))
        is_named = bool(addresses & EMAILS)
        return is_named or ("@" not in line and not line.lstrip().startswith("co-authored-by"))
    return line.lstrip(" ").startswith(LINES) or GENERATED.match(line) is not None
