"""What of a commit tells of an agent, and nothing of the person: its marks in message and author."""

import re

from pipeline.agents import AGENTS

MARKS = [agent.marks for agent in AGENTS.values()]
EMAILS = {email for marks in MARKS for email in marks.emails}
LINES = tuple(line for marks in MARKS for line in marks.lines)
FOOTERS = "|".join(re.escape(footer) for marks in MARKS for footer in marks.footers)
AUTHOR_NAMES = tuple(name for marks in MARKS for name in marks.author_names)

SIGNED = re.compile(r" *(co-authored|assisted|generated)-by:")
GENERATED = re.compile(rf"[^a-z0-9]*generated (with|by) \[?({FOOTERS})")
IN_BRACKETS = re.compile(r"<([^<>]*)>")


def signatures(message: str) -> str | None:
    """The lines of a commit's message by which agents sign; None if there are none."""
    return "\n".join(line for line in message.split("\n") if _signs(line.lower())) or None


def name_mark(author_name: str | None) -> str:
    """The end of an author's name that an agent has put there, such as ` (aider)`; else nothing."""
    name = author_name or ""
    end = next((mark for mark in AUTHOR_NAMES if name.lower().endswith(mark)), "")
    return name[len(name) - len(end) :]


def _signs(line: str) -> bool:
    if SIGNED.match(line):
        addresses = set(IN_BRACKETS.findall(line))
        is_named = bool(addresses & EMAILS)
        return is_named or ("@" not in line and not line.lstrip().startswith("co-authored-by"))
    return line.lstrip(" ").startswith(LINES) or GENERATED.match(line) is not None
