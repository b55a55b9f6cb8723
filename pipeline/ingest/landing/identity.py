"""What makes two rows of a raw table the same record."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from pipeline.ingest.values import to_json

KEYS = {"git_commits": "commit_hash"}


def key_of(table: str) -> str:
    """The column by which a record of `raw.<table>` is known again."""
    return KEYS.get(table, "record_hash")


def record_hash(table: str, record: Mapping[str, Any]) -> str:
    """The identity of a record: the same content has the same hash, wherever it stood."""
    return hash_of(table, {name: _plain(value) for name, value in record.items() if value is not None})


def hash_of(table: str, content: Mapping[str, Any]) -> str:
    """The identity of a record of what JSON can hold, in which nothing is unknown."""
    text = to_json([table, content])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """A value of which equal ones give equal JSON."""
    if isinstance(value, dt.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return zoned.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
