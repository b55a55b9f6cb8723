"""Pseudonyms of people: a keyed hash, so that nobody without the key can try names one after the other.

The key stands in the environment, never in a database, a file of the project or a message. With another key
the same person gets another pseudonym.
"""

import hashlib
import hmac
import os

from pipeline.errors import ConfigError

KEY_VARIABLE = "AA_PIPELINE_PRIVACY_KEY"
LEAST_LENGTH = 16
PREFIX = "person-"


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
