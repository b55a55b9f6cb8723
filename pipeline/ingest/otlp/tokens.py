"""Who may send: each team has a token, of which a file keeps only the hash.

The file has a line for each token, `NAME sha256:HASH`. A token is 256 random bits, so that one plain hash
hides it: there is nothing to guess that salt or a slow hash would protect.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import SetupError, did_you_mean
from pipeline.system.files import changing_alone, open_file, write_secret

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LINE = re.compile(rf"({NAME.pattern}) sha256:([0-9a-f]{{64}})")
MOST_OF_TEAM = 2  # the new token, and the one before it until all senders have the new one
LARGEST = 1 << 20  # bytes of the file
NO_TEAM = ""


def add(file: Path, name: str) -> str:
    """Give a team a new token, and return it. The last one is good beside it; older ones are no longer.

    Raises:
        SetupError: the name cannot be one, or the file cannot be read or written.
    """
    if not NAME.fullmatch(name):
        raise SetupError(
            f"{name!r} cannot be the name of a team: it has up to 64 letters of ASCII, digits, '.', '_' and"
            " '-', and begins with a letter or a digit."
        )
    token = secrets.token_urlsafe(32)
    with changing_alone(file):
        entries = [*read(file)] if file.exists() else []
        last = [entry for entry in entries if entry[0] == name][1 - MOST_OF_TEAM :]
        others = [entry for entry in entries if entry[0] != name]
        _write(file, [*others, *last, (name, _hash(token))])
    return token


def remove(file: Path, name: str) -> None:
    """Take all tokens of a team away. Raises SetupError if it has none."""
    with changing_alone(file):
        entries = [*read(file)]
        left = [entry for entry in entries if entry[0] != name]
        if len(left) == len(entries):
            hint = did_you_mean(name, sorted({name for name, _ in entries}))
            raise SetupError(f"{file} has no token of {name!r}.{hint}")
        _write(file, left)


def read(file: Path) -> Iterator[tuple[str, str]]:
    """Team and hash of each token, older ones first.

    Raises:
        SetupError: the file cannot be read, or a line is not understood.
    """
    try:
        with open_file(file) as opened:
            text = opened.read(LARGEST).decode("utf-8", "replace")
    except OSError as error:
        hint = "Make it with: aa-pipeline listener-token add NAME"
        raise SetupError(
            f"The file of tokens {file} cannot be read: {error.strerror or error}. {hint}"
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.fullmatch(line.strip())
        if not found:  # what it holds is not shown: somebody may have written a token there
            raise SetupError(
                f"{file}, line {number}: it is not `NAME sha256:HASH`. Remove it, and make a token with"
                " `aa-pipeline listener-token add NAME`."
            )
        yield found[1], found[2]


class Tokens:
    """The tokens that a listener takes.

    Args:
        file: theirs; it is read again when it has changed.
        secret: one more, of no team.

    Attributes:
        needed: whether senders must show one.

    Raises:
        SetupError: the file cannot be read.
    """

    def __init__(self, file: Path | None = None, secret: str | None = None) -> None:
        self.needed = file is not None or secret is not None
        self._file = file
        self._common = {_hash(secret): NO_TEAM} if secret else {}
        self._state: object = None
        self._teams = self._common
        self.reread()

    def team_of(self, token: str) -> str | None:
        """The team whose token it is; None if it is nobody's. Raises SetupError like `reread`."""
        self.reread()
        # Hashes are looked up, not tokens: how long that takes tells nothing of a token.
        return self._teams.get(_hash(token))

    def reread(self) -> None:
        """Read the file if it has changed. Raises SetupError if it cannot be read: then no token is good."""
        if self._file is None:
            return
        try:
            status = self._file.stat()
            state: object = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            state = None  # reading it says why
        if state is None or state != self._state:
            self._teams = self._common | {digest: name for name, digest in read(self._file)}
            self._state = state


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _write(file: Path, entries: list[tuple[str, str]]) -> None:
    head = "# Tokens of `aa-pipeline ingest otlp --listen --tokens`, hashed: `aa-pipeline listener-token`.\n"
    write_secret(file, (head + "".join(f"{name} sha256:{digest}\n" for name, digest in entries)).encode())
