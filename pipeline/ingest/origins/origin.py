"""What is looked for, and what is found."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a record stands.

    Attributes:
        file: the path by which it was ingested.
        line: from 1; None where a file has no lines that count, such as a database or a binary export.
    """

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Wanted:
    """Records of a raw table.

    Attributes:
        table: it, without its schema.
        needles: of each record's hash, bytes that a file holds if it holds the record; empty if unknown.
        content: names of attributes that landed though they hold content.
        accounts: whose bills they are of.
    """

    table: str
    needles: Mapping[str, bytes]
    content: frozenset[str] = frozenset()
    accounts: frozenset[str | None] = frozenset([None])

    def may_be_in(self, text: bytes) -> bool:
        """Whether any of them may stand in a text."""
        return any(needle in text for needle in self.needles.values())
