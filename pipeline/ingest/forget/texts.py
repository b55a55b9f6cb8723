"""Texts without the names of forgotten people."""

import re
from collections.abc import Iterator
from typing import Any

from pipeline.engines.forgotten import HOME, HOST, ID, NAME, Forgotten, StandIn

ADDRESS = re.compile(r"[\w.+\[\]-]+@[\w-]+(?:\.[\w-]+)+")
# An address and up to four words before it, as in trailers of commits and in .mailmap.
NAMED_ADDRESS = re.compile(r"(?:[^\s<>:,;\"']+[ \t]+){0,4}<([^<>\s]+@[^<>\s]+)>")
MENTION = re.compile(r"(?<![\w@.])@([A-Za-z0-9][\w-]*)")
MAY_NAME = re.compile(r"[@/\\ ]|[^\x00-\x7f]")  # what is neither an address, a path, nor words names nobody
HOMES = re.compile("home|users", re.IGNORECASE)
# /home/ada, C:\Users\ada; and as agents name the folder of a project after its path: -home-ada-code.
HOME_FOLDER = re.compile(r"([/\\](?:home|users)[/\\])([^/\\\s\"':<>|]+)", re.IGNORECASE)
DASHED_FOLDER = re.compile(r"((?<![a-z0-9])-(?:home|users)-)([^/\\\s\"':<>|-]+)", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_][\w'’]*(?:-\w+)*")
TOKEN = re.compile(r"[\w+][\w.+@-]*")
MOST_WORDS = 4  # of a full name


def full_name(name: object) -> str | None:
    """A name by which somebody can be told in a text, in one form; None for a word of a language.

    >>> full_name("Ada  M. Lovelace (aider)"), full_name("ada")
    ('ada m lovelace', None)
    """
    if not isinstance(name, str):
        return None
    words: list[str] = WORD.findall(name.partition("(")[0])
    if not words or len(words) > MOST_WORDS or (len(words) == 1 and words[0].isascii()):
        return None
    return " ".join(words).lower()


def home_folders(text: str) -> Iterator[str]:
    """Whose home folders a text names, in lower case."""
    if HOMES.search(text):
        for pattern in (HOME_FOLDER, DASHED_FOLDER):
            for _, user in pattern.findall(text):
                yield user.lower()


class Texts:
    """Replaces names of forgotten people by who stands in for them."""

    def __init__(self, forgotten: Forgotten) -> None:
        self.forgotten = forgotten

    def clean(self, text: str) -> str:
        """A text of somebody else: addresses, full names, mentions and home folders are replaced."""
        if not MAY_NAME.search(text):
            return text
        if "@" in text:
            text = NAMED_ADDRESS.sub(lambda found: self._instead(ID, found[1], found[0]), text)
            text = ADDRESS.sub(lambda found: self._instead(ID, found[0], found[0]), text)
            text = MENTION.sub(lambda found: self._instead(ID, found[1], found[0]), text)
        if HOMES.search(text):
            for pattern in (HOME_FOLDER, DASHED_FOLDER):
                text = pattern.sub(lambda found: found[1] + self._home(found[2]), text)
        return self._without_full_names(text)

    def clean_own(self, text: str) -> str:
        """A text that is the person's own, or of the pipeline: words that are an id or a machine, too."""
        if found := self.forgotten.who(ID, text) or self.forgotten.who(HOST, text):
            return label(found)
        return TOKEN.sub(self._token, self.clean(text))

    def value(self, value: Any, own: bool = False) -> Any:
        """The same for all texts in what came of JSON; the same object if nothing changes."""
        if isinstance(value, str):
            text = self.clean_own(value) if own else self.clean(value)
            return value if text == value else text
        if isinstance(value, dict):
            cleaned = {name: self.value(item, own) for name, item in value.items()}
            return value if all(cleaned[name] is item for name, item in value.items()) else cleaned
        if isinstance(value, list):
            items = [self.value(item, own) for item in value]
            return value if all(one is other for one, other in zip(items, value, strict=True)) else items
        return value

    def _instead(self, kind: str, name: str, text: str) -> str:
        found = self.forgotten.who(kind, name)
        return label(found) if found else text

    def _home(self, user: str) -> str:
        found = self.forgotten.who(HOME, user) or self.forgotten.who(ID, user)
        return label(found) if found else user

    def _token(self, found: re.Match[str]) -> str:
        word = found[0].rstrip(".-")
        who = self.forgotten.who(ID, word) or self.forgotten.who(HOST, word)
        return label(who) + found[0][len(word) :] if who else found[0]

    def _without_full_names(self, text: str) -> str:
        words = list(WORD.finditer(text))
        parts, at, passed = [], 0, 0
        for nth, first in enumerate(words):
            if nth < passed or first[0][0].islower():
                continue
            for last in reversed(words[nth : nth + MOST_WORDS]):
                name = full_name(text[first.start() : last.end()])
                if name and (found := self.forgotten.who(NAME, name)):
                    parts += [text[at : first.start()], label(found)]
                    at, passed = last.end(), words.index(last, nth) + 1
                    break
        return "".join([*parts, text[at:]]) if parts else text


def label(found: StandIn) -> str:
    """How a text names who stands in."""
    return found.id.partition("@")[0]
