"""What the files of Kimi CLI and Kimi Code have in common."""

from dataclasses import dataclass
from typing import Any

from pipeline.agents.events import Event, instant, known, mapping, objects, text

AGENT = "kimi_cli"
EDIT_TOOLS = ("Edit", "StrReplaceFile", "Write", "WriteFile")


@dataclass(frozen=True)
class Told:
    """What a line tells: the key that it shares with its copies, and how likely it is a copy."""

    key: tuple[Any, ...]
    order: tuple[Any, ...]
    event: Event


@dataclass(frozen=True)
class Place:
    """Where lines stand.

    Attributes:
        session: the session that a person began.
        thread: the agent, if it is not the main one.
        order: of copies the lowest counts.
        cwd: the folder in which the session ran.
    """

    session: str
    thread: str | None
    order: tuple[Any, ...]
    cwd: str | None = None

    def told(self, name: str, at: Any, attributes: dict[str, Any], *key: Any) -> Told:
        """An event at an instant in milliseconds."""
        named = known(session__id=self.session, thread__id=self.thread)
        event = Event(
            instant(at), f"{AGENT}.{name}", self.session, named | attributes, agent=AGENT, cwd=self.cwd
        )
        return Told((name, *key), self.order, event)


def says(content: Any) -> bool:
    """Whether a prompt holds anything: text, or a list of parts."""
    return text(content) is not None or any(
        part.get("type") != "text" or text(part.get("text")) for part in objects(content) if part
    )


def output_of(result: Any) -> str | None:
    """The text that a tool gave back."""
    output = mapping(result).get("output") if isinstance(result, dict) else result
    if isinstance(output, str):
        return output
    return "\n".join(text(part.get("text")) or "" for part in objects(output))
