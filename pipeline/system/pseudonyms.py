"""Pseudonyms of people: a keyed hash, so that nobody without the key can try names one after the other.

The key stands in the environment, never in a database, a file of the project or a message. With another key
the same person gets another pseudonym.
"""

import hashlib
import hmac
import os
import re
from pathlib import Path

from pipeline.errors import ConfigError

KEY_VARIABLE = "AA_PIPELINE_PRIVACY_KEY"
LEAST_LENGTH = 16
PREFIX = "person-"

# Where systems keep what is a person's own, and how Claude Code writes such a folder as a name.
PEOPLES_FOLDER = re.compile(
    r"(?i)(?<![\w.-])(/home/|/users/|[a-z]:[/\\]+users[/\\]+|-home-|-users-)[^/\\\s:;,'\"-][^/\\\s:;,'\"]*|/root(?![\w-])"
)
_ADDRESS = re.compile(rf"(?<![\w.+-])(?!{PREFIX}[0-9a-f]{{20}}@)[\w.+-]+(\[bot\])?@[\w-]+(\.[\w-]+)+")
_USER_OF_URL = re.compile(r"(?<=://)[^/@\s]+@")


def privacy_key() -> bytes:
    """The key of this environment.

    Raises:
        ConfigError: it is not set, or too short to be more than a word.
    """
    key = os.environ.get(KEY_VARIABLE, "")
    if len(key) < LEAST_LENGTH:
        raise ConfigError(
            f"The environment variable {KEY_VARIABLE} is {'too short' if key else 'not set'}. Set it to a "
            f"secret of at least {LEAST_LENGTH} characters (openssl rand -hex 32 makes one), keep it, and "
            "use the same one everywhere."
        )
    return key.encode()


def pseudonym(person: str, key: bytes) -> str:
    """What stands for a person's id, name or address: `person-` and 80 bits in hexadecimal digits.

    Upper and lower case and space around it do not matter.

    >>> pseudonym("Ada@example.com ", b"0123456789abcdef") == pseudonym(
    ...     "ada@example.com", b"0123456789abcdef"
    ... )
    True
    """
    digest = hmac.new(key, person.strip().lower().encode(), hashlib.sha256).hexdigest()
    return f"{PREFIX}{digest[:20]}"


def without_people(text: str) -> str:
    """A sentence or a URL without home folders, users and e-mail addresses; needs no key.

    >>> without_people("duckdb:////home/ada/aa.duckdb was mended by ada@example.com")
    'duckdb:///~/aa.duckdb was mended by …'
    """
    return _ADDRESS.sub("…", _USER_OF_URL.sub("…@", without_homes(text)))


def without_homes(text: str) -> str:
    """A text without home folders: `~` stands for them."""
    home = str(Path.home())
    return PEOPLES_FOLDER.sub("~", text if home == "/" else text.replace(home, "~"))
