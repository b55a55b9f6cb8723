"""What stands for a person, an id, a text or a path, with one key."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pipeline.agents import EMAILS
from pipeline.agents.conventions import NOREPLY
from pipeline.agents.marks import OwnMark
from pipeline.config import Config
from pipeline.engines.forgotten import STAND_IN
from pipeline.seeds.commit_marks import own_marks
from pipeline.system.pseudonyms import PEOPLES_FOLDER, PREFIX, privacy_key, pseudonym, without_people

if TYPE_CHECKING:
    from pipeline.privacy.rows import Rows

UNKNOWN = "unknown"
# For addresses of other domains, which may be a person's own. No such domain can be: RFC 2606.
ELSEWHERE = "external.invalid"

# An install's id, as Claude Code and its like tell it; models rank it behind an account.
INSTALL = re.compile("[0-9a-f]{64}")
SIGNED = 24  # digits of it by which an install's pseudonym is known again

_PERSON = re.compile(rf"{PREFIX}[0-9a-f]{{20}}(@[\w.-]+)?")
_HIDDEN = re.compile(r"hidden-[0-9a-f]{20}|file-[0-9a-f]{20}(\.[A-Za-z0-9]{1,5})?")
_HASH = re.compile(r"(t\d+:)?k:[0-9a-f]{32}")
_MARK = re.compile(r"t\d+:")
_ADDRESS = re.compile(r"[\w.+-]+(\[bot\])?@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}")
# GitHub's names for programs; nobody can have one. Models and pages know bots by it.
_BOT = re.compile(rf"[\w+-]+\[bot\](@{re.escape(NOREPLY)})?")
_LOGIN = re.compile(rf"(?:\d+\+)?(?P<login>[^@]+)@{re.escape(NOREPLY)}")
# Ids that a program drew: a UUID, digits in hexadecimal, or a long word with numbers in it.
_DRAWN = re.compile(
    r"([A-Za-z]{1,12}[_-])?"
    r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,64}|(?=(\w*\d){3})[A-Za-z0-9]{16,64})",
    re.IGNORECASE,
)
# What a sentence repeats of a record: what is quoted, keys of a document, names of metrics.
_RECORDS_WORDS = re.compile(
    r"'[^']*'|\"[^\"]*\"|(?<=its keys are ).*|(?<=point of )[^:]*|(?<=metric: ).*(?= is of no kind)"
    r"|(?<=answered with: ).*"
)
_PARTS = re.compile("[:/]")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")  # .jsonl; what is longer may be a name
_LONGEST_WORD = 200
_MOST_WORDS = 4

# Agents are no people: models know them by their addresses, and by the logins in these.
_AGENTS = frozenset(EMAILS | {found["login"] for found in map(_LOGIN.fullmatch, EMAILS) if found})


class Pseudonyms:
    """One key's pseudonyms. All methods leave alone what they have made themselves.

    Args:
        key: of at least 16 bytes.
        internal_domains: e-mail domains that stay, since they tell who is internal; in lower case.
        marks: by which commits are known to be an agent's, beside those that come with the package.
        project_attributes: attributes that name the project, beside those that everybody knows.
    """

    def __init__(
        self,
        key: bytes,
        internal_domains: Iterable[str] = (),
        marks: Iterable[OwnMark] = (),
        project_attributes: Iterable[str] = (),
    ) -> None:
        self._key = key
        self.marks = tuple(marks)
        self.project_attributes = tuple(project_attributes)
        self._domains = frozenset(internal_domains)
        # The same few people, texts and resources stand in most records.
        self.person = lru_cache(100_000)(self._person)
        self.hidden = lru_cache(10_000)(self._hidden)
        self.word = lru_cache(10_000)(self._word)

    @classmethod
    def of_project(cls, config: Config) -> Self:
        """Those of a project, with the environment's key.

        Raises:
            ConfigError: the environment holds none, or the project's marks of commits are wrong.
        """
        marks = own_marks(config.project_dir)
        return cls(privacy_key(), config.internal_domains, marks, config.project_attributes)

    @cached_property
    def rows(self) -> "Rows":
        """What passes rows of raw tables and seeds through them."""
        from pipeline.privacy.rows import Rows

        return Rows(self)

    @cached_property
    def check(self) -> str:
        """A text that tells keys apart and tells nothing of them."""
        return self._digest("check", "")[:16]

    def _person(self, name: str) -> str:
        """What stands for a developer's id, name, login, account or address, in the same form.

        An address stays an address, and that of an internal domain or of GitHub's at its domain, so that
        models still tell who is internal and find a login in it. Agents' own names stay.
        """
        name = name.strip()
        plain = name.lower()
        if not plain or plain == UNKNOWN or plain in _AGENTS or self._is_nobody(plain):
            return name
        if INSTALL.fullmatch(plain):
            return self._install(plain)
        if login := _LOGIN.fullmatch(plain):
            return f"{self._person(login['login'])}@{NOREPLY}"
        if "@" in plain:
            domain = plain.rpartition("@")[2]
            return f"{pseudonym(plain, self._key)}@{domain if domain in self._domains else ELSEWHERE}"
        return pseudonym(plain, self._key)

    def name(self, name: str | None, email: str | None) -> str | None:
        """What stands for a name beside an address: that of the address without its domain."""
        if not name or not email:
            return self.person(name) if name else name
        return self.person(email).partition("@")[0]

    def identifier(self, value: str) -> str:
        """An id of a session, a request or a thread: as it is if a program drew it, else hidden."""
        if not value or _HIDDEN.fullmatch(value) or all(map(_DRAWN.fullmatch, _PARTS.split(value))):
            return value
        return self.hidden(value)

    def _word(self, value: str) -> str:
        """The name of a model, a tool or a kind of thing: as it is, but for folders, addresses, sentences."""
        if _ADDRESS.search(value) or len(value) > _LONGEST_WORD or value.count(" ") >= _MOST_WORDS:
            return self.hidden(value)
        if PEOPLES_FOLDER.search(value):
            last = re.split(r"[/\\]", value)[-1]
            return last if last and not PEOPLES_FOLDER.search(last) else self.hidden(value)
        return value

    def _hidden(self, value: str) -> str:
        """What stands for a text that nobody may read and that differs from others."""
        if not value or _HIDDEN.fullmatch(value):
            return value
        return f"hidden-{self._digest('hidden', value)[:20]}"

    def file(self, path: object) -> str:
        """What stands for the path of a file or a folder; its suffix stays."""
        if _HIDDEN.fullmatch(str(path)):
            return str(path)
        suffix = Path(str(path)).suffix
        shown = suffix if _SUFFIX.fullmatch(suffix) else ""
        return f"file-{self._digest('file', str(path))[:20]}{shown}"

    def record_hash(self, value: str) -> str:
        """The identity of a record: without the key, names could be tried one after the other.

        The version of the readers of transcripts, which stands before it, stays.
        """
        if not value or _HASH.fullmatch(value):
            return value
        mark = found[0] if (found := _MARK.match(value)) else ""
        return f"{mark}k:{self._digest('record', value)[:32]}"

    def sentence(self, text: str) -> str:
        """What is said of a record: without addresses, home folders, and what the record itself says."""
        return _RECORDS_WORDS.sub("…", without_people(text))

    def _install(self, value: str) -> str:
        """A pseudonym that looks like an install's id, too; its end proves that it is one."""
        start = self._digest("install", value)[:-SIGNED]
        return start + self._digest("made", start)[:SIGNED]

    def _is_nobody(self, name: str) -> bool:
        """Whether it is a pseudonym or a bot, or stands in for somebody who was forgotten."""
        if STAND_IN.fullmatch(name) or _BOT.fullmatch(name):
            return True
        if made := _PERSON.fullmatch(name):
            return (made[1] or "@" + ELSEWHERE)[1:] in {ELSEWHERE, NOREPLY, *self._domains}
        start = name[:-SIGNED]
        return bool(INSTALL.fullmatch(name)) and name == start + self._digest("made", start)[:SIGNED]

    def _digest(self, what: str, value: str) -> str:
        return hmac.new(
            self._key, f"\0{what}\0{value}".encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()
