"""Messages of Protocol Buffers whose definition is not public: fields by their numbers."""

import datetime as dt

from pipeline.agents.events import BadRecord

Fields = dict[int, list[int | bytes]]

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
LONGEST_VARINT = 10  # bytes
# Antigravity is from November 2025; the seconds of what is no time are elsewhere.
EARLIEST, LATEST = 1_735_689_600, 7_258_118_400
DEEPEST = 4


def fields(message: object) -> Fields:
    """The fields of a message; numbers of a fixed width are left out.

    Raises:
        BadRecord: it is no message.
    """
    if not isinstance(message, bytes):
        raise BadRecord("a message is not Protocol Buffers")
    found: Fields = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise BadRecord("a message is not Protocol Buffers")
        if kind == VARINT:
            value, at = _varint(message, at)
            found.setdefault(number, []).append(value)
            continue
        length = {FIXED_64: 8, FIXED_32: 4}.get(kind)
        if kind == BYTES:
            length, at = _varint(message, at)
        if length is None or at + length > len(message):
            raise BadRecord("a message is not Protocol Buffers")
        if kind == BYTES:
            found.setdefault(number, []).append(message[at : at + length])
        at += length
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(message[at : at + LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, at + count + 1
    raise BadRecord("a message is not Protocol Buffers")


def message(found: Fields, number: int) -> Fields:
    """The message in a field; without fields if there is none.

    Raises:
        BadRecord: what is there is no message.
    """
    value = found.get(number, [b""])[0]
    return fields(value)


def string(found: Fields, number: int) -> str | None:
    """The text in a field, if there is one."""
    value = found.get(number, [b""])[0]
    return (value.decode("utf-8", "replace").strip() or None) if isinstance(value, bytes) else None


def number(found: Fields, field: int) -> int:
    """The number in a field; what is left out is 0.

    Raises:
        BadRecord: what is there is no number.
    """
    value = found.get(field, [0])[0]
    if not isinstance(value, int):
        raise BadRecord("a number is not a number")
    return value


def numbers(found: Fields, field: int) -> list[int]:
    """All numbers of a field, packed or not."""
    values: list[int] = []
    for value in found.get(field, []):
        if isinstance(value, int):
            values.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            values.append(one)
    return values


def time(found: Fields) -> dt.datetime | None:
    """The instant that a `google.protobuf.Timestamp` tells; None if the message is none."""
    seconds, nanoseconds = found.get(1, [0])[0], found.get(2, [0])[0]
    if not found.keys() <= {1, 2} or not isinstance(seconds, int) or not isinstance(nanoseconds, int):
        return None
    if not EARLIEST <= seconds < LATEST or nanoseconds >= 10**9:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC) + dt.timedelta(microseconds=nanoseconds // 1000)


def earliest_time(payload: object, depth: int = DEEPEST) -> dt.datetime | None:
    """The earliest instant that stands somewhere in a message."""
    try:
        found = fields(payload)
    except BadRecord:
        return None
    inner = [value for values in found.values() for value in values if isinstance(value, bytes)]
    times = [time(found), *(earliest_time(value, depth - 1) for value in inner if depth)]
    return min((at for at in times if at), default=None)
