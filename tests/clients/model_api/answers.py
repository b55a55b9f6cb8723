"""What is answered, in words that all APIs share."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tokens:
    """What one response used: four kinds, and what of them is told apart."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0  # of the output
    tool_input: int = 0  # of the input
    cache_write_1h: int = 0  # of the cache writes
    searches: int = 0  # web searches, which are no tokens


@dataclass(frozen=True)
class Answer:
    """A text, or a call of one of the agent's tools; texts of its input may hold `$REPOSITORY`."""

    tokens: Tokens
    text: str = ""
    tool: str = ""
    given: Any = None


@dataclass(frozen=True)
class Served:
    """One response of the API."""

    model: str
    tokens: Tokens
    is_aside: bool  # beside the conversation: a title, a summary
