"""Messages of protobuf as documents, beside what protobuf itself makes of them."""

import math

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as some

from pipeline.ingest.otlp.messages import IDS, document_of
from pipeline.ingest.otlp.protobuf import REQUESTS, decode

DEEPEST = 12
SCALARS = {
    FieldDescriptor.TYPE_BOOL: some.booleans(),
    FieldDescriptor.TYPE_BYTES: some.binary(max_size=20),
    FieldDescriptor.TYPE_DOUBLE: some.floats(),
    FieldDescriptor.TYPE_ENUM: some.integers(0, 30),
    FieldDescriptor.TYPE_FIXED32: some.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED64: some.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_INT32: some.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: some.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: some.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT32: some.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_STRING: some.text(max_size=20),
    FieldDescriptor.TYPE_UINT32: some.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: some.integers(0, 2**64 - 1),
}


def fill(data, message, depth=0):
    """Give some fields of a message values."""
    for field in message.DESCRIPTOR.fields:
        # Indexes into a table of texts are for profiles.
        if depth > DEEPEST or field.name.endswith("_strindex") or not data.draw(some.booleans()):
            continue
        number = data.draw(some.integers(0, 2)) if field.is_repeated else 1
        for _ in range(number):
            if field.message_type:
                inner = getattr(message, field.name)
                inner = inner.add() if field.is_repeated else inner
                inner.SetInParent()
                fill(data, inner, depth + 1)
            elif field.is_repeated:
                getattr(message, field.name).append(data.draw(SCALARS[field.type]))
            else:
                setattr(message, field.name, data.draw(SCALARS[field.type]))
    return message


def without_ids(document):
    """A document without ids, which protobuf itself writes in base64."""
    if isinstance(document, list):
        return [without_ids(item) for item in document]
    if isinstance(document, dict):
        names = {"traceId", "spanId", "parentSpanId"}
        return {key: without_ids(value) for key, value in document.items() if key not in names}
    return document


@pytest.mark.slow
@pytest.mark.parametrize("signal", REQUESTS)
@settings(max_examples=50)
@given(data=some.data())
def test_documents_are_those_that_protobuf_makes(signal, data):
    message = fill(data, REQUESTS[signal]())
    assert without_ids(document_of(message)) == without_ids(MessageToDict(message))


def test_every_kind_of_field_is_tried():
    kinds = [REQUESTS[signal].DESCRIPTOR for signal in REQUESTS]
    for kind in kinds:
        kinds += [field.message_type for field in kind.fields if field.message_type not in (None, *kinds)]
    fields = [field for kind in kinds for field in kind.fields if not field.message_type]
    assert {field.type for field in fields} <= set(SCALARS)
    assert {field.name for field in fields if field.name.endswith("_id")} == set(IDS)


def test_values_and_ids():
    request = REQUESTS["traces"]()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"\0\1", name="a", kind=3)
    span.attributes.add(key="n").value.int_value = 2**60
    span.attributes.add(key="x").value.double_value = math.nan
    span.attributes.add(key="empty").value.SetInParent()
    span.attributes.add(key="none")
    span.links.add(span_id=b"\xff")
    (found,) = decode(request.SerializeToString(), "traces")["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert found == {
        "traceId": "0001",
        "name": "a",
        "kind": "SPAN_KIND_CLIENT",
        "attributes": [
            {"key": "n", "value": {"intValue": "1152921504606846976"}},
            {"key": "x", "value": {"doubleValue": "NaN"}},
            {"key": "empty", "value": {}},
            {"key": "none"},
        ],
        "links": [{"spanId": "ff"}],
    }
