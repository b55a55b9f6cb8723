"""The words that readers of transcripts speak.

A transcript says what the agent's telemetry would say: an `Event` per response and prompt. A reader is asked
whether a file is its agent's, and what happened in it; it knows nothing of databases.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pipeline.agents.files import Sample

YEARS = range(1970, 2200)
# One record can name at most this much; more is a broken exporter, and would overflow the sums.
MOST_TOKENS = 10_000_000_000
MOST_USD = 1_000_000
# A point of a metric sums up many; a larger value is a broken exporter's, too.
MOST_MEASURED = 1_000_000_000_000
COUNTS = range(MOST_TOKENS + 1)


class BadRecord(ValueError):
    """A record that is one of ours and cannot be used; the message says why."""


@dataclass(order=True)  # frozen it takes three times as long to make
class Event:
    """One response or prompt.

    Attributes:
        at: when it happened.
        name: the event's full name in the agent's telemetry.
        session: the session; part of the order only, the attributes name it too.
        attributes: metadata, by the names of the agent's telemetry; what is unknown is left out.
        agent: the agent.
        cwd: the folder in which the session ran.
        version: the agent's version.
        person: who did it, where the record names them.
        source: `transcript`, `export`, or `ledger` for what an agent noted beside a transcript that is gone:
            others may have told the same under other ids.
    """

    at: dt.datetime
    name: str
    session: str
    attributes: dict[str, Any] = field(compare=False)
    agent: str = field(compare=False)
    cwd: str | None = field(default=None, compare=False)
    version: str | None = field(default=None, compare=False)
    person: str | None = field(default=None, compare=False)
    source: str = field(default="transcript", compare=False)


class Journal(Protocol):
    """Keeps account of the records that become no events."""

    def quarantine(self, file: object, line: int | None, reason: str) -> None:
        """Put aside a record that is one of ours and cannot be used."""

    def not_understood(self, file: object, line: int | None, agent: str, kind: str, found: str) -> None:
        """Put aside a record of a kind that nobody reads, which carries usage in its field `found`."""

    def repeat(self, count: int) -> None:
        """Count records that were told before."""

    def skip(self, count: int = 1) -> None:
        """Count what holds no usage, and rightly so."""

    def warn(self, message: str) -> None:
        """Tell the person something."""


class Reader(Protocol):
    """What `transcripts.py` in an agent's room defines."""

    def is_record(self, value: dict[str, Any]) -> bool:
        """Whether an object that stands alone on one of a file's first lines is this agent's."""

    def is_file(self, sample: "Sample") -> bool:
        """Whether a file of which no line tells is this agent's: a document, a database, long lines."""

    def events(self, files: list[Path], journal: Journal) -> Iterator[Event]:
        """The responses and prompts of all files, each once; `files` are sorted."""


class Part(Protocol):
    """What one file tells, before it is told apart from what others tell; plain data."""

    @property
    def shared(self) -> set[str]:
        """Ids of whatever other files may tell of; those without a common one have nothing in common."""


@runtime_checkable
class PartReader(Reader, Protocol):
    """A reader that reads each file by itself. Of its files only those need be read that are new, and theirs.

    Nothing but the bytes and the path of a file says what it tells, and whose it is.
    """

    def read(self, file: Path, journal: Journal) -> Any:
        """The `Part` of a file."""

    def tell(self, parts: Sequence[Any], journal: Journal) -> Iterator[Event]:
        """The responses and prompts of parts, in the order of their files, each once."""


def instant(value: Any) -> dt.datetime:
    """An instant, from ISO 8601 (UTC if it names no zone) or from milliseconds since 1970.

    Raises:
        BadRecord: it is neither, or not between 1970 and 2199.
    """
    try:
        if isinstance(value, str) and not value.isdecimal():
            at = dt.datetime.fromisoformat(value)
            at = at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
        else:
            milliseconds = int(value)
            at = dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC)
            at += dt.timedelta(milliseconds=milliseconds % 1000)
    except (ValueError, TypeError, OverflowError, OSError):
        raise BadRecord("its time is missing or unreadable") from None
    if at.year not in YEARS:
        raise BadRecord("its time is not between 1970 and 2199")
    return at


def tokens(value: Any) -> int:
    """A number of tokens; what is missing is 0.

    Raises:
        BadRecord: it is no number that tokens can have.
    """
    if type(value) is int and 0 <= value <= MOST_TOKENS:  # as nearly all are
        return value
    try:
        number = int(value or 0)
    except (ValueError, TypeError, OverflowError):
        number = -1
    if isinstance(value, list | dict) or number not in COUNTS:
        raise BadRecord("a number of tokens is no number from 0 to 10,000,000,000")
    return number


def money(value: Any) -> float | None:
    """An amount in US dollars; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < float("inf") else None


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The items of a list, those that are no objects as empty ones; nothing if it is no list."""
    return [mapping(item) for item in value] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """The value if it is text that says something."""
    return value.strip() or None if isinstance(value, str) else None


def known(**attributes: Any) -> dict[str, Any]:
    """Attributes without those that are unknown; `_` in a name stays, `__` becomes a dot."""
    return {name.replace("__", "."): v for name, v in attributes.items() if v is not None}
