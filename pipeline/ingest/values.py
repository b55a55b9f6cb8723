"""Values as the raw tables take them: text without NUL, JSON that every database reads; and read back."""

import datetime as dt
import json
import math
from typing import Any

import orjson

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
DEEPEST = 100  # levels of nesting that are kept; what lies below is left out


def records(count: int) -> str:
    """How many records, for a person.

    >>> records(1), records(2000)
    ('1 record', '2,000 records')
    """
    return "1 record" if count == 1 else f"{count:,} records"


def clean_text(text: str) -> str:
    """Text that every database can store: no NUL, no half of a surrogate pair."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def clean(value: Any, depth: int = 0) -> Any:
    """What JSON can hold and every database reads back, of whatever came in.

    NaN and infinity become NULL, integers beyond 64 bits become text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int):
        return value if INT64_MIN <= value <= INT64_MAX else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= DEEPEST:
        return None
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, depth + 1) for item in value]
    return clean_text(str(value))


def to_json(value: Any) -> str:
    """Compact JSON with sorted keys that every database reads: equal values give equal text."""
    text = dumps(value)
    return _careful_json(value) if "\\u0000" in text else text


def dumps(value: Any) -> str:
    """Like `to_json`, but for values without NUL."""
    return encode(value).decode()


def encode(value: Any) -> bytes:
    """Like `dumps`, in UTF-8."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError):  # too big, too deep or no valid Unicode
        return _careful_json(value).encode()


def _careful_json(value: Any) -> str:
    return json.dumps(clean(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def epoch_seconds(instant: dt.datetime) -> int:
    """Seconds since 1970; without a zone it is of UTC."""
    return int((instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)).timestamp())
