"""Who was forgotten: tombstones, by which a name is known again that stands nowhere any more.

`meta.forgotten` has a keyed hash of every name that a forgotten person had, and who stands in for them. The
key is in the environment (see `pipeline.system.pseudonyms`): without it no name can be tried against a hash.
"""

import datetime as dt
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pipeline.engines import meta
from pipeline.errors import ConfigError
from pipeline.system.pseudonyms import KEY_VARIABLE, privacy_key

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

# Kinds of names: what a record names its developer by; a full name; a machine; a home folder; a session of
# theirs alone.
ID, NAME, HOST, HOME, SESSION = "id", "name", "host", "home", "session"

ANONYMOUS, DROPPED = "anonymous", "dropped"
DIGITS = 32  # hexadecimal ones of a hash
MOST_REMEMBERED = 200_000
# GitHub's noreply addresses name a login.
NOREPLY = re.compile(r"(?:\d+\+)?([^@]+)@users\.noreply\.github\.com")

# What a record of a forgotten person has, that tells apart what went (see `ingest.forget.records`).
MARK = "forgotten"
# An id that stands in for somebody.
STAND_IN = re.compile(r"forgotten-[0-9a-f]{8}(@[\w.-]+)?")

Name = tuple[str, str]  # kind and value


@dataclass(frozen=True)
class StandIn:
    """Who stands in for a forgotten person.

    Attributes:
        id: of nobody; what is left of the person has it as developer.
        is_dropped: whether nothing is left.
    """

    id: str
    is_dropped: bool


class Forgotten:
    """The tombstones of a database. False where there are none; nothing is asked of the environment then.

    Args:
        key: by which names are hashed.
        stand_ins: by the hash of a name.
    """

    def __init__(self, key: bytes = b"", stand_ins: dict[str, StandIn] | None = None) -> None:
        self.key = key
        self.stand_ins = stand_ins or {}
        self.ids = {found.id for found in self.stand_ins.values()}
        self._asked: dict[Name, StandIn | None] = {}

    def __bool__(self) -> bool:
        return bool(self.stand_ins)

    @classmethod
    def of(cls, engine: "Engine", there: meta.Shapes | None = None) -> Self:
        """The tombstones of a database.

        Args:
            engine: an open engine.
            there: the shapes of its schema `meta`, where they are known.

        Raises:
            ConfigError: there are some, and the environment has not the key that they were made with.
        """
        if "forgotten" not in (there or engine.shapes(meta.SCHEMA)):
            return cls()
        table = engine.name(meta.SCHEMA, "forgotten")
        rows = engine.fetch(f"SELECT name_hash, stand_in, treatment FROM {table}")
        if not rows:
            return cls()
        try:
            key = privacy_key()
        except ConfigError as error:
            raise ConfigError(
                f"{engine.url} has forgotten people, and nobody of them may come back. {error}"
                " Nothing was written."
            ) from None
        if of_key(key) not in {row[0] for row in rows}:
            raise ConfigError(
                f"{engine.url} has forgotten people under another key than {KEY_VARIABLE} holds, and nobody"
                " of them may come back. Set it to the key of that time. Nothing was written."
            )
        return cls(key, {name: StandIn(who, treatment == DROPPED) for name, who, treatment in rows if who})

    def hash(self, kind: str, value: str) -> str:
        """The keyed hash of a name. Upper and lower case and space around it do not matter."""
        return _hash(self.key, kind, value)

    def who(self, kind: str, value: object) -> StandIn | None:
        """Who stands in for the person of this name, if they were forgotten."""
        if not isinstance(value, str) or not value:
            return None
        asked = kind, value
        if asked not in self._asked:
            if len(self._asked) >= MOST_REMEMBERED:
                self._asked.clear()
            found = self.stand_ins.get(self.hash(kind, value))
            if found is None and kind == ID and (login := NOREPLY.fullmatch(value.strip().lower())):
                found = self.stand_ins.get(self.hash(ID, login[1]))
            self._asked[asked] = found
        return self._asked[asked]

    def with_names(self, names: Iterable[Name], stand_in: StandIn) -> "Forgotten":
        """These tombstones and those of one more person."""
        more = {self.hash(*name): stand_in for name in names}
        same = {
            name: stand_in if found.id == stand_in.id else found for name, found in self.stand_ins.items()
        }
        return Forgotten(self.key, {**same, **more})

    def save(self, engine: "Engine", now: dt.datetime) -> None:
        """Write the tombstones that the database has not, or has otherwise; in the caller's transaction."""
        table = engine.name(meta.SCHEMA, "forgotten")
        rows = engine.fetch(f"SELECT name_hash, stand_in, treatment FROM {table}")
        there = {name: (who, treatment) for name, who, treatment in rows}
        new: list[Sequence[Any]] = []
        if of_key(self.key) not in there:
            new.append((of_key(self.key), None, None, now))
        for name, found in self.stand_ins.items():
            row = found.id, DROPPED if found.is_dropped else ANONYMOUS
            if there.get(name) == row:
                continue
            if name in there:
                engine.delete(meta.SCHEMA, "forgotten", "name_hash", name)
            new.append((name, *row, now))
        engine.append(meta.SCHEMA, "forgotten", list(meta.TABLES["forgotten"]), new)

    def of_people(self, rows: Iterable[tuple[Any, ...]], owner: int | None = None) -> list[tuple[Any, ...]]:
        """Rows of a list that people edit, without those that name somebody who was forgotten.

        A name may stand behind what it is, as in `developer:ada`. Who only owns what a row tells of, by the
        column `owner`, goes from it alone.
        """
        if owner is not None:
            rows = [
                (*row[:owner], None, *row[owner + 1 :]) if self._named(row[owner]) else row for row in rows
            ]
        return [row for row in rows if not any(self._named(cell) for cell in row)]

    def _named(self, cell: object) -> StandIn | None:
        if not isinstance(cell, str):
            return None
        return self.who(ID, cell) or self.who(ID, cell.partition("developer:")[2]) or self.who(NAME, cell)


def of_key(key: bytes) -> str:
    """By what the key itself is known again."""
    return _hash(key, "key", "")


def _hash(key: bytes, kind: str, value: str) -> str:
    text = f"{kind}:{value.strip().lower()}"
    return hmac.digest(key, text.encode("utf-8", "replace"), "sha256").hex()[:DIGITS]
