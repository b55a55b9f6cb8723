"""A message of protobuf as the document that OTLP has for it in JSON.

It is what `MessageToDict` makes, in less than half the time, but with ids in hex:
https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
"""

import base64
import math
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

IDS = ("trace_id", "span_id", "parent_span_id")
WIDE = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)  # text in JSON
NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}

Plain = Callable[[Any], Any]

# Kind of message → number of a field → its name, and what makes its value plain.
_members: dict[Descriptor, dict[int, tuple[str, Plain]]] = {}


def document_of(message: Message) -> dict[str, Any]:
    """The document of a message."""
    members = _members.get(message.DESCRIPTOR) or _look_at(message.DESCRIPTOR)
    document = {}
    for field, value in message.ListFields():
        name, plain = members[field.number]
        document[name] = plain(value)
    return document


def _look_at(kind: Descriptor) -> dict[int, tuple[str, Plain]]:
    members = _members[kind] = {
        field.number: (field.json_name, _list_of(_plain(field)) if field.is_repeated else _plain(field))
        for field in kind.fields
    }
    return members


def _plain(field: FieldDescriptor) -> Plain:
    if field.message_type:
        return _OFTEN.get(field.message_type, document_of)
    if field.enum_type:
        names = {value.number: value.name for value in field.enum_type.values}
        return lambda number: names.get(number, number)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes.hex if field.name in IDS else _base64
    if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
        return lambda number: number if math.isfinite(number) else NOT_FINITE[str(number)]
    return str if field.cpp_type in WIDE else _as_it_is


def _attribute(message: Any) -> dict[str, Any]:
    if message.key and message.HasField("value"):
        return {"key": message.key, "value": _value(message.value)}
    return document_of(message)


def _value(message: Any) -> dict[str, Any]:
    match message.WhichOneof("value"):
        case "string_value":
            return {"stringValue": message.string_value}
        case "int_value":
            return {"intValue": str(message.int_value)}
    return document_of(message)


# Nearly all messages of an export are of these kinds, and asking for their fields by name is quicker.
_OFTEN: dict[Descriptor, Plain] = {KeyValue.DESCRIPTOR: _attribute, AnyValue.DESCRIPTOR: _value}


def _list_of(plain: Plain) -> Plain:
    return lambda values: [plain(value) for value in values]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _as_it_is(value: Any) -> Any:
    return value
