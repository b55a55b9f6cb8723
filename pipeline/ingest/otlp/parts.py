"""An export in parts that are decoded one after the other, so that its objects are never all there.

An object costs a hundred times the bytes it has in an export (an empty span 2, and 246 in memory). So a
large export is cut between its resources, scopes and records, and what cannot be cut has its values
counted, before any of them is built.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from google.protobuf.descriptor import FieldDescriptor

from pipeline.ingest.otlp.limits import Limits, Share, too_large
from pipeline.ingest.otlp.protobuf import REQUESTS

Bytes = bytes | bytearray
PART = 64 << 10  # bytes to which a part is filled

# Bytes of memory, as measured of exports that hold one thing very often.
COST_OF_VALUE = 256  # an empty span in protobuf, and the dict that is made of it
COST_OF_BYTE = 3  # of a text in the export, decoded, and encoded again
COST_OF_PLACE = 32  # of a value in the list of those that are not decoded yet

# Where an export is cut, from the outside: the lists in JSON, and their fields in protobuf.
LISTS = {
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
    "traces": ("resourceSpans", "scopeSpans", "spans"),
}
FIELDS = (1, 2, 2)

MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
ITEMS = msgspec.json.Decoder(list[msgspec.Raw])

# Up to what stands before a value: every value and key follows one of these.
VALUE = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"?|[^"{\[,:]++)*+(?:([{\[,:])|\Z)', re.DOTALL)


class Part(NamedTuple):
    """An export that is a part of another.

    Attributes:
        text: in JSON or protobuf.
        cost: bytes of memory that decoding takes, at most.
    """

    text: Bytes
    cost: int


def parts_of_json(text: Bytes, signal: str, limits: Limits, share: Share) -> Iterator[Part]:
    """Exports that together hold what one export in JSON does.

    Args:
        text: what should be one; what cannot be understood is a part as it is.
        signal: logs, metrics or traces.
        limits: how many values it may have.
        share: where memory for the search is taken.

    Raises:
        Refusal: there are too many values, or too little memory.
    """
    if len(text) <= PART:
        yield Part(text, _cost(text, len(text) // 2))
        return
    share.take(COST_OF_PLACE * count_json(text, limits.values, limits))
    for part in _json(text, LISTS[signal]):
        small = len(part) <= PART
        count = len(part) // 2 if small else count_json(part, limits.values_at_once, limits)
        yield Part(part, _cost(part, count))


def parts_of_protobuf(message: Bytes, signal: str, limits: Limits) -> Iterator[Part]:
    """Like `parts_of_json`. Raises ValueError where it is no message."""
    for part in _protobuf(message, FIELDS, limits):
        small = len(part) <= PART
        count = len(part) // 2 if small else count_protobuf(part, signal, limits)
        yield Part(part, _cost(part, count))


def _cost(part: Bytes, values: int) -> int:
    return COST_OF_BYTE * len(part) + COST_OF_VALUE * values


def count_json(text: Bytes, most: int, limits: Limits) -> int:
    """How many values a text has, or a few more: marks in strings are told apart only where it matters.

    Raises:
        Refusal: they are more than `most`.
    """
    quick = sum(text.count(mark) for mark in b"{[,:")
    if quick <= most:
        return quick
    count = 0
    for found in VALUE.finditer(text):
        count += found[1] is not None
        if count > most:
            raise too_large(limits)
    return count


def count_protobuf(message: Bytes, signal: str, limits: Limits) -> int:
    """How many values a message has.

    Raises:
        Refusal: they are more than are decoded at once.
        ValueError: it is no message.
    """
    count = 0
    left = [(0, len(message), REQUESTS[signal].DESCRIPTOR)]
    while left:
        begin, end, descriptor = left.pop()
        inner = _fields(descriptor)
        for number, start, after in _walk(message, begin, end):
            kind = inner.get(number)
            count += 1
            if kind is int:  # numbers that stand together in one field
                count += after - start
            elif kind:
                left.append((start, after, kind))
            if count > limits.values_at_once:
                raise too_large(limits)
    return count


def _json(text: Bytes | memoryview, lists: Sequence[str]) -> Iterator[Bytes]:
    if len(text) <= PART or not lists:
        yield bytes(text)
        return
    try:
        members: dict[str, Any] = MEMBERS.decode(text)
        items = ITEMS.decode(members[lists[0]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        yield bytes(text)
        return
    # Of what is large there is one copy, the export itself.
    parts: Iterator[Bytes] = (part for item in items for part in _json(memoryview(item), lists[1:]))
    for group in _groups(parts):
        members[lists[0]] = msgspec.Raw(b"[%b]" % b",".join(group))
        yield msgspec.json.encode(members)


def _protobuf(message: Bytes | memoryview, fields: Sequence[int], limits: Limits) -> Iterator[Bytes]:
    if len(message) <= PART or not fields:
        yield bytes(message)
        return
    view = memoryview(message)
    common, before = bytearray(), 0
    for count, (number, _, end) in enumerate(_walk(message, 0, len(message))):
        if number != fields[0]:
            common += view[before:end]
        before = end
        if count > limits.values:
            raise too_large(limits)
    parts = (
        part
        for number, start, end in _walk(message, 0, len(message))
        if number == fields[0]
        for part in _protobuf(view[start:end], fields[1:], limits)
    )
    for group in _groups(parts):
        yield bytes(common) + b"".join(_field(fields[0], part) for part in group)


def _groups(parts: Iterator[Bytes]) -> Iterator[list[Bytes]]:
    """Parts together, up to the size of a part; at least one group."""
    group: list[Bytes] = []
    size = 0
    for part in parts:
        if group and size + len(part) > PART:
            yield group
            group, size = [], 0
        group.append(part)
        size += len(part) + 2  # a comma, or a tag and a length
    yield group


def _field(number: int, content: Bytes) -> bytes:
    """A field of protobuf with content of some length."""
    length = len(content)
    prefix = bytearray([number << 3 | 2])
    while length > 127:
        prefix.append(length & 127 | 128)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + content


def _walk(message: Bytes | memoryview, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message: number, begin and end of the content.

    https://protobuf.dev/programming-guides/encoding/.

    Raises:
        ValueError: it is no message.
    """
    while position < end:
        tag, position = _varint(message, position)
        start = position
        match tag & 7:
            case 0:
                _, position = _varint(message, position)
            case 1:
                position += 8
            case 2:
                length, start = _varint(message, position)
                position = start + length
            case 5:
                position += 4
            case 3 | 4:
                pass  # a group begins or ends, which OTLP has none of
            case _:
                raise ValueError("not a protobuf message")
        if position > end:
            raise ValueError("not a protobuf message")
        yield tag >> 3 if tag & 7 == 2 else 0, start, position


def _varint(message: Bytes | memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    try:
        while (byte := message[position]) > 127:
            value |= (byte & 127) << shift
            shift += 7
            position += 1
            if shift > 63:
                raise ValueError("not a protobuf message")
    except IndexError:
        raise ValueError("not a protobuf message") from None
    return value | byte << shift, position + 1


@cache
def _fields(descriptor: Any) -> dict[int, Any]:
    """What the fields of a message hold: other messages or numbers; text is left out."""
    kinds: dict[int, Any] = {}
    for field in descriptor.fields:
        if field.message_type:
            kinds[field.number] = field.message_type
        elif field.cpp_type != FieldDescriptor.CPPTYPE_STRING:
            kinds[field.number] = int
    return kinds
